"""A text as the rules read it: wide digits narrow, escapes gone, and every character still where it was.

Never shorter, never longer than the original: what is found there is cut out here. So an escape (`\\n`, `%40`,
`\\u90ae`) becomes as many characters as it was written with.
"""

from __future__ import annotations

import re

NOTHING = "\x7f"
"""Stands where an escape stood that means nothing here. No rule has it in a value, none takes it for a space."""

_SPACES = "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_NARROW = {
    **{wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)},
    **{zero + digit: ord("0") + digit for zero in (0x660, 0x6F0, 0x966) for digit in range(10)},
    **{ord(space): " " for space in _SPACES},
    **{ord(dash): "-" for dash in _DASHES},
}
# Wide punctuation is in every Chinese sentence and makes no difference alone: rules that care know `：` and `＝`.
_WIDE = re.compile(
    rf"[０-９Ａ-Ｚａ-ｚ＠．－＋＿／{_SPACES}{_DASHES}\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]+|[（）](?=[0-9０-９])"
)

# JSON within JSON doubles the backslashes each time. Quotes stay: how often one is escaped tells which go together.
_BACKSLASHED = re.compile(r"\\{1,8}(?:[nrtvf/]|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})")
_BLANK = {"n": "\n", "r": "\n", "v": "\n", "f": "\n", "t": "\t", "/": "/"}
# RFC 3986: of what is encoded in URLs only the characters that separate, and `@`.
_PERCENT = re.compile(r"%(?:2[0-9A-Fa-f]|3[A-Fa-f]|40|5[BbDd]|7[BbDd]|0[AaDd])")
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,24}m")  # ECMA-48, as terminals show it


def fold(text: str) -> str:
    """The text itself if there is nothing to fold."""
    if not text.isascii():
        text = _WIDE.sub(_narrow, text)
    if "\\" in text:
        text = _BACKSLASHED.sub(_unescape, text)
    if "%" in text:
        text = _PERCENT.sub(_unquote, text)
    if "\x1b" in text:
        text = _COLOUR.sub(_blank, text)
    return text


def _narrow(match: re.Match[str]) -> str:
    return match[0].translate(_NARROW)


def _unescape(match: re.Match[str]) -> str:
    return _BLANK.get(match[0][-1] if match[0][-2] == "\\" else "", NOTHING) * len(match[0])


def _unquote(match: re.Match[str]) -> str:
    return chr(int(match[0][1:], 16)) * 3


def _blank(match: re.Match[str]) -> str:
    return NOTHING * len(match[0])
