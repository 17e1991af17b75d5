"""From the content of a call to what a hook gets, and back: plain values become dataclasses, and these plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any, Final, cast

from genscope.core.messages import Content, embedded
from genscope.core.payload import to_plain
from genscope.features.completion_hooks import messages

_LARGEST: Final = 16 * 2**20
"""Bytes of JSON that a value of the application's may have: a tool's arguments, its result, its schema."""

_PARTS: Final = {
    "text": ("TextPart", "Text"),
    "reasoning": ("ReasoningPart", "Reasoning"),
    "compaction": ("CompactionPart",),
    "tool_call": ("ToolCallRequestPart", "ToolCallRequest", "ToolCall"),
    "tool_call_response": ("ToolCallResponsePart", "ToolCallResponse"),
    "server_tool_call": ("ServerToolCallPart", "ServerToolCall"),
    "server_tool_call_response": ("ServerToolCallResponsePart", "ServerToolCallResponse"),
    "file": ("FilePart", "File"),
    "uri": ("UriPart", "Uri"),
}
"""The class of each type of part: its name here and in opentelemetry-util-genai, and those that it had there before."""
_GENERIC: Final = "GenericPart"
_OTHERS: Final = ("InputMessage", "OutputMessage", "FunctionToolDefinition", "GenericToolDefinition")
_OPTIONAL: Final = frozenset({"id", "name", "content", "finish_reason", "mime_type", "description", "parameters"})
"""Fields that are left out where they are None; in the others None is what was said."""


@dataclass
class Completion:
    """What a hook is given of a call."""

    inputs: list[Any] = field(default_factory=list[Any])
    outputs: list[Any] = field(default_factory=list[Any])
    system_instruction: list[Any] = field(default_factory=list[Any])
    tool_definitions: list[Any] = field(default_factory=list[Any])

    def __bool__(self) -> bool:
        return bool(self.inputs or self.outputs or self.system_instruction or self.tool_definitions)


CONTENT: Final = {
    "inputs": "input",
    "outputs": "output",
    "system_instruction": "instructions",
    "tool_definitions": "tools",
}
"""The fields of a `Completion`, and those of `Content`."""


def prepare() -> None:
    """Find the classes now rather than in the first call."""
    for name in (*(names[0] for names in _PARTS.values()), _GENERIC, *_OTHERS):
        _class(name)


def completion_of(content: Content) -> Completion:
    """What was said, as dataclasses of opentelemetry-util-genai where that is installed. Nothing in it is shared."""
    return Completion(
        list(_messages("InputMessage", content.input, "user")),
        list(_messages("OutputMessage", content.output, "assistant")),
        list(_parts(content.instructions)),
        [_tool(one) for one in _objects(content.tools)],
    )


def values_of(objects: Any) -> list[Any]:
    """Messages, parts or tools, dataclasses of whoever's, as plain values."""
    return [_value(one) for one in _items(objects)]


def _messages(name: str, said: Any, role: str) -> Iterator[Any]:
    for one in _objects(said):
        yield _made(name, one | {"role": _word(one.get("role"), role)}, parts=list(_parts(one.get("parts"))))


def _parts(said: Any) -> Iterator[Any]:
    for part in _items(said):
        if isinstance(part, str):  # of a stage that changed what it is to see
            yield _made("TextPart", {"content": part})
        elif isinstance(part, Mapping):
            part = cast("Mapping[str, Any]", part)
            names = _PARTS.get(_word(part.get("type")))
            yield _made(names[0], part) if names else _generic(part)


def _generic(part: Mapping[str, Any]) -> Any:
    """By its own name, unless that would make a claim to fields that it lacks."""
    kind = _word(part.get("generic_type"), _word(part.get("type")))
    return _made(_GENERIC, {**part, "type": "generic" if kind in _PARTS else kind})


def _tool(tool: Mapping[str, Any]) -> Any:
    kind = _word(tool.get("type"), "function")
    named = {**tool, "type": kind, "name": _word(tool.get("name"), kind)}
    return _made("FunctionToolDefinition" if kind == "function" else "GenericToolDefinition", named)


def _made(name: str, values: Mapping[str, Any], **ours: Any) -> Any:
    """An object of the class of that name, from those of the values that it has fields for."""
    try:
        return _filled(_class(name), values, ours)
    except Exception:  # a release that we do not know refuses them
        return _filled(getattr(messages, name), values, ours)


def _filled(cls: Any, values: Mapping[str, Any], ours: Mapping[str, Any]) -> Any:
    arguments: dict[str, Any] = {}
    for name, is_required in _parameters(cls):
        if name in ours:
            arguments[name] = ours[name]
        elif name in values or is_required:
            arguments[name] = _copy(values.get(name))
    return cls(**arguments)


@cache
def _parameters(cls: Any) -> tuple[tuple[str, bool], ...]:
    """What the class of a dataclass is called with, and whether it must be."""
    return tuple(
        (one.name, one.default is MISSING and one.default_factory is MISSING) for one in fields(cls) if one.init
    )


def _word(value: Any, default: str = "") -> str:
    return str.__str__(value) if isinstance(value, str) and value else default


def _copy(value: Any) -> Any:
    """A hook may change what it gets, and the application still have it; and not all is what JSON can say."""
    if value is None or type(value) in (bool, int):
        return value
    if type(value) is not str:
        return to_plain(value, _LARGEST)
    try:
        if not value.isascii():
            value.encode("utf-16-le")  # quicker than UTF-8, and as strict
        return value
    except UnicodeEncodeError:  # halves of surrogate pairs, joined where they belong together
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


@cache
def _class(name: str) -> Any:
    try:
        theirs = import_module("opentelemetry.util.genai.types")
    except Exception:  # not installed, or not for this release of OpenTelemetry
        theirs = None
    names = next((names for names in _PARTS.values() if names[0] == name), (name,))
    for candidate in names:
        found = getattr(theirs, candidate, None)
        if isinstance(found, type) and is_dataclass(found):
            return found
    return getattr(messages, name)


def _items(value: Any) -> Sequence[Any]:
    return cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) else ()


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (dict(cast("Mapping[str, Any]", one)) for one in _items(value) if isinstance(one, Mapping))


def _value(one: Any) -> Any:
    if isinstance(one, Enum):
        return one.value
    if isinstance(one, (list, tuple)):
        return [_value(item) for item in cast("Sequence[Any]", one)]
    if isinstance(one, type) or not is_dataclass(one):
        return one
    found = {name: getattr(one, name, None) for name in _names(type(one))}
    content = found.get("content")
    if isinstance(content, (bytes, bytearray)):  # the bytes of a file stay here
        return embedded(bytes(content), found.get("mime_type"), _value(found.get("modality")))
    return {name: _value(value) for name, value in found.items() if value is not None or name not in _OPTIONAL}


@cache
def _names(cls: Any) -> tuple[str, ...]:
    """The fields of a dataclass: what it is comes first, as in the schemas."""
    return tuple(sorted((one.name for one in fields(cls)), key=lambda name: name not in ("type", "role")))
