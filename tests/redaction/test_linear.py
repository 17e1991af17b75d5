"""Time grows with the text, not faster, whatever is in it.

A quadratic rule takes 64 times as long for 8 times the text, a linear one 8 times. The CPU time of this process is
compared with itself, the best of several tries; no figure depends on the machine.
"""

from __future__ import annotations

import random
import re
import time
from itertools import pairwise

import pytest

from genscope.features.redaction import Redactor, Rule, by_label, make_redactor
from genscope.features.redaction.rules_keys import VENDORS
from genscope.features.redaction.seeking import Text

from .values import VALUES

SHORT = 2_000
TIMES = 8
ALLOWED = 3 * TIMES
FLOOR = 0.002
"""Seconds below which a measurement says nothing."""

HOSTILE = [
    "a", "A", "1", "0", " ", "\n", "\x00", "-", "_", "=", ":", "@", ".", '+', "(", "%", "\\", '"', "'", "é", "あ",
    "０", "＠", "😀", "\ud800", "a@", "a@.", "a@a.", "@a", "a.", "あ@", "é@", "@xn--", "a-", "a1", "1-", "1 ", "1.",
    "1/", "1/1/", "4111 ", "4111-", "4111111111111111 ", "((0", "(0", "00 ", '+1', '+1 ', '+49 30 ', "030 ",
    "1.1.1.1", "192.168.1.", "123-45-", "DE89 ", "DE89", "2001:", "f:", "2:", "eyJ", "eyJ.", "eyJaaaaaaaaaa.",
    "eyJhbGciOiJub25lIn0.", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\n",
    "-----BEGIN PRIVATE KEY----- " + "a" * 60 + " ", "-----BEGIN PRIVATE KEY-----a-a-", "://", "://a:", "://a:b",
    "://?", "://a?b", "a:b@", "password=", 'password="', "password='", 'password=\\"', "password: ", "password=a&",
    "password=a,", "password is ", "password=$a", "密码是", "token=", "token='", "key=", "api_key=", "secret",
    "secret ", "secret key ", "--token ", "</password>", "pass", "Bearer ", "bearer a", "Basic ", "sk-", "sk-a1",
    "ghp_", "AKIA", "SG.", "12345678:AA", "\\n", "\\u0041", "\\\\\\", "%40", "%", "\x1b[", "\x1b[1m", "phone: 1 ",
    "tel ", "order ", "[EMAIL:123456789012]", "[SECRET]", "[", '{"password": "', "&a=", "?a=",
]  # fmt: skip


def seconds(redactor: Redactor, text: str) -> float:
    start = time.process_time()
    redactor.find(text)
    return time.process_time() - start


def best(redactor: Redactor, unit: str, length: int, tries: int = 2) -> float:
    text = (unit * (length // len(unit) + 1))[:length]
    return min(seconds(redactor, text) for _ in range(tries))


def grows_linearly(redactor: Redactor, unit: str, factors: tuple[int, ...] = (1, 2, 4)) -> bool:
    """Measured again, longer, before it is called quadratic: what is at work beside us is slow once, not always."""
    for factor in factors:
        one = max(best(redactor, unit, SHORT * factor), FLOOR)
        if best(redactor, unit, SHORT * factor * TIMES, tries=2) <= ALLOWED * one:
            return True
    return False


STRICT = make_redactor("strict")
"""Has all rules."""


@pytest.mark.parametrize("unit", HOSTILE, ids=ascii)
def test_repeated(unit: str) -> None:
    assert grows_linearly(STRICT, unit)


def test_a_quadratic_rule_is_noticed() -> None:
    assert not grows_linearly(Redactor([Rule("slow", re.compile("a*b"))], by_label), "a", factors=(1,))


@pytest.mark.parametrize("unit", sorted({beginning for _, beginnings, _ in VENDORS for beginning in beginnings}))
def test_beginnings_of_keys(unit: str) -> None:
    assert grows_linearly(STRICT, unit)


@pytest.mark.parametrize("name", sorted(VALUES))
def test_what_is_found_all_over(name: str) -> None:
    assert grows_linearly(STRICT, VALUES[name] + " ")
    assert grows_linearly(STRICT, VALUES[name])


@pytest.mark.parametrize("seed", range(6))
def test_made_of_hostile_pieces(seed: int) -> None:
    draw = random.Random(seed)
    assert grows_linearly(STRICT, "".join(draw.choices(HOSTILE, k=400)))


def test_a_megabyte_of_the_worst() -> None:
    """It is done at all: a quadratic rule would take hours, and faulthandler would end the run."""
    for unit in ("a@", "eyJ", "password=", "://a:"):
        STRICT.find(unit * (1_000_000 // len(unit)))


def test_windows_do_not_overlap() -> None:
    """Counted, not timed: however close the literals stand, a pattern that searches is given each character once."""
    for unit in HOSTILE:
        text = Text(unit * (5_000 // len(unit)))
        for where, rules in STRICT._plan:
            if not any(rule.anchored for _, rule in rules):
                windows = where(text)
                assert all(end < start for (_, end), (start, _) in pairwise(windows))
