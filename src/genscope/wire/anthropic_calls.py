"""Tools in Anthropic's messages: a `core.reader.ToolReader`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from genscope.core.operation import Operation, ToolCall
from genscope.wire.anthropic_blocks import Transcript, read_output
from genscope.wire.anthropic_events import Answer
from genscope.wire.json_values import items, label, named
from genscope.wire.tool_calls import offered, said_calls

__all__ = ["Answer", "offered", "read_calls", "read_results"]


def read_results(body: Mapping[str, Any]) -> Iterator[str]:
    """The calls that the last message of a request answers."""
    for block in map(named, items(next(iter(map(_content, items(body.get("messages"))[-1:])), None))):
        id = label(block.get("tool_use_id")) if label(block.get("type")) == "tool_result" else None
        if id is not None:
            yield id


def _content(message: Any) -> Any:
    return named(message).get("content")


def read_calls(op: Operation, answer: Any) -> Iterable[ToolCall]:
    if "tool_use" not in (op.finish_reasons or ()):
        return ()
    if isinstance(answer, Answer) and not isinstance(answer, Transcript):
        return answer.calls
    return said_calls(read_output, answer)
