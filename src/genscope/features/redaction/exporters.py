"""Exporters that redact what they are given before they hand it on: for telemetry that genscope did not make.

    BatchSpanProcessor(RedactingSpanExporter(OTLPSpanExporter()))

Other processors and exporters read the same spans and records, so these are never changed: where something must not be
seen, a copy goes on.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import is_
from typing import TYPE_CHECKING, Any, TypeVar

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk._logs import export as logs
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import Link, Status

from genscope.core.pipeline import Faults
from genscope.features.redaction.telemetry_values import TelemetryRedactor
from genscope.features.redaction.walk import FAILED
from genscope.settings import Settings, complain, resolve

if TYPE_CHECKING:
    from opentelemetry.sdk._logs.export import LogRecordExporter
else:
    LogRecordExporter = getattr(logs, "LogRecordExporter", None) or logs.LogExporter  # its name before release 1.38

_Item = TypeVar("_Item")


class _Passing:
    """All that an exporter does besides exporting is done by the one that is wrapped, in its own way."""

    def __init__(self, exporter: Any, settings: Settings | None, analyzer: Any, options: Mapping[str, Any]) -> None:
        if settings is None:
            found = resolve(options)
            complain(found)
            settings = found.settings
        elif options:
            raise TypeError(f"either settings or options, not both: {', '.join(options)}")
        self._exporter = exporter
        self._redactor = TelemetryRedactor(settings, analyzer)
        self._report: Callable[[Exception], None] = partial(Faults(settings.raise_faults).report, "redacting")

    # Not methods: the SDK looks at the signature of `shutdown`, and calls it accordingly.

    @property
    def shutdown(self) -> Any:
        return self._exporter.shutdown

    @property
    def force_flush(self) -> Any:
        return getattr(self._exporter, "force_flush", _flushed)  # exporters of logs had none before release 1.38

    def __enter__(self) -> Any:
        self._exporter.__enter__()
        return self

    def __exit__(self, *exception: Any) -> Any:
        return self._exporter.__exit__(*exception)

    def _seen(
        self, items: Iterable[_Item], redacted: Callable[[_Item], _Item], bare: Callable[[_Item], _Item]
    ) -> list[_Item]:
        """What may be seen of each. One that cannot be redacted goes on without its texts."""
        found: list[_Item] = []
        for item in items:
            for attempt in (redacted, bare):
                try:
                    found.append(attempt(item))
                    break
                except Exception as fault:
                    self._report(fault)
        return found

    def _attributes(self, attributes: Any, dropped: int) -> Any:
        """The same object if there is nothing to redact."""
        found = self._redactor.attributes(attributes)
        return attributes if found is attributes or found is None else _bounded(found, dropped, like=attributes)


class RedactingSpanExporter(_Passing, SpanExporter):
    """Redacts spans, whoever made them, and hands them to `exporter`.

    What is redacted, and how, is said by `settings`, else by keywords (`redaction="strict"`) and the environment.
    `analyzer` is Presidio's `AnalyzerEngine`, if the application has one that shall be asked too.
    """

    def __init__(
        self, exporter: SpanExporter, settings: Settings | None = None, *, analyzer: Any = None, **options: Any
    ) -> None:
        super().__init__(exporter, settings, analyzer, options)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """What `exporter` says of it; what it raises is raised."""
        return self._exporter.export(spans if self._redactor.idle else self._seen(spans, self._redacted, _bare_span))

    def _redacted(self, span: ReadableSpan) -> ReadableSpan:
        name, said, status = span.name, span.attributes, span.status
        seen_name, attributes = self._redactor.name(name), self._attributes(said, span.dropped_attributes)
        description = self._redactor.attribute("status.description", status.description)
        events, links = list(map(self._event, span.events)), list(map(self._link, span.links))
        if (
            seen_name is name
            and attributes is said
            and description is status.description
            and all(map(is_, events, span.events))
            and all(map(is_, links, span.links))
        ):
            return span
        return _copied(
            span,
            name=seen_name,
            attributes=attributes,
            events=_listed(events, span.dropped_events),
            links=_listed(links, span.dropped_links),
            status=status if description is status.description else Status(status.status_code, description),
        )

    def _event(self, event: Event) -> Event:
        said = event.attributes
        name, attributes = self._redactor.name(event.name), self._attributes(said, event.dropped_attributes)
        return event if name is event.name and attributes is said else Event(name, attributes, event.timestamp)

    def _link(self, link: Link) -> Link:
        said = link.attributes
        attributes = self._attributes(said, link.dropped_attributes)
        return link if attributes is said else Link(link.context, attributes)


class RedactingLogExporter(_Passing, LogRecordExporter):
    """The same for log records: their bodies, of any shape, and their attributes."""

    def __init__(
        self, exporter: LogRecordExporter, settings: Settings | None = None, *, analyzer: Any = None, **options: Any
    ) -> None:
        super().__init__(exporter, settings, analyzer, options)

    def export(self, batch: Sequence[Any], *arguments: Any, **options: Any) -> Any:
        """What `exporter` says of it; what it raises is raised."""
        seen = batch if self._redactor.idle else self._seen(batch, self._redacted, _bare_record)
        return self._exporter.export(seen, *arguments, **options)

    def _redacted(self, data: Any) -> Any:
        record = data.log_record
        seen: dict[str, Any] = {
            "body": self._redactor.body(record.body),
            "attributes": self._attributes(record.attributes, getattr(record.attributes, "dropped", 0)),
            "event_name": self._redactor.name(getattr(record, "event_name", None)),
            "exception": None,  # the object itself; the attributes say what there is to say of it
        }
        changed = {name: value for name, value in seen.items() if value is not getattr(record, name, None)}
        return _with_record(data, **changed) if changed else data


def _copied(span: ReadableSpan, **changes: Any) -> ReadableSpan:
    """The span with other texts; what relates and measures it is as it was."""
    return ReadableSpan(
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        kind=span.kind,
        instrumentation_info=getattr(span, "_instrumentation_info", None),  # the property warns of itself
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
        **changes,
    )


def _bare_span(span: ReadableSpan) -> ReadableSpan:
    """What is sure to tell nothing."""
    numbers = {name: value for name, value in (span.attributes or {}).items() if isinstance(value, (bool, int, float))}
    return _copied(span, name=FAILED, attributes=numbers, status=Status(span.status.status_code))


def _with_record(data: Any, **changes: Any) -> Any:
    """`data` is a `LogData` or a `ReadableLogRecord`, as the release of the SDK has it."""
    record = copy.copy(data.log_record)
    for name, value in changes.items():
        setattr(record, name, value)
    data = copy.copy(data)
    object.__setattr__(data, "log_record", record)  # it may be frozen
    return data


def _bare_record(data: Any) -> Any:
    return _with_record(data, body=FAILED, attributes={}, event_name=None, exception=None)


def _bounded(attributes: Mapping[str, Any], dropped: int, like: Any) -> Any:
    """Attributes that know how many are missing, as those did that they replace."""
    extended = getattr(like, "_extended_attributes", None)  # of log records, from release 1.35 until all are that
    found = BoundedAttributes(attributes=attributes, **({} if extended is None else {"extended_attributes": extended}))
    found.dropped += dropped
    return found


def _listed(items: Sequence[Any], dropped: int) -> Any:
    found = BoundedList[Any](len(items))
    found.extend(items)
    found.dropped = dropped
    return found


def _flushed(timeout_millis: int = 30_000) -> bool:
    """Nothing is kept back."""
    return True
