"""Tools in chat completions: a `core.reader.ToolReader`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from genscope.core.operation import Operation, ToolCall
from genscope.wire.chat_messages import read_output
from genscope.wire.chat_transcripts import CallPiece, call_pieces, whole_calls
from genscope.wire.choices import StreamedChat
from genscope.wire.fields import listed, objects
from genscope.wire.json_values import items, label, named, parsed
from genscope.wire.tool_calls import offered, said_calls, trailing_ids

__all__ = ["Answer", "offered", "read_calls", "read_results"]


class Answer(StreamedChat):
    """A streamed chat completion that keeps the calls of tools in it, and nothing else of what is said."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: list[CallPiece] = []

    def fold(self, chunk: Any) -> None:
        super().fold(chunk)
        for choice in listed(getattr(objects(chunk), "choices", None)):
            calls = getattr(getattr(choice, "delta", None), "tool_calls", None)
            if calls:
                self._calls += call_pieces(calls)

    def calls(self) -> Iterable[ToolCall]:
        for call in whole_calls(self._calls):
            called = call[call["type"]]
            if call["id"]:
                yield ToolCall(call["id"], called["name"], parsed(called.get("arguments", called.get("input"))))


def read_results(body: Mapping[str, Any]) -> list[str]:
    """The calls that the messages at the end of a request answer."""
    return trailing_ids(map(named, reversed(items(body.get("messages")))), _answered)


def _answered(message: Mapping[str, Any]) -> Any:
    return message.get("tool_call_id") if label(message.get("role")) == "tool" else None


def read_calls(op: Operation, answer: Any) -> Iterable[ToolCall]:
    if "tool_calls" not in (op.finish_reasons or ()):
        return ()
    return answer.calls() if isinstance(answer, Answer) else said_calls(read_output, answer)
