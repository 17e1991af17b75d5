"""HTML that is escaped unless it was made here: `element("td", name)` is safe, whatever the name is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Final

_VOID: Final = frozenset({"meta", "br", "link"})
# What HTML and XML do not allow in a text, and what turns the direction of the text around it.
_HARMFUL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")


class Markup(str):
    """HTML as it stands."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Fit for content and for a quoted attribute."""
    return value if isinstance(value, Markup) else Markup(escape(_HARMFUL.sub("\ufffd", str(value))))


def element(tag: str, *children: object, **attributes: object) -> Markup:
    """Names of attributes as in HTML, with `_` for `-`, and `class_`. Attributes that are None, and children, are left
    out."""
    said = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{text(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{tag}{said}>" if tag in _VOID else f"<{tag}{said}>{joined(children)}</{tag}>")


def joined(children: Iterable[object]) -> Markup:
    """One after the other; lists of them as if they stood there, None as nothing."""
    parts: list[str] = []
    for child in children:
        if isinstance(child, str):
            parts.append(text(child))
        elif isinstance(child, Iterable):
            parts.append(joined(child))  # pyright: ignore[reportUnknownArgumentType]
        elif child is not None:
            parts.append(text(child))
    return Markup("".join(parts))


def shortened(value: str, most: int) -> str:
    return value if len(value) <= most else value[: most - 1] + "…"
