"""What was said, as a hash and a length: the same prompt is found again without being stored anywhere."""

from __future__ import annotations

import json
from typing import Any, Final

from genscope.core import inert
from genscope.core.messages import Content, Message, Part, message
from genscope.core.payload import to_json

_DIGITS: Final = 16
_ROOM: Final = 1 << 20  # bytes of JSON, of all that is no text: what exceeds it is cut before it is hashed
_MEMBERS: Final = 10_000  # of a collection that is neither list nor tuple
_LISTS: Final = (list, tuple)
_CALLS: Final = frozenset(("tool_call", "tool_call_response", "server_tool_call", "server_tool_call_response"))
"""Parts whose `id` only joins two of them: every answer has new ones, whatever it says."""


def fingerprint(value: Any, key: str | None) -> tuple[str, int] | None:
    """The first 16 hex digits of the SHA-256 of what `value` says, and its length; None if nothing is said there.

    `value` is a list of messages or of parts, as in `core.messages`. With a `key` the hash is an HMAC: without one,
    whoever has the hash can try what it is the hash of. Hashed are roles, names, texts, tool calls with their
    arguments, results and references to files, in their order: not why an answer ended, nor the ids of tool calls.
    The length counts the characters of the texts, those that tools gave back too, and no reasoning. It never raises.
    """
    try:
        said, length = _Canon().form(value)
        return None if said is None else (_digest(said, key), length)
    except Exception:  # the application's own stack, or the memory, is nearly used up
        return None


def prompt_of(content: Content) -> list[Message]:
    """All that the model was told: instructions that stand apart from the messages are the first of these."""
    said = list(_items(content.input))
    instructions = _items(content.instructions)
    return [message("system", instructions), *said] if instructions else said


def _digest(said: str, key: str | None) -> str:
    import hashlib  # here: it brings OpenSSL, which takes longer to load than all of ours
    import hmac

    data = said.encode()
    made = hmac.new(key.encode("utf-8", "surrogatepass"), data, "sha256") if key else hashlib.sha256(data)
    return made.hexdigest()[:_DIGITS]


class _Canon:
    """One form for all ways to say the same: JSON text in ASCII, keys sorted."""

    def __init__(self) -> None:
        self._room = _ROOM
        self._characters = 0
        self._parts = 0

    def form(self, value: Any) -> tuple[str | None, int]:
        """The form, None of nothing, and how many characters its texts have."""
        if issubclass(inert.type_of(value), str):  # a stage that screens content may have put a word in its place
            value = [{"type": "text", "content": value}]
        found = [self._member(item) for item in _items(value)]
        if not self._parts:
            return None, 0
        return json.dumps(found, sort_keys=True, separators=(",", ":")), self._characters

    def _member(self, item: Any) -> Any:
        """A message, or a part that stands for itself."""
        said = _dict(item) or _dict(self._plain(item))
        if said is None or "parts" not in said:
            return self._part(said or item)
        return [inert.text_at(said, "role"), inert.text_at(said, "name"), self._list(said["parts"])]

    def _list(self, parts: Any, *, nested: bool = False) -> list[Any]:
        return [self._part(part, nested) for part in _items(parts)]

    def _part(self, part: Any, nested: bool = False) -> Any:
        """`nested` in the result of a tool: what a part like that has inside is no part to us."""
        self._parts += 1
        found = _dict(part)
        if found is None:
            return self._plain(part)
        kind = inert.text_at(found, "type")
        if kind in ("text", "reasoning"):
            text = inert.text_at(found, "content")
            if text is not None:
                return [kind, self._text(text) if kind == "text" else text]
        if kind == "tool_call_response" and not nested:
            return [kind, self._result(found)]
        unsaid = ("type", "id") if kind in _CALLS else () if kind is None else ("type",)
        return [kind, self._plain({name: item for name, item in found.items() if name not in unsaid})]

    def _result(self, part: Part) -> Any:
        text, response = inert.text_at(part, "response"), part.get("response")
        if text is not None:
            return self._text(text)
        return self._list(response, nested=True) if inert.type_of(response) in _LISTS else self._plain(response)

    def _text(self, text: str) -> str:
        self._characters += len(text)
        return text

    def _plain(self, value: Any) -> Any:
        """Anything else, as JSON has it: lists for tuples, texts for dates, and not more than there is room for."""
        if inert.type_of(value) is str or value is None:
            return value
        written = to_json(value, self._room)
        if written is None:
            return None
        self._room -= len(written)
        return json.loads(written)


def _dict(value: Any) -> dict[Any, Any] | None:
    return value if inert.type_of(value) is dict else None


def _items(value: Any) -> Any:
    """The members of a list or tuple; those of another collection too, if reading does not use them up."""
    if inert.type_of(value) in _LISTS:
        return value
    found = None if value is None else inert.items(value, _MEMBERS)
    return () if found is None else found[0]
