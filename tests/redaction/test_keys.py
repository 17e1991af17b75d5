"""The keys of vendors: one of each is found, what only begins like one is not."""

from __future__ import annotations

import random
import re
import string

import pytest

from genscope.features.redaction import make_redactor
from genscope.features.redaction.rules_keys import VENDORS

DEFAULT = make_redactor()


def _example(beginning: str, rest: str) -> str:
    """A text that the pattern matches, or a piece of one that is long enough: by trying characters of its kind."""
    draw = random.Random(beginning)
    if beginning.startswith("hooks"):
        return "hooks.slack.com/services/T0AB1CD2E/B0AB1CD2E/" + "".join(draw.choices(string.ascii_letters, k=24))
    if beginning.startswith("discord"):
        return beginning + "123456789012345678/" + "".join(draw.choices(string.ascii_letters + string.digits, k=68))
    for alphabet in ("0123456789abcdef", string.ascii_uppercase + string.digits, string.ascii_letters + string.digits):
        for length in range(8, 200):
            body = "".join(draw.choices(alphabet, k=length))
            for text in (body, f"{body[:22]}.{body[22:]}", f"{body[:24]}-{body[24:]}"):
                if text[-1].isalnum() and re.fullmatch(rest, text, re.ASCII):
                    return beginning + text
    raise AssertionError(f"no example for {beginning}")


@pytest.mark.parametrize(
    "beginning, rest", [(beginning, rest) for _, beginnings, rest in VENDORS for beginning in beginnings]
)
@pytest.mark.parametrize("around", ["{}", '"{}"', "x={};", "キーは{}です", "\\n{}\\n", "`{}`", "({})."])
def test_keys_of_vendors(beginning: str, rest: str, around: str) -> None:
    key = _example(beginning, rest)
    if beginning == ":AA":
        key = "123456789" + key
        assert DEFAULT.redact(around.format(key)) == around.format("123456789[API_KEY]")
    else:
        assert DEFAULT.redact(around.format(key)) in {around.format("[API_KEY]"), around.format("https://[API_KEY]")}


@pytest.mark.parametrize("beginning", [beginning for _, beginnings, _ in VENDORS for beginning in beginnings])
def test_the_beginning_of_a_key_is_none(beginning: str) -> None:
    for text in (beginning, f"{beginning}abc", f"{beginning}of-a-few-words"):
        assert DEFAULT.redact(text) == text
