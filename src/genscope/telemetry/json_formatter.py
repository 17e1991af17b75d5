"""Log records as JSON, one object on a line, for every logger of an application.

In the `dictConfig` of `logging`: `"formatters": {"json": {"()": "genscope.JsonFormatter"}}`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, Final

from genscope.core import inert
from genscope.core.payload import to_json

_OF_LOGGING: Final = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}
"""What every record has; all else is its extras."""

_LINE_BREAKS: Final = "\x85\u2028\u2029"
"""JSON may have them as they are, and some readers take them for the end of a line."""


class JsonFormatter(logging.Formatter):
    """`{"timestamp": ..., "level": ..., "logger": ..., "message": ...}`, the record's extras, and its exception.

    An extra with one of these names gets the prefix `extra.`. Whatever an application logs, this writes a line and
    raises nothing: what is no JSON is named by its type, and what is too long loses its middle.
    """

    max_bytes: int = 262_144
    """Of a line."""

    def format(self, record: logging.LogRecord) -> str:
        said = dict(self._said(record))
        extras = {
            f"extra.{name}" if name in said else name: value
            for name, value in list(vars(record).items())
            if name not in _OF_LOGGING
        }
        line = to_json(said | extras, self.max_bytes) or "{}"
        if not line.isascii():
            for character in _LINE_BREAKS:
                line = line.replace(character, f"\\u{ord(character):04x}")
        return line

    def _said(self, record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
        yield "timestamp", _moment(record)
        yield "level", record.levelname
        yield "logger", record.name
        yield "message", _message(record)
        exception = self._exception(record)
        if exception:
            yield "exception", exception
        if record.stack_info:
            yield "stack", record.stack_info

    def _exception(self, record: logging.LogRecord) -> str | None:
        try:
            if record.exc_info and not record.exc_text:
                record.exc_text = self.formatException(record.exc_info)  # as the formatters of `logging` do
            return record.exc_text
        except Exception:  # its text is the application's code, and may be none
            return f"[{inert.type_name(record.exc_info[1] if isinstance(record.exc_info, tuple) else None)}]"


def _moment(record: logging.LogRecord) -> str | None:
    try:
        moment = datetime.fromtimestamp(record.created, timezone.utc)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> Any:
    try:
        return record.getMessage()
    except Exception:  # its arguments do not fit, or cannot be written
        return record.msg
