"""A streamed chat completion with what is said in it."""

from __future__ import annotations

from base64 import b64decode
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from genscope.wire.choices import StreamedChat, index_of
from genscope.wire.fields import count, listed, members, objects, text
from genscope.wire.json_values import items, words

_Pieces = dict[str, list[Any]]
"""What came for one choice, by the field of its message."""


class Transcript(StreamedChat):
    """Keeps the pieces of each choice as they come; `said` puts them together as the messages of a whole answer."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: dict[int, _Pieces] = {}
        self._text: list[Any] | None = None
        """The pieces of text of the first choice, once there are some."""

    def fold(self, chunk: Any) -> None:
        try:  # nearly every chunk is one choice with nothing but more text
            (choice,) = chunk.choices
            delta = choice.delta
            if (
                delta.__pydantic_fields_set__ == _ONLY_TEXT
                and delta.content
                and choice.index == 0
                and not choice.finish_reason
                and chunk.usage is None
            ):
                self._text.append(delta.content)  # pyright: ignore[reportOptionalMemberAccess]
                return
        except (AttributeError, TypeError, ValueError):
            pass
        self._fold_any(chunk)

    def _fold_any(self, chunk: Any) -> None:
        super().fold(chunk)
        try:
            choices = chunk.choices
        except AttributeError:
            choices = getattr(objects(chunk), "choices", None)
        for place, choice in enumerate(listed(choices)):
            for name, value in members(getattr(choice, "delta", None)).items():
                if value and name in _KEPT:
                    index = index_of(choice, place)
                    if index is not None:
                        pieces = self._pieces.get(index) or self._pieces.setdefault(index, defaultdict(list))
                        keep = _KEPT[name]
                        if keep is None:
                            pieces[name].append(value)
                            if name == "content" and index == 0:
                                self._text = pieces[name]
                        else:
                            pieces[name].extend(keep(value))

    def said(self) -> Iterator[tuple[Mapping[str, Any], str | None]]:
        """The message and the finish reason of each choice, in order; what never finished has none."""
        for pieces, reason in self.numbered(self._pieces):
            message = {} if pieces is None else {name: _WHOLE.get(name, _joined)(pieces[name]) for name in pieces}
            yield message, reason


_ONLY_TEXT: Final = {"content"}

CallPiece = tuple[Any, Any, Any, Any, bool]
"""Index, id, name and arguments of a delta of a tool call, and whether it is a custom one.

The SDK's own objects for it are many times larger.
"""


def call_pieces(value: Any) -> list[CallPiece]:
    return [_call(call) for call in items(value)]


def _call(call: Any) -> CallPiece:
    try:
        called = call.function
        return call.index, call.id, called.name, called.arguments, False
    except AttributeError:
        said = members(call)
        custom, function = members(said.get("custom")), members(said.get("function"))
        name, arguments = custom.get("name") or function.get("name"), custom.get("input") or function.get("arguments")
        return said.get("index"), said.get("id"), name, arguments, bool(custom)


def _fields(value: Any) -> tuple[Mapping[str, Any]]:
    return (members(value),)


_KEPT: Final[Mapping[str, Callable[[Any], Sequence[Any]] | None]] = {
    "content": None,
    "reasoning_content": None,
    "reasoning": None,
    "refusal": None,
    "role": None,
    "tool_calls": call_pieces,
    "function_call": _fields,
    "audio": _fields,
    "images": items,
}
"""What a delta may bring, and which pieces of it are kept; None: it is one itself."""


def _joined(pieces: Sequence[Any]) -> Any:
    """Text; lists of parts, which some servers send instead, make one list."""
    try:
        return "".join(pieces)
    except TypeError:
        return [part for piece in pieces for part in (items(piece) or (piece,))]


def _first(pieces: Sequence[Any]) -> Any:
    return pieces[0]


def whole_calls(pieces: Sequence[CallPiece]) -> list[dict[str, Any]]:
    """The pieces of a call have its index in common. Some servers give all calls the same one, or none."""
    calls: list[_Call] = []
    latest: dict[int | None, _Call] = {}
    for index, id, name, arguments, custom in pieces:
        index = count(index)
        call = latest.get(index)
        if call is None or id or name or custom:  # not just more of its arguments
            id, name = text(id), text(name)
            if call is None or (name and (index is None or id not in (None, call.id))):
                call = latest[index] = _Call(index)
                calls.append(call)
            call.id, call.name, call.custom = call.id or id, call.name or name, call.custom or custom
        if arguments:
            call.arguments.append(arguments)
    return [call.whole() for call in sorted(calls, key=lambda call: call.index or 0)]


@dataclass
class _Call:
    index: int | None
    id: str | None = None
    name: str | None = None
    custom: bool = False
    arguments: list[Any] = field(default_factory=list[Any])

    def whole(self) -> dict[str, Any]:
        kind, key = ("custom", "input") if self.custom else ("function", "arguments")
        try:
            arguments = "".join(self.arguments)
        except TypeError:  # an object instead of its text
            arguments = self.arguments[-1]
        return {"type": kind, "id": self.id, kind: {"name": self.name, key: arguments}}


def _texts(pieces: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    return list(filter(None, (words(piece.get(key)) for piece in pieces)))


def _function(pieces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: "".join(_texts(pieces, name)) for name in ("name", "arguments")}


def _sound(pieces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    data = _texts(pieces, "data")
    try:
        whole = b"".join(map(b64decode, data))  # each piece may have a padding of its own
    except ValueError:
        whole = "".join(data)
    ids = _texts(pieces, "id")
    return {"id": ids[0] if ids else None, "transcript": "".join(_texts(pieces, "transcript")), "data": whole}


_WHOLE: Final[Mapping[str, Callable[[Sequence[Any]], Any]]] = {
    "role": _first,
    "tool_calls": whole_calls,
    "function_call": _function,
    "audio": _sound,
    "images": list,
}
"""How pieces make a whole; those of text are joined."""
