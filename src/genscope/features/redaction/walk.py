"""Redaction of whatever an application has put into its messages: each text at its path, the structure kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from fnmatch import translate
from typing import Any, Final, cast

from genscope.core.plain import plain

REMOVED: Final = "[REMOVED]"
FAILED: Final = "[REDACTION FAILED]"
SECRET: Final = "[SECRET]"

_SECRET_NAMES: Final = re.compile(
    r"(?:^|[-_. a-z])(?:pass(?:word|wd|phrase|code)|pwd|secret|credentials?|authorization|cookie|private[-_ ]?key"
    r"|(?:api|access|auth|account|encryption|signing|secret)[-_ ]?key"
    r"|(?:access|auth|api|bearer|refresh|session|id|secret)[-_ ]?token)$",
    re.IGNORECASE,
)
"""Names of fields whose value is a secret whatever it looks like."""

_STRUCTURE: Final = frozenset(
    (
        *("type", "role", "parts", "content", "name", "id", "arguments", "response", "finish_reason", "modality"),
        *("mime_type", "uri", "size", "file_id", "description", "parameters", "properties", "required"),
        *("server_tool_call", "server_tool_call_response", "generic_type"),
    )
)
"""Keys that are the conventions' words."""

_WORDS: Final = frozenset({"type", "role", "finish_reason", "modality", "mime_type", "generic_type"})
"""Keys whose values are, too, if they look it: a message from which all is removed still says what it was."""

_WORD: Final = re.compile(r"[a-z][a-z_]{0,31}")

_FREE: Final = frozenset({"arguments", "response", "server_tool_call", "server_tool_call_response"})
"""Keys of values that are all the application's, whatever their keys are called."""

_NODES: Final = 100_000
_DEPTH: Final = 64
_SMALL: Final = 100_000  # numbers below identify nobody


class Walk:
    """Redacts each text in a value of JSON's kinds by `redact(text, path)`; anything else becomes a plain copy first.

    Paths are dotted: `input.0.parts.0.content`. In the patterns of `allow` and `deny`, `*` is anything; what holds for
    a path holds for all beneath. Denied goes before allowed.
    """

    def __init__(
        self,
        redact: Callable[[str, str], str],
        on_fault: Callable[[Exception], None],
        allow: Collection[str] = (),
        deny: Collection[str] = (),
    ) -> None:
        self._redact = redact
        self._on_fault = on_fault
        self._allowed = _any_of(allow)
        self._denied = _any_of(deny)

    def value(self, value: Any, path: str) -> Any:
        """What may be seen of `value`: the same object if that is all of it."""
        try:
            return self._value(value, path, _Room())
        except _TooMuch:  # it has parts that occur many times, keys that are no texts, or itself in it
            return self._value(plain(value, _NODES // 2, _DEPTH)[0], path, _Room())

    def _value(self, value: Any, path: str, room: _Room, verdict: bool | None = None) -> Any:
        """`verdict` is what holds for all beneath: allowed (true), denied (false) or neither."""
        kind = cast("object", type(value))
        if kind is bool or value is None:
            return value
        room.left -= 1
        if room.left < 0 or room.depth > _DEPTH + 2:  # where a copy ends, it says so one deeper
            raise _TooMuch
        if verdict is not False and self._denied is not None and self._denied(path):
            verdict = False
        if verdict is None and self._allowed is not None and self._allowed(path):
            verdict = True
        if kind is str:
            return self._leaf(value, value, path, verdict)
        if kind is int or kind is float:
            return self._number(value, path, verdict)
        if kind is dict:
            return self._object(value, path, room, verdict)
        if kind is list or kind is tuple:
            return self._list(value, path, room, verdict)
        copy = plain(value, max(1, min(room.left, _NODES // 2)), max(1, _DEPTH - room.depth))[0]
        return self._value(copy, path, room, verdict)

    def _leaf(self, value: Any, text: str, path: str, verdict: bool | None) -> Any:
        if verdict is not None:
            return value if verdict else REMOVED
        found = self._redacted(text, path)
        return value if found == text else found

    def _redacted(self, text: str, path: str) -> str:
        try:
            return str.__str__(self._redact(text, path))  # TypeError if it is none
        except Exception as fault:  # nothing is shown that no rule has looked at
            self._on_fault(fault)
            return FAILED

    def _number(self, value: float, path: str, verdict: bool | None) -> Any:
        if verdict is None and -_SMALL < value < _SMALL:
            return value
        try:
            text = str(int(value)) if value == int(value) else str(value)
        except (ValueError, OverflowError):  # not finite, or of thousands of digits
            text = REMOVED
        return self._leaf(value, text, path, verdict)

    def _object(self, value: dict[Any, Any], path: str, room: _Room, verdict: bool | None) -> Any:
        found: dict[str, Any] = {}
        changed = False
        room.depth += 1
        for key, item in list(value.items()):
            if type(key) is not str:
                raise _TooMuch
            place = f"{path}.{key}"
            name = key if key in _STRUCTURE else self._key(key, path, verdict, found)
            if key in _WORDS and not room.free and type(item) is str and _WORD.fullmatch(item):
                seen = item
            else:
                room.free += key in _FREE
                seen = self._value(item, place, room, verdict)
                room.free -= key in _FREE
                if verdict is None and seen is item and self._is_secret(key, item, place):
                    seen = SECRET
            changed = changed or seen is not item or name is not key
            found[name] = seen
        room.depth -= 1
        return found if changed else value

    def _is_secret(self, key: str, item: Any, place: str) -> bool:
        if type(item) not in (str, int) or item == "" or not _SECRET_NAMES.search(key):
            return False
        return self._allowed is None or not self._allowed(place)

    def _key(self, key: str, path: str, verdict: bool | None, taken: Collection[str]) -> str:
        name = key if verdict is True else REMOVED if verdict is False else self._redacted(key, path)
        if name == key:
            return key
        unique, count = name, 1
        while unique in taken:
            count += 1
            unique = f"{name} {count}"
        return unique

    def _list(self, value: Any, path: str, room: _Room, verdict: bool | None) -> Any:
        room.depth += 1
        items = list(value)
        found = [self._value(item, f"{path}.{index}", room, verdict) for index, item in enumerate(items)]
        room.depth -= 1
        return found if any(seen is not item for seen, item in zip(found, items, strict=True)) else value


class _Room:
    """How much may still be looked at, how deep this is, and whether it is in what is all the application's."""

    __slots__ = ("depth", "free", "left")

    def __init__(self) -> None:
        self.left = _NODES
        self.depth = 0
        self.free = 0


class _TooMuch(Exception):
    """Rather a plain copy of it."""


def _any_of(patterns: Collection[str]) -> Callable[[str], Any] | None:
    return re.compile("|".join(map(translate, patterns))).match if patterns else None
