"""The judges that cost nothing: what each finds, what it does not say, and that nothing takes it long."""

from __future__ import annotations

import builtins
import json
import logging
import socket
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genscope.features.judge.checks import (
    Empty,
    Json,
    Language,
    Length,
    PersonalData,
    Refusal,
    Regex,
    Truncated,
    check,
    json_text,
)
from genscope.features.judge.checks.outcome import LONGEST
from genscope.features.judge.checks.refusal import refuses
from genscope.features.judge.checks.tongues import SCRIPT_OF, tongue_of
from genscope.features.judge.verdict import NOT_APPLICABLE, PASS, Case, Judge, Verdict
from genscope.features.redaction import RULES, make_redactor

from . import refusals
from .sentences import PROSE, UNKNOWN

needs_regex = pytest.mark.skipif(find_spec("regex") is None, reason="needs the package regex (genscope[judge])")
needs_jsonschema = pytest.mark.skipif(
    find_spec("jsonschema") is None, reason="needs the package jsonschema (genscope[judge])"
)

DEFAULT = make_redactor("default")
PII = PersonalData(DEFAULT.find, {name: rule.label for name, rule in RULES.items()})
NO_OPTIONS = [Empty(), Truncated(), Json(), Language(), Refusal(), PII, Length(max_words=100)]


def found(judge: Judge, answer: str | None = None, **known: Any) -> tuple[float | None, str | None]:
    verdict = judge.judge(Case(answer, **known))
    assert isinstance(verdict, Verdict)
    assert verdict.name == judge.name
    assert verdict.error is None
    return verdict.score, verdict.label


def error_of(judge: Judge, answer: str, **known: Any) -> str | None:
    verdict = judge.judge(Case(answer, **known))
    assert isinstance(verdict, Verdict)
    assert (verdict.score, verdict.label) == (None, None)
    return verdict.error


GOOD = (1.0, PASS)
NOTHING = (None, NOT_APPLICABLE)


# --- all of them


@pytest.mark.parametrize("judge", NO_OPTIONS, ids=lambda judge: judge.name)
def test_of_nothing_there_is_nothing_to_say(judge: Judge) -> None:
    assert found(judge) == NOTHING


@pytest.mark.parametrize("judge", NO_OPTIONS, ids=lambda judge: judge.name)
@settings(max_examples=50)
@given(answer=st.text() | st.none(), question=st.text() | st.none(), reason=st.text(max_size=20) | st.none())
def test_any_text_has_a_verdict(judge: Judge, answer: str | None, question: str | None, reason: str | None) -> None:
    verdict = judge.judge(Case(answer, question, finish_reason=reason))
    assert isinstance(verdict, Verdict)
    assert verdict.score in (0.0, 1.0, None)
    assert (verdict.score is None) == (verdict.label == NOT_APPLICABLE)


@pytest.mark.parametrize("judge", NO_OPTIONS, ids=lambda judge: judge.name)
@given(answer=st.text(min_size=8, alphabet="abcdefgh@.,:{}[]\"' 1234567890\n"))
def test_no_explanation_quotes_the_answer(judge: Judge, answer: str) -> None:
    verdict = judge.judge(Case(answer, "What?"))
    assert isinstance(verdict, Verdict)
    assert answer.strip() not in (verdict.explanation or "") or not answer.strip()


def test_they_are_found_by_name() -> None:
    for name in ("empty", "json", "language", "refusal", "truncated"):
        assert check(name).name == name
    assert check("pii", PII) is PII


@pytest.mark.parametrize("name, said", [("length", "Length"), ("regex", "Regex"), ("pii", "PersonalData")])
def test_those_that_need_to_be_told_something_say_so(name: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check(name)


def test_a_name_of_none_says_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"'nope'.*empty, json, language, length, pii, refusal, regex, truncated"):
        check("nope")


@pytest.mark.parametrize("judge", [Empty("e"), Json(name="e"), Length(max_words=1, name="e"), Refusal("e")])
def test_they_may_be_named(judge: Judge) -> None:
    assert found(judge, "{}") == GOOD
    assert judge.name == "e"


# --- empty, truncated, length


