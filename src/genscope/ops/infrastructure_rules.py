"""Alerts on the way that telemetry takes: without it there is nothing to alert on."""

from __future__ import annotations

from collections.abc import Iterator

from genscope.ops import neighbours
from genscope.ops.prometheus_names import label_name
from genscope.ops.queries import ERROR_TYPE, INSTANCE, SERVICE, Queries, events, summed
from genscope.ops.rule import Alert, Series, Severity
from genscope.ops.samples import CALL, SERVER, Samples, grows, named
from genscope.ops.thresholds import Thresholds
from genscope.semconv import ATTEMPTS

_COMPONENT = label_name("otel.component.name")
_FULL = {**SERVER, ERROR_TYPE: "queue_full", _COMPONENT: "batching_span_processor/0"}
_COLLECTOR = {SERVICE: "collector", "exporter": "otlp"}


def infrastructure_alerts(queries: Queries, thresholds: Thresholds, samples: Samples) -> Iterator[Alert]:
    yield from _absence(queries, samples)
    yield from _sdk(queries, thresholds, samples)
    if queries.via == "exporter":
        yield _target(queries, samples)
    else:
        yield from _collector(thresholds, samples)


def _absence(queries: Queries, samples: Samples) -> Iterator[Alert]:
    attempts = queries.name(ATTEMPTS)
    here = named(attempts, CALL)
    minutes = samples.steps("1m")
    yield Alert(
        name="LLMTelemetryNone",
        layer="infrastructure",
        severity="high",
        topic="telemetry",
        expr=f"absent({attempts})",
        hold="10m",
        summary="No service sends metrics of LLM calls",
        meaning="Prometheus has no series of genscope at all: every other alert on LLM calls is blind.",
        looks="Prometheus' targets or its OTLP receiver; the collector's log; `genscope doctor` where a service runs.",
        action="Restore the way that metrics take. If no service has made a call since it was started, this is no "
        "fault: silence the alert until one has.",
        fires=samples.example("10m", (Series('up{job="shop"}', 1),)),
        quiet=(samples.example("10m", (grows(here, 1),)),),
    )
    yield Alert(
        name="LLMTelemetryAbsent",
        layer="infrastructure",
        severity="high",
        topic="telemetry",
        expr=f"group by ({SERVICE}) (last_over_time({attempts}[6h])) unless group by ({SERVICE}) ({attempts})",
        hold="5m",
        summary="{{ $labels.job }} has stopped to send metrics of LLM calls",
        meaning="The service has had metrics of LLM calls in the last six hours and has none now. Its counters are "
        "there as long as its process is, calls or not: the process, or the way of its metrics, has ended.",
        looks="Whether the service runs; its log for lines of OpenTelemetry's exporters; its target in Prometheus.",
        action="Start it again or mend the export. A service that was taken out of use on purpose needs nothing: the "
        "alert ends by itself.",
        fires=samples.example("5m", (Series(here, values=f"0+1x{30 * minutes}"),), after=40 * minutes),
        quiet=(samples.example("5m", (grows(here, 1),)),),
    )


def _target(queries: Queries, samples: Samples) -> Alert:
    attempts = queries.name(ATTEMPTS)
    up = 'up{job="shop",instance="shop:9464"}'
    calls = grows(named(attempts, {**CALL, INSTANCE: "shop:9464"}), 1)
    return Alert(
        name="LLMTargetDown",
        layer="infrastructure",
        severity="high",
        topic="telemetry",
        expr=f"up == 0 and on ({SERVICE}) group by ({SERVICE}) (last_over_time({attempts}[1d]))",
        hold="3m",
        summary="{{ $labels.instance }} of {{ $labels.job }} cannot be asked for its metrics",
        meaning="Prometheus knows the instance and gets no answer from it, and the service makes LLM calls.",
        looks="Whether the process runs, and its port for metrics (OTEL_EXPORTER_PROMETHEUS_PORT); the target's "
        "error in Prometheus.",
        action="Restart the instance, or let Prometheus reach it. Several processes of one host need a port each, or "
        "OTLP.",
        fires=samples.example("3m", (Series(up, 0), calls)),
        quiet=(samples.example("3m", (Series(up, 1), calls)), samples.example("3m", (Series(up, 0),))),
    )


