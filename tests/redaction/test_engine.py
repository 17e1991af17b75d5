"""The engine: overlaps, styles, what it is made from, and what holds for any text."""

from __future__ import annotations

import re
import threading

import pytest

from genscope.features.redaction import (
    Finding,
    Redactor,
    Rule,
    by_hash,
    by_label,
    by_mask,
    make_redactor,
)

from .corpus import PLANTED

DEFAULT = make_redactor()
STRICT = make_redactor("strict")


def test_nothing_found_gives_the_same_object() -> None:
    text = "Just some words, 12 of them: nothing."
    assert DEFAULT.redact(text) is text
    assert make_redactor("off").redact("a@example.com") == "a@example.com"


def test_findings_are_of_the_text_as_it_was_given() -> None:
    text = "メール：ａ＠ｅｘａｍｐｌｅ．ｃｏｍ、\\nTel.\\t(212) 555-0142"
    assert [(each.rule, text[each.start : each.end]) for each in DEFAULT.find(text)] == [
        ("email", "ａ＠ｅｘａｍｐｌｅ．ｃｏｍ"),
        ("phone", "(212) 555-0142"),
    ]


@pytest.mark.parametrize(
    "text", ["", "a", "\0" * 100, "\ud800\udfff 1@" * 9, "😀@😀.😀 1234567890", "\\", "\\u12", "%4", "＠"]
)
@pytest.mark.parametrize("preset", ["default", "strict"])
def test_odd_texts(text: str, preset: str) -> None:
    redactor = make_redactor(preset)
    assert isinstance(redactor.redact(text), str)


LONG = "ab1" * 1000
HEADING, ENDING = "-----BEGIN" + " PRIVATE KEY-----\n", "-----END" + " PRIVATE KEY-----"
LINES = "MIIEvQIBADANBgkqhkiG9w0B\n" * 500


@pytest.mark.parametrize(
    "before, secret, behind",
    [
        pytest.param("password=", LONG, ";", id="password"),
        pytest.param('"token": "', LONG, '"', id="token"),
        pytest.param("Bearer ", LONG, ",", id="bearer"),
        pytest.param("x ", "ey" + f"JhbGciOiJub25lIn0.{LONG * 9}.", " y", id="jwt"),
        pytest.param("", HEADING + LINES + ENDING, "\n", id="key"),
        pytest.param("", HEADING + LINES + "MII", "", id="key without an end"),
    ],
)
def test_long_secrets_go_entirely(before: str, secret: str, behind: str) -> None:
    redacted = DEFAULT.redact(before + secret + behind)
    assert redacted.startswith(f"{before}[")
    assert redacted.endswith(f"]{behind}")
    assert len(redacted) < 40


def test_odd_characters_beside_findings() -> None:
    assert DEFAULT.redact("\ud800a@example.com\0") == "\ud800[EMAIL]\0"
    assert DEFAULT.redact("😀4111111111111111😀") == "😀[CARD]😀"
    assert make_redactor(style="hash", key="k").redact("\ud800\udc00 a@example.com")


def _rule(name: str, pattern: str, **more: object) -> Rule:
    return Rule(name, re.compile(pattern), folded=False, **more)


@pytest.mark.parametrize(
    "patterns, found",
    [
        ([("short", "bc"), ("long", "abcd")], [("long", 0, 4)]),
        ([("first", "abc"), ("second", "abc")], [("first", 0, 3)]),
        ([("left", "abc"), ("right", "bcde")], [("right", 0, 5)]),  # what sticks out goes, too
        ([("left", "ab"), ("right", "cd")], [("left", 0, 2), ("right", 2, 4)]),
        ([("a", "ab"), ("b", "bc"), ("c", "cde")], [("c", 0, 5)]),
        ([("empty", "x*"), ("a", "b")], [("a", 1, 2)]),
    ],
)
def test_overlaps(patterns: list[tuple[str, str]], found: list[tuple[str, int, int]]) -> None:
    redactor = Redactor([_rule(name, pattern) for name, pattern in patterns], by_label)
    assert redactor.find("abcdef") == [Finding(*each) for each in found]


def test_the_group_named_value_is_what_is_replaced() -> None:
    assert (
        make_redactor("off", patterns={"Badge": r"badge (?P<value>\d+)"}).redact("badge 12, 13") == "badge [BADGE], 13"
    )


def test_patterns_of_the_application_see_the_text_as_it_is() -> None:
    redactor = make_redactor(patterns={"member": "会員：[０-９]+"})
    assert redactor.redact("会員：１２") == "[MEMBER]"
    assert redactor.redact("x") == "x"
    assert make_redactor(patterns={"plain": "ab"}).redact("ab") == "[PLAIN]"  # where none of ours would look