@pytest.mark.parametrize("answer", ["", " \n\t", "\u200b\ufeff", "\u00ad", "\u2060 \u200d"])
def test_empty(answer: str) -> None:
    assert found(Empty(), answer) == (0.0, "empty")
    assert found(Empty(), f"{answer}.{answer}") == GOOD


@pytest.mark.parametrize("reason", ["tool_calls", "tool_call", "tool_use", "function_call"])
def test_a_tool_call_is_an_answer(reason: str) -> None:
    assert found(Empty(), "", finish_reason=reason) == NOTHING


@pytest.mark.parametrize(
    "reason, expected",
    [
        ("length", (0.0, "truncated")),
        ("max_tokens", (0.0, "truncated")),
        ("MAX_TOKENS", (0.0, "truncated")),
        ("model_context_window_exceeded", (0.0, "truncated")),
        ("stop", GOOD),
        ("end_turn", GOOD),
        ("tool_calls", GOOD),
        (None, NOTHING),
    ],
)
def test_truncated(reason: str | None, expected: object) -> None:
    assert found(Truncated(), "An answer", finish_reason=reason) == expected


@pytest.mark.parametrize(
    "judge, answer, label",
    [
        (Length(min_characters=3), "ab", "too_short"),
        (Length(min_characters=3), "abc", PASS),
        (Length(max_characters=3), "abc", PASS),
        (Length(max_characters=3), "abcd", "too_long"),
        (Length(min_words=2), "one", "too_short"),
        (Length(min_words=2), " one\n two ", PASS),
        (Length(max_words=2), "one two", PASS),
        (Length(max_words=2), "one two three", "too_long"),
        (Length(max_words=0), "", PASS),
        (Length(max_words=0), "one", "too_long"),
        (Length(min_characters=1, max_characters=2), "", "too_short"),
    ],
)
def test_length(judge: Length, answer: str, label: str) -> None:
    assert found(judge, answer)[1] == label


@pytest.mark.parametrize("limits", [{}, {"min_words": -1}, {"min_words": 3, "max_words": 2}, {"max_characters": -1}])
def test_lengths_that_no_answer_has(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="length"):
        Length(**limits)


@pytest.mark.parametrize("judge", [Json(), Length(max_words=10)], ids=lambda judge: judge.name)
def test_what_has_lost_its_middle_is_not_judged(judge: Judge) -> None:
    assert error_of(judge, '{"a": 1}', shortened=True) == "answer_too_long"


# --- JSON

