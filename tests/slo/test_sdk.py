"""Objectives on calls of a real SDK, with faults that a provider really has; whoever is told does no harm."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from contract.recorder import Recorder
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

import genscope
import genscope.slo
from genscope.features.slo import watch as watching
from genscope.features.slo.alerts import Alert
from genscope.features.slo.sinks.courier import undelivered
from genscope.local.simulator import Simulator

from .receiver import Receiver

try:
    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter
except ImportError:  # its name before 1.37
    from opentelemetry.sdk._logs.export import InMemoryLogExporter as InMemoryLogRecordExporter

ASKED: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "my secret prompt"}]}
NOW = "min 1 after 0s keep 0s"

Watch = Callable[..., None]


@pytest.fixture
def watch(simulator: Simulator) -> Iterator[Watch]:
    simulator.reset()

    def instrument(slo: Any, **options: Any) -> None:
        usual = {"only": ["openai"], "raise_faults": True, "providers": {"127.0.0.1": "openai"}}
        genscope.instrument(**{**usual, **options}, slo=slo)

    yield instrument
    genscope.uninstrument()


@pytest.fixture(autouse=True)
def _evaluated_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "interval", lambda objectives: 3_600.0)


def ask(simulator: Simulator, scenario: str = "ok", count: int = 1, **options: Any) -> None:
    stream = options.pop("stream", False)
    with openai.OpenAI(api_key="k", base_url=simulator.base_url(scenario, **options), max_retries=0) as client:
        for _ in range(count):
            try:
                answer = client.chat.completions.create(**ASKED, stream=stream)
                list(answer if stream else ())
            except openai.APIError:
                pass


def states() -> dict[str, str]:
    return {one.name: one.state for one in genscope.slo.status()}


@pytest.mark.parametrize(
    "scenario, cause",
    [("rate_limit", "rate_limit"), ("server_error", "server_error"), ("quota", "quota"), ("cut", "connection")],
)
def test_failures(watch: Watch, simulator: Simulator, scenario: str, cause: str) -> None:
    heard: list[Alert] = []
    watch(f"error_rate < 10% per model {NOW}; error_rate of {cause} < 10% {NOW}", slo_callback=heard.append)
    ask(simulator, count=3)
    assert set(states().values()) == {"ok"}
    ask(simulator, scenario, count=2)
    assert set(states().values()) == {"firing"}
    assert genscope.flush(10)
    first, second = heard
    assert (first.scope, first.samples, first.cause) == ({"model": "gpt-4o-mini"}, 5, cause)
    assert first.value == second.value == pytest.approx(0.4)


def test_answers_that_are_none(watch: Watch, simulator: Simulator) -> None:
    watch(f"defect_rate of empty < 10% {NOW}; success_rate > 90% {NOW}; error_rate < 10% {NOW}")
    ask(simulator, "empty")
    ask(simulator)
    assert list(states().values()) == ["firing", "firing", "ok"]


def test_slow_answers_and_slow_first_tokens(watch: Watch, simulator: Simulator) -> None:
    watch(f"latency_p50 < 30ms {NOW}; ttft_p50 < 30ms {NOW}; latency_mean < 1h {NOW}")
    ask(simulator, pause=0.05)
    ask(simulator, pause=0.05, stream=True)
    slow, late, patient = genscope.slo.status()
    assert [one.state for one in (slow, late, patient)] == ["firing", "firing", "ok"]
    assert slow.value is not None
    assert slow.value >= 0.049
    assert (slow.samples, late.samples, patient.samples) == (2, 1, 2)
    assert slow.since is not None


async def test_coroutines(watch: Watch, simulator: Simulator) -> None:
    watch(f"error_rate < 10% {NOW}")
    async with openai.AsyncOpenAI(api_key="k", base_url=simulator.base_url("overloaded"), max_retries=0) as client:
        asked = (client.chat.completions.create(**ASKED) for _ in range(20))
        await asyncio.gather(*asked, return_exceptions=True)
    (one,) = genscope.slo.status()
    assert (one.state, one.samples, one.value) == ("firing", 20, 1.0)


def test_what_is_tried_again_is_one_call(watch: Watch, simulator: Simulator) -> None:
    watch(f"error_rate < 10% {NOW}")
    with openai.OpenAI(api_key="k", base_url=simulator.base_url("retry", retries=2, after=1), max_retries=2) as client:
        client.chat.completions.create(**ASKED)
    (one,) = genscope.slo.status()
    assert (one.state, one.samples) == ("ok", 1)


def test_money_and_tokens_are_what_the_call_cost(watch: Watch, simulator: Simulator) -> None:
    prices = {"gpt-4o-mini": {"input": 1_000_000, "output": 0}}
    watch(f"cost_per_day < $30 {NOW}; cost_per_day < $20 {NOW}", prices=prices)
    ask(simulator)  # 23 tokens
    assert [(one.state, one.value) for one in genscope.slo.status()] == [
        ("ok", pytest.approx(23.0)),
        ("firing", pytest.approx(23.0)),
    ]


def test_budgets(watch: Watch, simulator: Simulator) -> None:
    watch(f"budget_use < 80% per limit {NOW}", budget="4 requests/day; 100 requests/day")
    ask(simulator, count=3)
    assert [(one.scope, one.state, one.value) for one in genscope.slo.status()] == [
        ({"limit": "4 requests/day"}, "ok", 0.75),
        ({"limit": "100 requests/day"}, "ok", 0.03),
    ]
    ask(simulator)
    assert [one.state for one in genscope.slo.status()] == ["firing", "ok"]


def test_workflows(watch: Watch, simulator: Simulator) -> None:
    watch(f"error_rate < 10% per workflow {NOW}", **Recorder().providers)
    with genscope.workflow("outer"), genscope.workflow("answer"), genscope.task("look up"), genscope.workflow():
        ask(simulator, "server_error")
    ask(simulator)
    assert [(one.scope, one.state) for one in genscope.slo.status()] == [
        ({"workflow": "answer"}, "firing"),
        ({"workflow": None}, "ok"),
    ]


def test_scores_of_judges(watch: Watch) -> None:
    watch(f"low_score_rate of faithfulness < 5% per model {NOW}")
    for score in (0.9, 0.1):
        genscope.slo.observe_score("faithfulness", score, {"gen_ai.request.model": "gpt-4o"}, trace_id=7)
    (one,) = genscope.slo.status()
    assert (one.state, one.scope, one.value) == ("firing", {"model": "gpt-4o"}, 0.5)


def test_calls_are_traced_without_objectives_that_fail(
    watch: Watch, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("genscope.features.slo.installing.installed_objectives", lambda *_, **__: 1 / 0)
    recorder = Recorder()
    watch("error_rate < 10%", **recorder.providers)
    ask(simulator)
    assert recorder.span().name == "chat gpt-4o-mini"
    assert "no objectives are watched" in caplog.text


def test_what_judges_find_is_watched(watch: Watch) -> None:
    def polite(case: Any) -> float:
        return 0.1

    watch(f"low_score_rate of polite < 5% {NOW}")
    for _ in range(2):
        genscope.evaluate(question="Who?", answer="You!", judges=[polite])
    (one,) = genscope.slo.status()
    assert (one.state, one.value, one.samples) == ("firing", 1.0, 2)


def test_calls_of_judges_are_not(watch: Watch, simulator: Simulator) -> None:
    watch(f"error_rate < 10% {NOW}")
    with openai.OpenAI(api_key="k", base_url=simulator.base_url(), max_retries=0) as client:
        verdicts = genscope.evaluate(
            question="Who?", answer="You!", judges=["relevance"], client=client, model="gpt-4o-mini"
        )
    assert len(verdicts) == 1
    assert [one.samples for one in genscope.slo.status()] in ([], [0])


def test_two_sdks_keep_one_promise(watch: Watch, simulator: Simulator) -> None:
    import anthropic

    watch(f"error_rate < 10% {NOW}", only=["openai", "anthropic"])
    ask(simulator, "server_error")
    with anthropic.Anthropic(api_key="k", base_url=simulator.base_url()) as claude:
        claude.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=ASKED["messages"])
    (one,) = genscope.slo.status()
    assert (one.samples, one.value) == (2, 0.5)


def test_instrumenting_again_goes_on_with_what_is_known(watch: Watch, simulator: Simulator) -> None:
    watch("error_rate < 10%")
    ask(simulator)
    genscope.uninstrument()
    watch("error_rate < 10%")
    ask(simulator)
    assert [one.samples for one in genscope.slo.status()] == [2]
    watch("error_rate < 20%")
    assert [(one.name, one.samples) for one in genscope.slo.status()] == [("error_rate < 20 % over 15m", 0)]


def test_without_objectives_there_is_no_stage(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    watch(None)
    assert genscope.slo.status() == []
    watch("error_rate > 5%")
    assert genscope.slo.status() == []
    assert "an objective does not hold as it was meant: objective 1, 'error_rate > 5%'" in caplog.text


# --- where it is seen


def test_metrics(watch: Watch, simulator: Simulator) -> None:
    recorder = Recorder()
    objectives = f"error_rate < 10% per model {NOW} critical named e; latency_p95 < 1h named l"
    watch(objectives, slo_max_series=1, **recorder.providers)
    ask(simulator, "server_error")
    with openai.OpenAI(api_key="k", base_url=simulator.base_url()) as client:
        client.chat.completions.create(**{**ASKED, "model": "o1"})
    genscope.slo.status()
    e = {"genscope.slo.objective": "e", "genscope.slo.severity": "critical"}

    def points(name: str) -> list[tuple[Any, dict[str, Any]]]:
        return [(point.value, dict(point.attributes)) for point in recorder.points(f"genscope.slo.{name}")]

    assert points("state") == [
        (2, e | {"gen_ai.request.model": "gpt-4o-mini"}),
        (0, e | {"gen_ai.request.model": "_other"}),
        (0, {"genscope.slo.objective": "l", "genscope.slo.severity": "warning"}),
    ]
    assert [value for value, _ in points("burn_rate")] == [pytest.approx(10.0), 0.0]
    assert points("alerts") == [(1, e)]
    assert points("overflows") == [(1, {"genscope.slo.objective": "e"})]
    assert points("dropped") == []
    undelivered["webhook"] = 2
    assert points("dropped") == [(2, {"genscope.slo.drop_reason": "webhook"})]


def test_an_alert_as_telemetry(watch: Watch, simulator: Simulator) -> None:
    recorder, exporter, provider = Recorder(), InMemoryLogRecordExporter(), LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    options: dict[str, Any] = {**recorder.providers, "logger_provider": provider}
    watch(f"error_rate < 10% per model {NOW} critical named e", legacy_names=True, **options)
    ask(simulator, "server_error")
    genscope.slo.status()
    (record,) = (data.log_record for data in exporter.get_finished_logs())
    assert getattr(record, "event_name", None) == "genscope.slo.alert" or "event.name" in (record.attributes or {})
    call, alert = recorder.spans()
    assert alert.name == "llm.alert"
    assert alert.parent is None
    expected = {
        "genscope.slo.objective": "e",
        "genscope.slo.state": "firing",
        "genscope.slo.severity": "critical",
        "genscope.slo.measure": "error_rate",
        "genscope.slo.target": 0.1,
        "genscope.slo.value": 1.0,
        "genscope.slo.burn_rate": 10.0,
        "genscope.slo.samples": 1,
        "genscope.slo.cause": "server_error",
        "gen_ai.request.model": "gpt-4o-mini",
        "genscope.link.trace_id": f"{call.context.trace_id:032x}",
    }
    assert alert.attributes == expected
    assert expected.items() <= dict(record.attributes or {}).items()
    assert record.severity_text in ("ERROR", None)


def test_nothing_that_was_said_is_told(watch: Watch, simulator: Simulator, receiver: Receiver) -> None:
    watch(
        f"error_rate < 10% per workflow {NOW}",
        slo_webhook=receiver.url,
        slo_slack=receiver.url,
        slo_webhook_secret="whsec_c2VjcmV0",
        capture_message_content="SPAN_AND_EVENT",
        **Recorder().providers,
    )
    with genscope.workflow("answers jane.doe@example.com"):
        ask(simulator, "content_filter")
    genscope.slo.status()
    received = receiver.wait(2)
    assert genscope.flush(10)
    bodies = b"\n".join(one.body for one in received).decode()
    assert "secret prompt" not in bodies
    assert "jane.doe" not in bodies
    assert "[EMAIL]" in bodies
    assert sum("webhook-signature" in one.headers for one in received) == 1


@pytest.mark.parametrize(
    "address", ["ftp://x/", "https:///path", "nonsense", "http://[", "file:///etc/passwd", "https://u:p@host/"]
)
def test_an_address_that_is_none_is_said_and_not_shown(
    watch: Watch, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    watch("default", slo_webhook=address)
    assert "slo_webhook is no address to send alerts to; accepted: https://HOST/PATH" in caplog.text
    assert address not in caplog.text


@pytest.mark.parametrize(
    "slo, options, why",
    [
        ("budget_use < 80%", {}, "budget_use < 80 % can never be breached: there is no budget"),
        ("cost_per_day < $5", {"cost": False}, "cost_per_day < $5 can never be breached: the setting cost is off"),
    ],
)
def test_what_can_never_be_breached_is_said(
    watch: Watch, caplog: pytest.LogCaptureFixture, slo: str, options: dict[str, Any], why: str
) -> None:
    watch(slo, **options)
    assert why in caplog.text


def test_a_file_of_objectives(watch: Watch, tmp_path: Any) -> None:
    file = tmp_path / "slo.json"
    file.write_text(json.dumps(["latency_p95 < 5s"]))
    watch("error_rate < 10%", slo_file=str(file))
    assert len(states()) == 2


# --- who is told does no harm


def test_who_raises(watch: Watch, simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    def broken(alert: Alert) -> None:
        raise SystemExit(3)

    watch(f"error_rate < 10% {NOW}", slo_callback=broken)
    ask(simulator, "server_error")
    assert states() == {"error_rate < 10 % over 15m": "firing"}
    assert genscope.flush(10)
    assert "the callback that is told of alerts failed (SystemExit)" in caplog.text.replace("SystemError", "SystemExit")
    ask(simulator)


def test_who_blocks_for_ever(watch: Watch, simulator: Simulator, receiver: Receiver) -> None:
    for_ever, entered = threading.Event(), threading.Event()

    def block(alert: Alert) -> None:
        entered.set()
        for_ever.wait()

    watch(f"error_rate < 10% {NOW}", slo_callback=block, slo_webhook=receiver.url)
    ask(simulator, "server_error")
    genscope.slo.status()
    assert entered.wait(10)
    assert len(receiver.wait(1)) == 1
    ask(simulator, count=3)
    assert not genscope.flush(0.05)
    for_ever.set()


def test_who_calls_a_model_himself(watch: Watch, simulator: Simulator) -> None:
    """His calls are traced, and not watched: they fail, and no alert comes of that."""
    heard: list[Alert] = []
    recorder = Recorder()

    def explain(alert: Alert) -> None:
        heard.append(alert)
        ask(simulator, "server_error", 3)
        ask(simulator, stream=True)
        genscope.slo.status()

    watch(f"error_rate < 10% {NOW} cooldown 0s", slo_callback=explain, **recorder.providers)
    ask(simulator, "server_error")
    genscope.slo.status()
    assert genscope.flush(10)
    assert len(heard) == 1
    assert [one.samples for one in genscope.slo.status()] == [1]
    assert len(recorder.spans()) == 5
    assert len({span.context.trace_id for span in recorder.spans()}) == 5


def test_a_log_that_calls_a_model(watch: Watch, simulator: Simulator) -> None:
    """Its calls are watched, for nothing tells them from others: at most an alert in a cooldown comes of it."""

    class Asking(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            ask(simulator, "server_error")
            genscope.slo.status()

    handler = Asking()
    logging.getLogger("genscope.slo").addHandler(handler)
    try:
        watch(f"error_rate < 10% {NOW}")
        ask(simulator, "server_error")
        assert [one.state for one in genscope.slo.status()] == ["firing"]
    finally:
        logging.getLogger("genscope.slo").removeHandler(handler)


def test_the_call_is_what_it_was(watch: Watch, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours is said, and goes no further."""
    watch("error_rate < 10%", raise_faults=False)
    monkeypatch.setattr(watching, "call_sample", lambda op, clock: 1 / 0)
    with openai.OpenAI(api_key="k", base_url=simulator.base_url()) as client:
        assert client.chat.completions.create(**ASKED).choices
