"""How a text is read: folded, and backwards from a match to the words before it."""

from __future__ import annotations

import re

import pytest

from genscope.features.redaction.beside import after
from genscope.features.redaction.folding import fold


@pytest.mark.parametrize(
    "text, folded",
    [
        ("plain", "plain"),
        ("０９０－１２３４", "090-1234"),
        ("ａ＠ｂ．ｃｏｍ", "a@b.com"),
        ("、（注）：", "、（注）："),
        ("０３（１２３４）５", "03(1234)5"),
        ("a\u00a0b\u2011c", "a b-c"),
        ("\u0661\u06f2", "12"),
        ("a\\nb\\\\\\tc", "a\n\nb\t\t\t\tc"),
        ("\\u90aea", "\x7f" * 6 + "a"),
        ("\\q\\", "\\q\\"),
        ("a%40b%3D", "a@@@b==="),
        ("100%", "100%"),
        ("\x1b[31mx", "\x7f" * 5 + "x"),
    ],
)
def test_folding_moves_nothing(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert len(folded) == len(text)


@pytest.mark.parametrize(
    "text, says",
    [
        ("tel 5", True),
        ("tel number: 5", True),
        ("motel 5", False),
        ("tel, 5", False),
        ("my_tel=5", True),
        ("電話は5", True),
    ],
)
def test_words_before_a_match(text: str, says: bool) -> None:
    match = re.search("5", text)
    assert match is not None
    assert after("tel 電話", between="number")(match) is says