AGE: dict[str, Any] = {
    "type": "object",
    "properties": {"age": {"type": "integer", "minimum": 0}},
    "required": ["age"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("answer", ["{}", " [1, 2.5e3]\n", '"text"', "null", "-0", '{"a": {"b": [true, false]}}'])
def test_json(answer: str) -> None:
    assert found(Json(), answer) == GOOD


@pytest.mark.parametrize(
    "answer",
    ["", " ", "{", "{'a': 1}", '{"a": 1,}', "NaN", "[Infinity]", "-Infinity", "Sure! {}", "{} {}", "\ufeff{}", "01"],
)
def test_not_json(answer: str) -> None:
    assert found(Json(), answer) == (0.0, "not_json")


@pytest.mark.parametrize("answer", ["[" * 1_000_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 200_000, "1" * 5000])
def test_json_that_nobody_can_read(answer: str) -> None:
    assert found(Json(), answer) == (0.0, "not_json")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_what_was_written_as_json_is_json(value: object) -> None:
    assert found(Json(), json.dumps(value)) == GOOD


@pytest.mark.parametrize("answer", ['```json\n{"a": 1}\n```', '```\n{"a": 1}\n```', ' ```json\n{"a": 1}\n``` \n'])
def test_json_between_fences(answer: str) -> None:
    assert found(Json(), answer) == (0.0, "not_json")
    assert found(Json(fenced=True), answer) == GOOD
    assert found(Json(fenced=True), '{"a": 1}') == GOOD


@pytest.mark.parametrize("answer", ["```", "``````", "```json```", "```json\n```", "```json\n{}\n``` and more"])
def test_fences_with_something_else(answer: str) -> None:
    assert found(Json(fenced=True), answer) == (0.0, "not_json")


def test_where_it_stops_being_json_is_told_and_not_what_is_there() -> None:
    verdict = Json().judge(Case('{"a": 1,\n secret'))
    assert verdict.explanation == "line 2, column 2"


@needs_jsonschema
@pytest.mark.parametrize(
    "answer, expected",
    [
        ('{"age": 7}', GOOD),
        ('{"age": "secret"}', (0.0, "invalid")),
        ('{"age": -1}', (0.0, "invalid")),
        ("{}", (0.0, "invalid")),
        ('{"age": 7, "secret": 1}', (0.0, "invalid")),
        ("[]", (0.0, "invalid")),
        ("{", (0.0, "not_json")),
    ],
)
def test_json_by_a_schema(answer: str, expected: object) -> None:
    assert found(Json(AGE), answer) == expected
    assert found(Json(), answer, schema=AGE) == expected
    assert "secret" not in (Json(AGE).judge(Case(answer)).explanation or "")


@needs_jsonschema
def test_a_schema_of_its_own_goes_before_that_of_the_request() -> None:
    assert found(Json({"type": "array"}), "[]", schema=AGE) == GOOD


@needs_jsonschema
def test_what_of_the_schema_is_not_kept_is_told() -> None:
    assert Json(AGE).judge(Case('{"age": "x"}')).explanation == "schema: properties/age/type"


@needs_jsonschema
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nope"},
        {"properties": 7},
        {"type": object()},
        {"patternProperties": {"a": {}}},
        {"$ref": 7},
        {"$schema": 7},
        {"$schema": []},
        {"minimum": float("nan"), "type": []},
    ],
)
def test_what_is_no_schema_is_said_at_once(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="JSON schema"):
        Json(schema)


@needs_jsonschema
def test_a_schema_in_a_circle_is_none() -> None:
    schema: dict[str, Any] = {}
    schema["not"] = schema
    with pytest.raises(ValueError, match="no JSON schema"):
        Json(schema)