def _sdk(queries: Queries, thresholds: Thresholds, samples: Samples) -> Iterator[Alert]:
    window = thresholds.window
    failing: list[str] = []
    fires: list[Series] = []
    quiet: list[Series] = []
    for metric in neighbours.SDK_EXPORTED.values():
        name = queries.name(metric)
        labels = {**SERVER, _COMPONENT: "otlp_grpc_exporter/0"}
        rate = summed(f'rate({name}{{{ERROR_TYPE}!=""}}[{window}])', [SERVICE, _COMPONENT])
        failing.append(f"{rate} > 0")  # each by itself: `or` takes what comes first, also a 0
        fires.append(grows(named(name, {**labels, ERROR_TYPE: "TimeoutError"}), 10))
        quiet.append(grows(named(name, labels), 10))
    yield Alert(
        name="LLMExportFailing",
        layer="infrastructure",
        severity="high",
        topic="telemetry",
        expr=" or ".join(failing),
        hold="5m",
        summary="{{ $labels.job }} cannot export telemetry ({{ $labels.otel_component_name }})",
        meaning="Exports of OpenTelemetry's SDK in the service fail: spans, logs or metrics are lost.",
        looks="The service's log for the exporter's error; whether the endpoint listens (`genscope doctor` tries it).",
        action="Start the collector, or mend endpoint, certificate or credentials. What was lost does not come back.",
        fires=samples.example("5m", tuple(fires)),
        quiet=(samples.example("5m", tuple(quiet)),),
        needs=neighbours.SDK_SWITCH,
    )
    dropped = [
        events(f'{queries.name(metric)}{{{ERROR_TYPE}="queue_full"}}', window)
        for metric in neighbours.SDK_PROCESSED.values()
    ]
    processed = queries.name(neighbours.SDK_PROCESSED["span"])
    yield Alert(
        name="LLMSpansDropped",
        layer="infrastructure",
        severity="medium",
        topic="telemetry",
        expr=f"{summed(' or '.join(dropped), [SERVICE])} > 0",
        hold="2m",
        summary="{{ $labels.job }} has dropped {{ $value | humanize }} spans or log records",
        meaning="The queue of a batch processor is full: what comes is not exported.",
        looks="LLMExportFailing: a slow or dead backend fills the queue. Else the number of spans a second.",
        action="Mend the export first. Then a larger OTEL_BSP_MAX_QUEUE_SIZE, a shorter OTEL_BSP_SCHEDULE_DELAY, or "
        "a sampler.",
        fires=samples.example("2m", (grows(named(processed, _FULL), 10),)),
        quiet=(samples.example("2m", (grows(named(processed, {**SERVER, _COMPONENT: "x"}), 10),)),),
        needs=neighbours.SDK_SWITCH,
    )
    size, room = (queries.name(one) for one in (neighbours.SDK_QUEUE_SIZE, neighbours.SDK_QUEUE_CAPACITY))
    in_queue, in_room = (named(name, {**SERVER, _COMPONENT: "x"}) for name in (size, room))
    yield Alert(
        name="LLMSpanQueueFilling",
        layer="infrastructure",
        severity="medium",
        topic="telemetry",
        expr=f"{size} / {room} > 0.8",
        hold="3m",
        summary="The queue of spans of {{ $labels.job }} is {{ $value | humanizePercentage }} full",
        meaning="Spans come faster than they are exported; when the queue is full they are dropped.",
        looks="How long exports take; whether the backend is slow.",
        action="As for LLMSpansDropped, before any is.",
        fires=samples.example("3m", (Series(in_queue, 1900), Series(in_room, 2048))),
        quiet=(samples.example("3m", (Series(in_queue, 1500), Series(in_room, 2048))),),
        needs=neighbours.SDK_SWITCH,
    )


def _collector(thresholds: Thresholds, samples: Samples) -> Iterator[Alert]:
    needs = "Prometheus fetches the collector's own metrics"
    counted: tuple[tuple[str, str, Severity, str, str, str, str], ...] = (
        (
            "LLMCollectorExportFailing", "exporter_send_failed", "high", "cannot send on",
            "The collector gets telemetry and fails to hand it to a backend.",
            "The collector's log for the exporter {{ $labels.exporter }}; the backend.",
            "Mend the backend or its credentials; a `retry_on_failure` and a `sending_queue` bridge what is short.",
        ),
        (
            "LLMCollectorDropping", "exporter_enqueue_failed", "high", "drops",
            "The collector's queue is full, and what comes is lost.",
            "LLMCollectorExportFailing; `otelcol_exporter_queue_size` against its capacity.",
            "Mend the backend; a larger `sending_queue`, more consumers, or another collector.",
        ),
        (
            "LLMCollectorRefusing", "receiver_refused", "medium", "refuses",
            "The collector tells its senders to come back later: it is short of memory, or what comes after the "
            "receiver fails.",
            "The log of its `memory_limiter`; its memory.",
            "Give it more memory, or less to do.",
        ),
    )  # fmt: skip
    for name, counter, severity, what, meaning, looks, action in counted:
        label = "receiver" if counter.startswith("receiver") else "exporter"
        rates = [
            summed(f"rate({neighbours.collector(counter, signal)}[{thresholds.window}])", [SERVICE, label]) + " > 0"
            for signal in neighbours.COLLECTOR_SIGNALS
        ]
        labels = {SERVICE: "collector", label: "otlp"}
        of_spans, of_points = f"otelcol_{counter}_spans", f"otelcol_{counter}_metric_points_total"
        yield Alert(
            name=name,
            layer="infrastructure",
            severity=severity,
            topic="telemetry",
            expr=" or ".join(rates),
            hold="5m",
            summary=f"The collector {{{{ $labels.job }}}} {what} telemetry",
            meaning=meaning,
            looks=looks,
            action=action,
            fires=samples.example("5m", (Series(named(of_spans, labels), 0),), (grows(named(of_points, labels), 10),)),
            quiet=(samples.example("5m", (Series(named(of_spans, labels), 7),)),),
            needs=needs,
        )
    size, room = neighbours.COLLECTOR_QUEUE_SIZE, neighbours.COLLECTOR_QUEUE_CAPACITY
    in_queue, in_room = named(size, _COLLECTOR), Series(named(room, _COLLECTOR), 1000)
    yield Alert(
        name="LLMCollectorQueueFilling",
        layer="infrastructure",
        severity="medium",
        topic="telemetry",
        expr=f"{size} / {room} > 0.8",
        hold="5m",
        summary="A queue of the collector {{ $labels.job }} is {{ $value | humanizePercentage }} full",
        meaning="Telemetry comes faster than the backend takes it.",
        looks="The backend; LLMCollectorExportFailing.",
        action="As for LLMCollectorDropping, before anything is lost.",
        fires=samples.example("5m", (Series(in_queue, 900), in_room)),
        quiet=(samples.example("5m", (Series(in_queue, 500), in_room)),),
        needs=needs,
    )
