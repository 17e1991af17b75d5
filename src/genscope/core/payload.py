"""The content of a call as JSON that is valid and of bounded size, whatever an application has put into its messages.

What is ordinary and small enough costs hardly more than its encoding. Of all else a plain copy is made (`core.plain`)
and made to fit: first its long texts lose their middle, each the same cap; where they would get too short to be of use,
the copy gets smaller instead, by older messages first. Nothing stands in the place of a message or part left out, so
that what is valid by the schemas of the conventions stays valid. A text may have a limit of its own besides.
"""

from __future__ import annotations

import gc
import json
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

from genscope.core import inert
from genscope.core.plain import Copy, plain

DEPTH_OF_JSON: Final = 64
DEPTH_OF_VALUES: Final = 24
"""Each level takes three in OTLP, where readers stop at 100."""

_NODES: Final = 50_000  # in the copy of what is not ordinary or too large
_USEFUL: Final = 128  # bytes: rather no old message than texts shorter than this
_SHORTEST: Final = 32  # bytes: room for every `type` and `role`, and for the beginning of a text
_JOINED: Final = 16  # characters that may belong to one another
_FEW: Final = 16  # nodes: the newest message and a system message; these may get shorter than what is useful
_MANY: Final = 64  # nodes

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_encode_sorted = json.JSONEncoder(allow_nan=False, separators=(",", ":"), sort_keys=True).encode
_decode = json.JSONDecoder(parse_int=lambda digits: inert.whole(int(digits))).decode
_are_plain = frozenset((dict, list, tuple, str, int, float, bool, type(None))).issuperset
_have_length = frozenset((dict, list, tuple, str)).issuperset


def to_json(value: Any, max_bytes: int, max_text: int | None = None, depth: int = DEPTH_OF_JSON) -> str | None:
    """`value` as JSON of at most `max_bytes` bytes of UTF-8; None if not even an empty value has so few.

    No text in it has more than `max_text` bytes, where these are 32 or more. Keys are no texts.
    """
    max_text = None if max_text is None else max(max_text, _SHORTEST)
    try:
        if _is_ordinary(value, max_bytes, max_text, depth):
            text = _encode(value)
            if _fits(text, max_bytes):
                return text
    except Exception:  # numbers and keys that JSON lacks, a lone surrogate, no memory for all of it
        pass
    try:
        return _fitted(value, max_bytes, max_text, depth)
    except Exception:
        return _empty(value, max_bytes)


def to_plain(value: Any, max_bytes: int, max_text: int | None = None) -> Any:
    """A copy of `value` for a log record, as JSON of at most `max_bytes` bytes; None if an empty value has more.

    It is built of dicts with texts as keys, lists, texts, numbers of 64 bits, bools and None.
    """
    return from_json(to_json(value, max_bytes, max_text, DEPTH_OF_VALUES))


def from_json(text: str | None) -> Any:
    """What `to_json` has written, with numbers of 64 bits; None if it cannot be read."""
    try:
        return None if text is None else _decode(text)
    except Exception:  # the application's own stack, or the memory, is nearly used up
        return None


def canonical(value: Any, max_bytes: int) -> str | None:
    """One text for all that is the same in JSON; None of what is not ordinary, or certainly too large."""
    try:
        return _encode_sorted(value) if _is_ordinary(value, max_bytes, None, DEPTH_OF_JSON) else None
    except Exception:  # keys of several types; see above
        return None


def _is_ordinary(value: Any, max_bytes: int, max_text: int | None, depth: int) -> bool:
    """Is `value` built of nothing but JSON's own types, none too deep, and not certainly too large to be encoded?

    Level by level, each by a few calls into C, for this is asked of all content. What occurs twice counts twice, so
    this ends for cycles, and for lists of lists of the same list, soon.
    """
    level = [value]
    nodes = (max_bytes + 1) // 2  # each has a character, and all but one a comma or bracket
    characters = max_bytes
    for _ in range(depth + 1):
        if _have_length(map(type, level)):
            characters -= sum(map(len, level))
        elif not _are_plain(map(type, level)):
            return False
        if max_text is not None and any(type(one) is str and _is_long(one, max_text) for one in level):
            return False
        nodes -= len(level)
        if nodes < 0 or characters < 0:
            return False
        level = gc.get_referents(*level)  # of a list its items, of a dict its values (and keys that are no texts)
        if not level:
            return True
    return False


def _is_long(text: str, max_text: int) -> bool:
    if text.isascii() or len(text) > max_text:
        return len(text) > max_text
    return len(text) * 4 > max_text and len(text.encode("utf-8", "surrogatepass")) > max_text


def _fits(text: str, max_bytes: int) -> bool:
    """Raises UnicodeEncodeError for lone surrogates."""
    if text.isascii():
        return len(text) <= max_bytes
    # where it is far from the limit, UTF-16 says so sooner: two bytes of it are at most three of UTF-8
    if len(text) * 3 <= max_bytes and len(text.encode("utf-16-le")) * 3 <= max_bytes * 2:
        return True
    return len(text.encode()) <= max_bytes


