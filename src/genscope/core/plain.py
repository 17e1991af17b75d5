"""Any value of an application as plain JSON values: a copy of bounded size, whatever the value is like."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice, takewhile
from typing import Any, Final

from genscope.core import inert

OMITTED: Final = "…"
"""The key under which an object says how much was left out of it."""

Copy = dict[str, Any] | list[Any]

_LEADING: Final = 8  # so many system messages at the start of a conversation go before older messages
_MESSAGE: Final = 5  # nodes in a message: its role, its parts, and a part with its type and content
_LARGE: Final = 16  # members of an object that is rather shown in part than not at all


def plain(value: Any, nodes: int, depth: int) -> tuple[Any, int]:
    """A copy of `value` in plain dicts, lists and scalars, and the number of nodes that it has.

    At most `nodes` (1 or more) values in all, nested at most `depth` deep. Where that is not enough, an item may take
    half of what is left, so that it cannot starve those after it. Of a conversation (a list of objects with a
    `role`) the newest message comes first, then the leading system messages, then the rest from new to old. Left out
    are the last items of other lists, and the last members of an object, but never its `type`; an object and a list of
    scalars say how many. What was an object stays one, what was a list stays one. Texts are as `inert.scalar` gives
    them.
    """
    whole: list[Any] = []
    root = _Frame(None, whole, [(0, value)], 1)
    root.left = nodes
    frames = [root]
    path: set[int] = set()
    while True:
        frame = frames[-1]
        if not frame.waiting or frame.left <= 0:
            frame.close()
            frames.pop()
            if not frames:
                return whole[0], nodes - root.left
            if not frame.circular:
                path.discard(id(frame.source))
            frames[-1].left += frame.left
            continue
        place, item = frame.waiting.pop()
        frame.left -= 1
        kind = inert.type_of(item)
        if kind is str or kind is int or kind is float or kind is bool or item is None:
            frame.put(place, inert.scalar(item))
            continue
        circular = id(item) in path
        closed = circular or len(frames) > depth
        room = 0 if closed else frame.left // 2 if frame.waiting else frame.left
        seen = _seen(item, room)
        if type(seen) is not _Frame:
            frame.put(place, seen)
        elif not closed and frame is not root and frame.has_no_place_for(seen, room):
            frame.waiting.clear()
        else:
            frame.put(place, seen.copy)
            frame.left -= room
            seen.left = room
            seen.circular = circular
            frames.append(seen)
            path.add(id(seen.source))


class _Frame:
    """A container on the way: its copy, what is still to be put into that, and how many nodes this may take."""

    __slots__ = ("circular", "copy", "kind", "left", "objects", "places", "reordered", "source", "total", "waiting")

    def __init__(self, source: Any, copy: Copy, found: list[tuple[Any, Any]], total: int, reordered: bool = False):
        self.source = source  # held, so that nothing else gets its id
        self.copy = copy
        self.kind: str | None = None
        self.objects = isinstance(copy, list) and bool(found) and inert.has_members(found[0][1])
        self.waiting = found[::-1]
        self.total = total
        self.reordered = reordered
        self.places: list[Any] = []
        self.circular = False
        self.left = 0

    def put(self, place: Any, value: Any) -> None:
        self.places.append(place)
        if isinstance(self.copy, list):
            self.copy.append(None if value is inert.ABSENT else value)
        elif value is not inert.ABSENT:
            self.copy.setdefault(inert.key(place), value)

    def has_no_place_for(self, item: _Frame, room: int) -> bool:
        """Rather no message, and no part, than one without its fields."""
        if not (isinstance(self.copy, list) and isinstance(item.copy, dict)):
            return False
        return room < (_MESSAGE if self.reordered else min(item.total, _LARGE))

    def close(self) -> None:
        if self.reordered and isinstance(self.copy, list):
            order = sorted(range(len(self.copy)), key=self.places.__getitem__)
            self.copy[:] = [self.copy[index] for index in order]
        missing = self.total - len(self.places)
        if missing <= 0:
            return
        if isinstance(self.copy, dict):
            if self.kind is not None and "type" not in self.copy:
                self.copy["type"] = self.kind
                missing -= 1
            if missing:
                self.copy[OMITTED] = "[circular]" if self.circular else f"[+{missing} members]"
        elif not self.objects:  # among messages or parts a text would be neither
            self.copy.append("[circular]" if self.circular else f"[+{missing} items]")


def _seen(value: Any, room: int) -> Any:
    """A scalar; or a container with as many of its contents as there is `room` for."""
    try:
        value = inert.of_enum(value)
        return _opened(value, room) or inert.scalar(value)
    except Exception:  # a container that changes all the time, a time zone that fails
        return f"[{inert.type_name(value)}]"


def _opened(value: Any, room: int) -> _Frame | None:
    members = inert.members(value)
    if members is not None:
        return _object(value, members, room)
    messages = inert.sequence(value, last=lambda item: _role(item) is not None)
    if messages is not None:
        return _conversation(value, messages, room)
    found = inert.items(value, max(room, 1))  # one in any case: it says what this is a list of
    return found and _Frame(value, [], list(enumerate(found[0])), found[1])


def _object(source: Any, members: dict[Any, Any], room: int) -> _Frame:
    frame = _Frame(source, {}, inert.taken(inert.DICT.items, members, room), inert.DICT.__len__(members))
    frame.kind = inert.text_at(members, "type")
    return frame


def _conversation(source: Any, messages: Sequence[Any], room: int) -> _Frame:
    last = len(messages) - 1
    leading = sum(1 for _ in takewhile(_is_system, messages[: min(last, _LEADING)]))
    places = islice(chain((last,), range(leading), range(last - 1, leading - 1, -1)), max(room, 1))
    return _Frame(source, [], [(place, messages[place]) for place in places], last + 1, reordered=True)


def _role(message: Any) -> str | None:
    return inert.text_at(message, "role") if issubclass(type(message), dict) else None


def _is_system(message: Any) -> bool:
    return _role(message) in ("system", "developer")
