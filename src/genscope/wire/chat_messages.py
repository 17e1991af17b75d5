"""What is said in chat completions: https://platform.openai.com/docs/api-reference/chat

A `core.reader.ContentReader`. System messages stay among the others: this API has no place of their own for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from genscope.core import messages
from genscope.core.messages import Content, Message, Part
from genscope.wire.chat_transcripts import Transcript
from genscope.wire.choices import in_order
from genscope.wire.content_parts import audio, parts_of, result_of
from genscope.wire.json_values import items, label, named, parsed, words
from genscope.wire.tool_definitions import read_tools

__all__ = ["Transcript", "read_input", "read_output"]

Fields = Mapping[str, Any]


def read_input(content: Content, body: Mapping[str, Any]) -> None:
    content.input = [_message(said) for said in map(named, items(body.get("messages"))) if said] or None
    read_tools(content, body.get("tools"))
    read_tools(content, body.get("functions"), kind="function")


def read_output(content: Content, answer: Any) -> None:
    said = answer.said() if isinstance(answer, Transcript) else _said(answer)
    content.output = messages.spoken([_message(message, reason, role="assistant") for message, reason in said])


def _said(answer: Any) -> Iterator[tuple[Fields, Any]]:
    """The messages of a whole answer with their finish reasons."""
    for choice in in_order(getattr(answer, "choices", None)):
        yield named(getattr(choice, "message", None)), getattr(choice, "finish_reason", None)


_BESIDE: Final = ("refusal", "tool_calls", "function_call", "audio", "images", "reasoning_content", "reasoning")
"""What a message may have beside its content: nearly all have none of these."""
_say_nothing: Final = frozenset((type(None),)).issuperset
_FINISH_REASONS: Final = {"tool_calls": "tool_call", "function_call": "tool_call"}


def _message(said: Fields, finish_reason: Any = None, role: str = "unknown") -> Message:
    """`role` is for a message that does not say it."""
    role, reason = label(said.get("role")) or role, label(finish_reason)
    reason = reason and _FINISH_REASONS.get(reason, reason)
    if role in ("tool", "function"):
        parts = [messages.tool_call_response(label(said.get("tool_call_id")), result_of(said.get("content")))]
    else:
        parts = parts_of(said.get("content"))
        if not _say_nothing(map(type, map(said.get, _BESIDE))):
            parts = [*_thoughts(said), *parts, *_extras(said)]
    return messages.message(role, parts, name=label(said.get("name")), finish_reason=reason)


def _thoughts(said: Fields) -> Iterator[Part]:
    """Not OpenAI's. Some servers use both names for the same text."""
    written = words(said.get("reasoning_content")) or words(said.get("reasoning"))
    if written:
        yield messages.reasoning(written)


def _extras(said: Fields) -> Iterator[Part]:
    """What a message has beside its content."""
    refusal = words(said.get("refusal"))
    if refusal:
        yield messages.text(refusal)
    yield from _spoken(named(said.get("audio")))
    yield from parts_of(items(said.get("images")))  # OpenRouter
    for call in map(named, items(said.get("tool_calls"))):
        kind = label(call.get("type")) or "function"
        called = named(call.get(kind)) or named(call.get("function"))
        if called:
            yield _tool_call(called, label(call.get("id")))
        elif call:
            yield messages.tool_call(kind, label(call.get("id")), None)
    called = named(said.get("function_call"))
    if called:
        yield _tool_call(called, None)


def _tool_call(called: Fields, id: str | None) -> Part:
    """A function gets JSON, a custom tool whatever text it likes."""
    arguments = parsed(called["arguments"]) if "arguments" in called else words(called.get("input"))
    return messages.tool_call(label(called.get("name")) or "", id, arguments)


def _spoken(said: Fields) -> Iterator[Part]:
    transcript = words(said.get("transcript"))
    if transcript:
        yield messages.text(transcript)
    sound, id = audio(said.get("data")), label(said.get("id"))
    if sound is not None:
        yield sound
    elif id is not None and not transcript:  # of an earlier answer, sent back
        yield messages.file(id, modality="audio")