def _empty(value: Any, max_bytes: int) -> str | None:
    if max_bytes < 2:
        return None
    return "{}" if inert.has_members(value) else "[]" if inert.is_collection(value) else '""'


def _fitted(value: Any, max_bytes: int, max_text: int | None, depth: int) -> str | None:
    nodes = min(_NODES, (max_bytes + 1) // 2)
    while nodes > 0:
        copy, used = plain(value, nodes, depth)
        least = 0 if isinstance(copy, str) else _SHORTEST if used <= _FEW else _USEFUL
        text, needed = _shortened(copy, max_bytes, max_text, least)
        if text is not None:
            return text
        # many at once while there are many, as the excess says; of few one after the other
        nodes = min(used * max_bytes // needed, used * 7 // 8) if used > _MANY else used - 1
    return _empty(value, max_bytes)


def _shortened(copy: Any, max_bytes: int, max_text: int | None, least: int) -> tuple[str | None, int]:
    """The JSON of a plain value with its texts cut to the same cap; None if that cap would be below `least` bytes.

    And the bytes that this takes at least. No text is encoded as a whole that cannot be shown as a whole.
    """
    whole = [copy]
    places = list(_texts(whole))
    texts: list[str] = [container[place] for container, place in places]
    longest = _cap([len(text) for text in texts], max_bytes)
    sizes: list[int] = []
    long: set[int] = set()
    for index, (container, place) in enumerate(places):
        if max_text is not None and _is_long(texts[index], max_text):
            long.add(index)
            sizes.append(max_text)
        elif len(texts[index]) <= longest:
            texts[index] = inert.clean(texts[index])
            sizes.append(_size(texts[index]))
        else:
            sizes.append(len(texts[index]))  # it is larger than this, and this is larger than any cap
        container[place] = ""
    frame = bytes_of(_encode(whole)) - 2
    needed = frame + sum(min(size, least) for size in sizes)
    if needed > max_bytes:
        return None, needed
    cap = _cap(sizes, max_bytes - frame)
    for index, (container, place) in enumerate(places):
        is_whole = sizes[index] <= cap and index not in long
        container[place] = texts[index] if is_whole else _cut(texts[index], min(sizes[index], cap))
    return _encode(whole)[1:-1], needed


def _texts(whole: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Where the texts of a plain value are: each container that has one, with the key or index."""
    containers: list[Copy] = [whole]
    for container in containers:  # it grows on the way
        pairs: Iterable[tuple[Any, Any]] = container.items() if isinstance(container, dict) else enumerate(container)
        for place, item in pairs:
            if isinstance(item, str):
                yield container, place
            elif isinstance(item, (dict, list)):
                containers.append(cast("Copy", item))


def _cap(sizes: list[int], room: int) -> int:
    """The largest cap for which the sizes, each cut to it, add up to no more than `room`."""
    waiting = len(sizes)
    cap = 0
    for size in sorted(sizes):
        cap = room // waiting
        if size > cap:
            break
        room -= size
        waiting -= 1
        cap = size
    return cap


def _cut(text: str, room: int) -> str:
    """The beginning and the end of a text that has no place in `room` bytes, and how much is missing between."""
    spare = room - _size(_missing(len(text), len(text)))
    if spare < 8:
        return inert.clean(text[: _part(text, room - 3)]) + "…" if room >= 3 else ""
    head = _part(text, spare - spare // 2)
    tail = _part(text, spare // 2, at_end=True)
    end = len(text) - tail
    return inert.clean(text[:head]) + _missing(end - head, len(text)) + inert.clean(text[end:])


def _missing(characters: int, of: int) -> str:
    return f"…[+{characters} of {of} chars]…"


def _part(text: str, room: int, *, at_end: bool = False) -> int:
    """How many characters, at the beginning or the end of a text, have a place in `room` bytes."""
    count = min(room, len(text))
    while count:
        part = text[len(text) - count :] if at_end else text[:count]
        size = _size(inert.clean(part))
        if size <= room:
            break
        count = count * room // size  # by how dense it is: a few steps, and never less than a sixth of the room
    for _ in range(_JOINED):
        cut = len(text) - count if at_end else count
        if not (0 < cut < len(text) and count and _are_joined(text[cut - 1], text[cut])):
            break
        count -= 1
    return count


def _are_joined(before: str, after: str) -> bool:
    """Would a cut between these characters make others of them: an accent, a joined emoji, a surrogate pair?"""
    return (
        unicodedata.category(after)[0] == "M"
        or "\u200d" in (before, after)
        or ("\ud800" <= before < "\udc00" <= after <= "\udfff")
    )


def _size(text: str) -> int:
    """The bytes of a text within JSON, without its quotes."""
    return bytes_of(_encode(text)) - 2


def bytes_of(text: str) -> int:
    """Of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())