@needs_jsonschema
@pytest.mark.parametrize("reference", ["https://example.com/schema.json", "#/$defs/nowhere", "file:///etc/passwd"])
def test_nothing_is_fetched(reference: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """It is said that nobody could hold the answer to it, and the answer is JSON all the same."""

    touched: list[object] = []

    def refuse(*asked: object, **__: object) -> None:
        touched.append(asked)
        raise OSError

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr(json_text, "_said", set())
    for _ in range(3):
        assert found(Json(), "{}", schema={"$ref": reference}) == (1.0, "parsed")
    assert touched == []
    assert len(caplog.records) == 1


@needs_jsonschema
@pytest.mark.parametrize(
    "answer, passes",
    [
        ("[1, 1.0]", False),
        ("[1, true]", True),
        ("[0, false]", True),
        ('[{"a": 1}, {"a": 1.0}]', False),
        ("[[1], [2]]", True),
    ],
)
def test_items_are_unique_as_json_has_it(answer: str, passes: bool) -> None:
    assert found(Json({"uniqueItems": True}), answer)[0] == float(passes)


def without(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """As if they were not installed."""
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> ModuleType:
        if name.split(".")[0] in packages:
            raise ImportError(name)
        return real(name, *rest)

    for name in list(sys.modules):
        if name.split(".")[0] in packages:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.setattr("genscope.features.judge.checks.outcome.import_module", lambda name: refuse(name))


def test_without_jsonschema_a_schema_is_refused_and_that_of_a_request_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    without(monkeypatch, "jsonschema")
    monkeypatch.setattr(json_text, "_said", set())
    with pytest.raises(ValueError, match=r"pip install 'genscope\[judge\]'"):
        Json(AGE)
    assert found(Json(), '{"age": "x"}', schema=AGE) == (1.0, "parsed")
    assert found(Json(), "{", schema=AGE) == (0.0, "not_json")
    assert found(Json(), '{"age": "x"}') == GOOD
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_without_regex_there_is_no_check_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "regex")
    with pytest.raises(ValueError, match=r"pip install 'genscope\[judge\]'"):
        Regex(must="a")


# --- regular expressions


@needs_regex
@pytest.mark.parametrize(
    "judge, answer, expected",
    [
        (("^Dear", None), "Dear Ada", GOOD),
        (("^Dear", None), "Hello", (0.0, "missing")),
        ((None, r"(?i)\bbadly\b"), "It went BADLY.", (0.0, "forbidden")),
        ((None, r"(?i)\bbadly\b"), "It went well.", GOOD),
        (("a", "b"), "ab", (0.0, "forbidden")),
        (("a", "b"), "a", GOOD),
        (("a", "b"), "", (0.0, "missing")),
        ((r"(\w)\1", None), "aa", GOOD),
        ((r"(?<=x)y", None), "xy", GOOD),
    ],
)
def test_regex(judge: tuple[str | None, str | None], answer: str, expected: object) -> None:
    assert found(Regex(*judge), answer) == expected


@needs_regex
@pytest.mark.parametrize("pattern", ["(", "[a", "*", "(?P<a>x)(?P<a>y)(?<", 7])
def test_what_is_no_regex_is_said_at_once(pattern: Any) -> None:
    with pytest.raises(ValueError, match="no regular expression"):
        Regex(must=pattern)


def test_a_regex_must_say_something() -> None:
    with pytest.raises(ValueError, match="must, must_not or both"):
        Regex()


@needs_regex
@pytest.mark.parametrize(
    "pattern, answer",
    [(r"^(a|a)+$", "a" * 60 + "!"), (r"(x+x+)+y", "x" * 3000 + " y"), (r"(?i)(.*)*=[a-z]x", "a" * 9999 + "=1x")],
)
def test_a_regex_without_end_ends(pattern: str, answer: str) -> None:
    """The standard library's would not, this year."""
    start = time.monotonic()
    assert error_of(Regex(must=pattern), answer) == "timeout"
    assert time.monotonic() - start < 5


@needs_regex
@needs_jsonschema
def test_a_pattern_without_end_in_a_schema_ends() -> None:
    schema = {"type": "string", "pattern": "(x+x+)+y"}
    assert found(Json(schema), '"xxy"') == GOOD
    assert found(Json(schema), '"abc"') == (0.0, "invalid")
    assert error_of(Json(schema), json.dumps("x" * 3000 + " y")) == "too_complex"


@needs_jsonschema
def test_a_schema_without_end_ends() -> None:
    """Each level asks for the next one twice: 2 to the power of 60."""
    branches = [{"properties": {"x": {"$ref": "#/$defs/a"}}, "required": [name]} for name in "yz"]
    schema = {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": branches}}}
    assert error_of(Json(schema), '{"x":' * 60 + "0" + "}" * 60) == "too_complex"
    assert found(Json(schema), '{"x": {"y": 1}, "z": 1}') == GOOD


# --- personal data


@pytest.mark.parametrize(
    "question, answer, expected",
    [
        ("Who is it?", "Write to ada@example.com.", (0.0, "email")),
        ("Is it ada@example.com?", "Yes, Ada@Example.com it is.", GOOD),
        ("My card is 4111 1111 1111 1111.", "4111-1111-1111-1111 is a test card.", GOOD),
        ("Any card?", "4111 1111 1111 1111", (0.0, "card")),
        ("Is it ada@example.com?", "No, bob@example.com.", (0.0, "email")),
        (None, "ada@example.com", (0.0, "email")),
        ("?", "Nothing of the kind.", GOOD),
        # redacted before
        ("Who is it?", "Write to [EMAIL].", (0.0, "email")),
        ("Is it [EMAIL]?", "Yes, [EMAIL].", GOOD),
        ("Is it [EMAIL:123456789abc]?", "No, [EMAIL:cba987654321].", (0.0, "email")),
        ("Is it [EMAIL:123456789abc]?", "Yes, [EMAIL:123456789abc].", GOOD),
        ("?", "Call [IP] or [PHONE]", (0.0, "ip")),
        ("?", "Dear [NAME], yours [Your name] [1]", GOOD),
    ],
)
def test_personal_data(question: str | None, answer: str, expected: object) -> None:
    assert found(PII, answer, question=question) == expected


def test_of_several_types_all_are_told_and_no_value() -> None:
    verdict = PII.judge(Case("ada@example.com, 4111 1111 1111 1111, bob@example.com", "Who?"))
    assert (verdict.label, verdict.explanation) == ("email", "email, card")


def test_what_stands_in_the_context_may_be_allowed() -> None:
    case = Case("Write to ada@example.com.", "Whom do I ask?", ["Contact: ada@example.com"])
    assert PII.judge(case).label == "email"
    assert PersonalData(PII.find, PII.labels, allow_context=True).judge(case).label == PASS


def test_a_rule_of_the_application_is_called_by_its_name() -> None:
    own = make_redactor("off", patterns={"ticket": r"T-\d{4}"})
    assert found(PersonalData(own.find), "See T-1234", question="?") == (0.0, "ticket")


# --- refusals


@pytest.mark.parametrize(
    "known, expected",
    [
        ({"refused": True}, (0.0, "refused")),
        ({"finish_reason": "refusal"}, (0.0, "refused")),
        ({"finish_reason": "content_filter"}, (0.0, "filtered")),
        ({"finish_reason": "SAFETY"}, (0.0, "filtered")),
        ({"refused": True, "finish_reason": "content_filter"}, (0.0, "refused")),
        ({"refused": False, "finish_reason": "stop"}, GOOD),
    ],
)
def test_what_the_api_says_of_a_refusal_comes_first(known: dict[str, Any], expected: object) -> None:
    assert found(Refusal(), "Here you are.", **known) == expected
    if expected != GOOD:
        assert found(Refusal(), None, **known) == expected


@pytest.mark.parametrize("answer", refusals.FIRST_REFUSALS)
def test_refusals(answer: str) -> None:
    assert found(Refusal(), answer) == (0.0, "refused")
    assert found(Refusal(), f"\n\n  {answer}\n\nIs there anything else?" + " More." * 200_000) == (0.0, "refused")


@pytest.mark.parametrize("answer", refusals.FIRST_ANSWERS + refusals.SECOND_ANSWERS)
def test_what_only_sounds_like_a_refusal(answer: str) -> None:
    assert found(Refusal(), answer) == GOOD


def test_how_well_refusals_are_told() -> None:
    """The figures of docs/quality.md, by texts that the rules were not made for."""
    hits = sum(map(refuses, refusals.UNSEEN_REFUSALS))
    wrong = sum(map(refuses, refusals.UNSEEN_ANSWERS))
    assert hits / (hits + wrong) >= 0.92
    assert hits / len(refusals.UNSEEN_REFUSALS) >= 0.82
    assert len(refusals.UNSEEN_REFUSALS) + len(refusals.UNSEEN_ANSWERS) == 105


# --- languages


@pytest.mark.parametrize("language", sorted(PROSE))
def test_a_language_is_told_or_nothing_is_said(language: str) -> None:
    assert {tongue_of(text).language for text in PROSE[language]} <= {language, None}


def test_how_well_languages_are_told() -> None:
    told = [tongue_of(text).language == language for language, texts in PROSE.items() for text in texts]
    assert sum(told) / len(told) >= 0.9


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_cannot_be_told_is_not_guessed(text: str) -> None:
    assert tongue_of(text).language is None


@pytest.mark.parametrize("asked", ["en", "de", "zh", "ja", "ru", "ar", "hi"])
@pytest.mark.parametrize("answered", ["en", "de", "zh", "ja", "ru", "ar", "hi"])
def test_the_answer_is_in_the_language_of_the_question(asked: str, answered: str) -> None:
    expected = GOOD if asked == answered else (0.0, "other_language")
    assert found(Language(), PROSE[answered][1], question=PROSE[asked][0]) == expected
    assert found(Language(asked), PROSE[answered][1], question="?") == expected


@pytest.mark.parametrize(
    "question, answer, expected",
    [
        (PROSE["en"][0], "42", NOTHING),
        ("Hi", PROSE["en"][1], NOTHING),
        (None, PROSE["en"][1], NOTHING),
        (PROSE["en"][0], "আমি কীভাবে আমার অর্ডার বাতিল করব?", (0.0, "other_language")),
        (PROSE["hi"][0], "Aap apne khate mein cancel kar sakte hain.", NOTHING),  # Hindi in Latin letters
        ("Сколько?", PROSE["ru"][1], NOTHING),
        (PROSE["de"][0], "```python\nfor the of and in this that\n```\nDas ist der Code, den du brauchst.", GOOD),
        (PROSE["zh"][0], "你可以使用 asyncio 和 aiohttp 来实现这个功能，请看下面的例子。", GOOD),
    ],
)
def test_a_language_that_cannot_be_told(question: str | None, answer: str, expected: object) -> None:
    assert found(Language(), answer, question=question) == expected


def test_a_language_is_told_by_how_a_text_begins() -> None:
    text = PROSE["de"][1] * 200 + PROSE["en"][1] * 5000
    assert tongue_of(text).language == "de"


def test_both_languages_are_told_and_no_text() -> None:
    verdict = Language().judge(Case(PROSE["en"][1], PROSE["de"][0]))
    assert verdict.explanation == "en instead of de"


def test_a_language_that_nobody_knows() -> None:
    with pytest.raises(ValueError, match=r"'tlh' is none of ar, bg, ca"):
        Language("tlh")
    assert set(PROSE) <= set(SCRIPT_OF)


# --- hostile answers

HOSTILE = [
    "a", " ", "\n", "\x00", "\ud800", "`", "```", "<", "[", "{", '{"a":', "[[", '"', "\\", "@", "a@", "a@b.de ",
    "4111 1111 1111 1111 ", "[EMAIL]", "https://", "i'm sorry, ", "i can't a, so i'm b, so ", "as an ai, ", "no ",
    "抱歉", "申し訳ありませんが、", "the ", "é", "e\u0301", "\u0301", "😀", "1", "1.", "\u200b", "\u0600",
    "-----BEGIN ",
]  # fmt: skip


@pytest.mark.parametrize("judge", NO_OPTIONS, ids=lambda judge: judge.name)
def test_time_grows_with_the_answer_and_not_faster(judge: Judge) -> None:
    """16 times the text takes 16 times as long; a quadratic check would take 256 times."""
    for unit in HOSTILE:
        assert grows_linearly(lambda text: judge.judge(Case(text, text, finish_reason="x")), unit), ascii(unit)


def grows_linearly(act: Callable[[str], object], unit: str) -> bool:
    for length in (4_000, 8_000, 16_000):  # measured again, longer: what is at work beside us is slow once
        one = max(best(act, unit * (length // len(unit))), 0.001)
        if best(act, unit * (16 * length // len(unit))) <= 48 * one:
            return True
    return False


def best(act: Callable[[str], object], text: str) -> float:
    times: list[float] = []
    for _ in range(2):
        start = time.process_time()
        act(text)
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("judge", NO_OPTIONS, ids=lambda judge: judge.name)
@pytest.mark.parametrize("unit", ["a ", "{", "i'm sorry, ", "\ud800"], ids=ascii)
def test_a_megabyte(judge: Judge, unit: str) -> None:
    text = unit * (LONGEST // len(unit))
    verdict = judge.judge(Case(text, text))
    assert isinstance(verdict, Verdict)
    assert len(verdict.label or "") < 20
    assert len(verdict.explanation or "") < 100


def test_what_is_longer_is_not_looked_through() -> None:
    text = " " * (LONGEST + 1)
    assert error_of(Json(), text) == "answer_too_long"
    assert error_of(PII, text) == "answer_too_long"
    assert found(Length(max_characters=10), text) == (0.0, "too_long")


def test_whatever_is_found_labels_are_few() -> None:
    """What an answer brings together does not make a label of its own."""
    values = ["ada@example.com", "4111 1111 1111 1111", "password=hunter2hunter2", "DE89 3704 0044 0532 0130 00"]
    seen = {PII.judge(Case(" ".join(values[low:high]))).label for low in range(4) for high in range(low + 1, 5)}
    assert len(seen) <= len(values)
