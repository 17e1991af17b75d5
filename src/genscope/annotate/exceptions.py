"""Where the exception that leaves an annotated span is written: on the span, in a log record, or both, as for calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, NamedTuple

from opentelemetry.context import Context
from opentelemetry.trace import Span

from genscope.annotate.output import Output
from genscope.annotate.said import screened_error
from genscope.core.messages import Content
from genscope.core.pipeline import Pipeline
from genscope.telemetry.content import ContentWriter
from genscope.telemetry.exceptions import exception_attributes

Text = BaseException | str | None
"""What has the text of an exception."""


class _Place(NamedTuple):
    span: Span
    context: Context


Describe = Callable[[_Place], dict[str, Any]]


class Exceptions:
    """Those of one `Output`."""

    def __init__(self, out: Output) -> None:
        self.out = out
        self._settings = settings = out.installed.settings
        self._log: Any = None
        if settings.exception_signal != "spans":
            self._log = out.faults.attempt("looking for the log of exceptions", self._open_log)
        writer = ContentWriter(settings.max_content_bytes, settings.tool_schemas)
        self._signals: list[tuple[Callable[[_Place, Describe], None], ContentWriter | None]] = []
        """What writes them, and what writes their text there; None for no text."""
        if settings.exception_signal != "logs":
            self._signals.append((_write_on_span, writer if settings.content_on_spans else None))
        if self._log is not None:
            self._signals.append((self._write_in_log, writer if settings.content_on_events else None))

    def idle(self) -> bool:
        """Whether nobody would see them in a log."""
        return self._log is None or self._log.idle()

    def tell(self, span: Span, context: Context, error: BaseException | None, text: Text) -> None:
        """`error` leaves the span, which `context` holds. Where it is not known itself, there is its text to tell.

        Raises nothing.
        """
        for write, writer in self._signals:
            said = self._text(writer, text)
            if error is not None or said:
                describe = partial(_describe, error, said)
                self.out.faults.attempt("writing an exception", partial(write, _Place(span, context), describe))

    def _text(self, writer: ContentWriter | None, text: Text) -> str | None:
        if writer is None or text is None:
            return None
        # The exception's `__str__` is the application's.
        return self.out.faults.attempt(
            "writing the text of an exception", lambda: screened_error(self._new_content(), writer, text)
        )

    @cached_property
    def _new_content(self) -> Callable[[], Content]:
        if self.out.installed.pipeline is not None or self._settings.content_on_spans:
            return self.out.new_content
        from genscope.features.redaction.stage import redaction  # here: its rules take a while to compile

        return Pipeline(tuple(redaction(self._settings)), self.out.faults).new_content

    def _open_log(self) -> Any:
        from genscope.telemetry.events import EventLog  # here: few want it

        return EventLog(self.out.installed.logger_provider)

    def _write_in_log(self, place: _Place, describe: Describe) -> None:
        self._log.write_exception(place, describe)


def _write_on_span(place: _Place, describe: Describe) -> None:
    if place.span.is_recording():
        place.span.add_event("exception", describe(place))


def _describe(error: BaseException | None, said: str | None, _: _Place) -> dict[str, Any]:
    return exception_attributes(error, said)


_current: Exceptions | None = None


def exceptions(out: Output) -> Exceptions:
    """For those that happen now."""
    global _current
    found = _current
    if found is None or found.out is not out:
        found = _current = Exceptions(out)
    return found


def idle(out: Output) -> bool:
    """Whether nobody would see anything of what is annotated."""
    return out.disabled or (out.idle() and exceptions(out).idle())
