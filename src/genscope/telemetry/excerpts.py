"""The beginning of what was said, on one line: for logs that people read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, cast

from genscope.core import inert
from genscope.core.payload import to_json

_GAPS: Final = re.compile(r"[\s\x00-\x20\x7f-\xa0]+")
"""Whatever ends a line or steers a terminal, too."""
_AHEAD: Final = 4  # times as many characters are looked at as are shown: gaps get shorter
_JOINED: Final = 16  # characters that may belong to one another


def excerpt(text: Any, longest: int) -> str:
    """The beginning of `text`, at most `longest` characters on one line; an ellipsis says that it goes on."""
    return _line([text] if isinstance(text, str) else [], longest)


def question_excerpt(messages: Any, longest: int) -> str:
    """What the user said last."""
    for message in reversed(_dicts(messages)):
        if message.get("role") == "user":
            line = _line(_texts(message), longest)
            if line:
                return line
    return ""


def answer_excerpt(messages: Any, longest: int) -> str:
    """What the model said, in all of its choices; if it said nothing, which tools it called."""
    answers = _dicts(messages)
    said = _line((text for message in answers for text in _texts(message)), longest)
    return said or _line((call for message in answers for call in _calls(message, longest)), longest)


def _dicts(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, (list, tuple)):
        return []
    return [cast("dict[str, Any]", item) for item in cast("Sequence[Any]", value) if type(item) is dict]


def _texts(message: dict[str, Any]) -> Iterator[str]:
    for part in _dicts(message.get("parts")):
        if part.get("type") == "text" and isinstance(part.get("content"), str):
            yield part["content"]


def _calls(message: dict[str, Any], longest: int) -> Iterator[str]:
    for part in _dicts(message.get("parts")):
        if part.get("type") in ("tool_call", "server_tool_call"):
            arguments = part.get("arguments", part.get("server_tool_call"))
            yield f"{part.get('name')}({to_json(arguments, _AHEAD * longest) or ''})"


def _line(texts: Iterable[str], longest: int) -> str:
    """No more is looked at than there is room for."""
    found: list[str] = []
    room = longest * _AHEAD
    for text in texts:
        text = text.strip()
        found.append(text[: max(room, 0)])
        room -= len(text)
        if room < 0:
            break
    line = inert.clean(_GAPS.sub(" ", " ".join(found)).strip())
    return _cut(line, longest) if room < 0 or len(line) > longest else line


def _cut(line: str, longest: int) -> str:
    end = min(longest - 1, len(line))
    for _ in range(_JOINED):
        if not (0 < end < len(line) and _are_joined(line[end - 1], line[end])):
            break
        end -= 1
    return line[:end].rstrip() + "…"


def _are_joined(before: str, after: str) -> bool:
    """Would a cut between these characters make others of them: an accent, a joined emoji?"""
    return unicodedata.category(after)[0] == "M" or "\u200d" in (before, after)
