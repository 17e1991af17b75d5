"""What holds for any text: what is planted is found, findings are apart, and a second pass finds nothing."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from genscope.features.redaction import PRESETS, RULES, Redactor, by_label, make_redactor

from .values import SECRET_PART, VALUES

DEFAULT = make_redactor()
STRICT = make_redactor("strict")
# Letters of all kinds, no digits and nothing that could go on in what is planted.
WORDS = st.text(st.sampled_from(list("abc XYZ\n、。，！？（）「」ですは的在是電郵金额あアßéπя한")), max_size=40)
FENCES = [
    ("“", "”"),
    ("(", ")"),
    ('"', '"'),
    ("「", "」"),
    ("，", "。"),
    ("\n", "\n"),
    ("<", ">"),
    ("`", "`"),
    ("*", "*"),
    ("|", "|"),
]


def test_every_rule_has_a_value_to_plant() -> None:
    assert VALUES.keys() == RULES.keys()


@given(st.sampled_from(sorted(VALUES)), WORDS, WORDS, st.sampled_from(FENCES))
@settings(deadline=None)
def test_what_is_planted_in_any_text_is_found(name: str, before: str, behind: str, fence: tuple[str, str]) -> None:
    secret = SECRET_PART.get(name, VALUES[name])
    redactor = Redactor([RULES[name]], by_label)
    text = f"{before}{fence[0]}{VALUES[name]}{fence[1]}{behind}"
    assert secret not in redactor.redact(text)
    assert RULES[name].label in redactor.redact(text)
    preset = DEFAULT if RULES[name] in PRESETS["default"] else STRICT
    assert secret not in preset.redact(text)


PIECES = st.one_of(
    st.sampled_from(sorted(VALUES.values())),
    st.text(max_size=12),
    st.text(st.sampled_from(list("0123456789 -./()+@:=_\\n\"'%")), max_size=24),
)


@given(st.lists(PIECES, max_size=8).map("".join), st.sampled_from(["default", "strict"]))
@settings(deadline=None, max_examples=300)
def test_for_any_text(text: str, preset: str) -> None:
    redactor = make_redactor(preset)
    findings = redactor.find(text)
    places = [(each.start, each.end) for each in findings]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(end <= start for (_, end), (start, _) in pairwise(places))
    once = redactor.redact(text)
    assert once == redactor.replace(text, findings)
    assert (once is text) == (not findings)


@given(
    st.lists(st.tuples(WORDS, st.sampled_from(sorted(VALUES.values())), st.sampled_from(FENCES)), max_size=6),
    st.sampled_from(["default", "strict"]),
    st.sampled_from(["label", "mask", "hash"]),
)
@settings(deadline=None)
def test_what_was_redacted_is_redacted(pieces: list[tuple[str, str, tuple[str, str]]], preset: str, style: str) -> None:
    redactor = make_redactor(preset, style, key="k")
    once = redactor.redact("".join(f"{words}{left}{value}{right}" for words, value, (left, right) in pieces))
    assert redactor.redact(once) == once
