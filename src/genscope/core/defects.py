"""Answers that are none, though the call succeeded: HTTP 200, and nothing that the application can use."""

from __future__ import annotations

import json
from typing import Any, Final

from genscope.core.messages import Content
from genscope.core.operation import Operation
from genscope.core.reader import ContentReader

DEFECTS: Final = ("empty", "truncated", "filtered", "refused", "invalid_json", "unknown_tool")

_BY_REASON: Final = {
    "length": "truncated",
    "max_tokens": "truncated",
    "model_length": "truncated",
    "model_context_window_exceeded": "truncated",
    "content_filter": "filtered",
    "refusal": "refused",
}
"""Why an answer ended, in the words of any provider -> what that makes of it."""

_LONGEST: Final = 1 << 22
"""Characters of an answer that is parsed; longer ones are believed."""


WELL: Final = frozenset({None, ("stop",), ("end_turn",)})
"""Finish reasons of nearly all answers. With any other there may be something wrong."""


def asks_for_json(op: Operation) -> bool:
    return op.request.get("output_type") == "json"


def defects_of(op: Operation, content_reader: ContentReader | None, answer: Any) -> tuple[str, ...]:
    """Of a call to a model that has come to its end and has not failed."""
    found = dict.fromkeys(_BY_REASON[reason] for reason in op.finish_reasons or () if reason in _BY_REASON)
    if op.lack is not None:
        found[op.lack] = None
    elif asks_for_json(op) and content_reader is not None and not op.tool_calls:
        if not _is_json(content_reader, answer):
            found["invalid_json"] = None
    if op.offered_tools is not None and any(call.name not in op.offered_tools for call in op.tool_calls):
        found["unknown_tool"] = None
    return tuple(found)


def _is_json(content_reader: ContentReader, answer: Any) -> bool:
    """Whether each message of an answer is, as far as it has text."""
    content = Content()
    content_reader.read_output(content, answer)
    for message in content.output or ():
        text = "".join(part["content"] for part in message["parts"] if part["type"] == "text")
        if text and len(text) <= _LONGEST:
            try:
                json.loads(text)
            except (ValueError, RecursionError):
                return False
    return True