def test_what_a_rule_raises_is_not_swallowed() -> None:
    def fails(match: re.Match[str]) -> bool:
        raise LookupError("broken")

    redactor = Redactor([_rule("broken", "a", valid=fails)], by_label)
    with pytest.raises(LookupError, match="broken"):
        redactor.find("abc")
    with pytest.raises(LookupError, match="broken"):
        redactor.redact("abc")


@pytest.mark.parametrize(
    "arguments, names",
    [
        ({"preset": "loud"}, ["preset", "'loud'", "off, default, strict"]),
        ({"style": "black"}, ["style", "'black'", "label, mask, hash"]),
        ({"style": "hash"}, ["key", "hash"]),
        ({"style": "hash", "key": ""}, ["key", "hash"]),
        ({"rules": ["telephone"]}, ["rules", "'telephone'", "phone", "long_number"]),
        ({"rules": ["-"]}, ["rules", "'-'"]),
        ({"patterns": {"bad": "("}}, ["patterns", "'bad'", "regular expression"]),
        ({"patterns": {"bad name": "x"}}, ["patterns", "'bad name'", "letters"]),
        ({"patterns": {"Email": "x"}}, ["patterns", "'Email'", "embedded"]),
    ],
)
def test_what_is_not_understood_is_named(arguments: dict[str, object], names: list[str]) -> None:
    with pytest.raises(ValueError) as error:
        make_redactor(**arguments)
    assert all(name in str(error.value) for name in names)


@pytest.mark.parametrize(
    "rules, text, redacted",
    [
        (["-phone"], "+12125550142 a@example.com", "+12125550142 [EMAIL]"),
        (["+long_number"], "1234567", "[NUMBER]"),
        (["long_number"], "1234567", "[NUMBER]"),
        (["-email", "+handle"], "a@example.com @anna", "a@example.com [HANDLE]"),
    ],
)
def test_rules_can_be_added_and_left_out(rules: list[str], text: str, redacted: str) -> None:
    assert make_redactor(rules=rules).redact(text) == redacted


@pytest.mark.parametrize(
    "text, masked",
    [
        ("4111 1111 1111 1111", "****1111"),
        ("４１１１１１１１１１１１１１１１", "****1111"),
        ("DE89 3704 0044 0532 0130 00", "****3000"),
        ("a@b.info", "********"),
        ("pwd=ab12", "pwd=****"),
        ("someone@example.com", "****************"),
    ],
)
def test_mask(text: str, masked: str) -> None:
    assert make_redactor(style="mask").redact(text) == masked


@pytest.mark.parametrize(
    "one, other",
    [
        ("Anna@Example.com", "anna@example.com"),
        ("ａｎｎａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "anna@example.com"),
        ("anna%40example.com", "anna@example.com"),
        ("4111 1111 1111 1111", "4111-1111-1111-1111"),
        ("(212) 555-0142", "212.555.0142"),
        ("DE89 3704 0044 0532 0130 00", "de89370400440532013000"),
        ("11010519491231002x", "11010519491231002X"),
        ("2001:DB8::1", "2001:db8::1"),
    ],
)
def test_spellings_of_one_thing_have_one_pseudonym(one: str, other: str) -> None:
    redactor = make_redactor(style="hash", key="k")
    assert redactor.redact(one) == redactor.redact(other)
    assert re.fullmatch(r"\[[A-Z_]+:[0-9a-f]{12}\]", redactor.redact(one))


def test_pseudonyms_depend_on_the_key_the_value_and_the_kind() -> None:
    def one(key: str, text: str) -> str:
        return make_redactor(style="hash", key=key, rules=["+long_number"]).redact(text)

    assert one("k", "a@example.com") == one("k", "a@example.com")
    assert one("k", "a@example.com") != one("l", "a@example.com")
    assert one("k", "a@example.com") != one("k", "b@example.com")
    assert by_hash(b"k")("email", "[EMAIL]", "x") != by_hash(b"k")("phone", "[PHONE]", "x")[:-1]


def test_pseudonyms_with_only_digits_stay() -> None:
    text = "[EMAIL:138123456789] [PHONE:090123456789]"
    assert STRICT.redact(text) is text
    assert STRICT.redact("[EMAIL:138123456789] and 138123456789") == "[EMAIL:138123456789] and [NUMBER]"


def test_the_replacements_of_the_interface() -> None:
    assert by_label("email", "[EMAIL]", "a@example.com") == "[EMAIL]"
    assert by_mask("own", "[OWN]", "1234") == "****"
    assert DEFAULT.replace("abc", [Finding("email", 1, 2)]) == "a[EMAIL]c"
    assert DEFAULT.replace("abc", [Finding("elsewhere", 1, 2)]) == "a[ELSEWHERE]c"


def test_threads_share_a_redactor() -> None:
    texts = [sample.text for sample in PLANTED]
    expected = [DEFAULT.redact(text) for text in texts]
    results: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: results.append([DEFAULT.redact(text) for text in texts])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4
