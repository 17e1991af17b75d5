"""Tools in responses: a `core.reader.ToolReader`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from genscope.core.operation import Operation, ToolCall
from genscope.wire.json_values import items, label, named
from genscope.wire.response_events import Answer
from genscope.wire.response_items import Transcript, read_output
from genscope.wire.tool_calls import offered, said_calls, trailing_ids

__all__ = ["Answer", "offered", "read_calls", "read_results"]


def read_results(body: Mapping[str, Any]) -> list[str]:
    """The calls that the items at the end of a request answer."""
    return trailing_ids(map(named, reversed(items(body.get("input")))), _answered)


def _answered(item: Mapping[str, Any]) -> Any:
    kind = label(item.get("type"))
    return item.get("call_id") if kind is not None and kind.endswith("_call_output") else None


def read_calls(op: Operation, answer: Any) -> Iterable[ToolCall]:
    if "tool_call" not in (op.finish_reasons or ()):
        return ()
    whole = answer.snapshot if isinstance(answer, Answer) and not isinstance(answer, Transcript) else answer
    return said_calls(read_output, whole)
