"""Declaring limits: what is understood, and what is said of the rest."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genscope.features.budget.declaring import declared
from genscope.features.budget.limits import DIMENSIONS, LARGEST, NANO, UNITS, WINDOWS, Limit


def read(value: Any) -> list[str]:
    found = declared(value)
    assert found.problems == ()
    return [str(limit) for limit in found.limits]


def problem(value: Any) -> str:
    found = declared(value)
    assert found.limits == ()
    (said,) = found.problems
    return said


@pytest.mark.parametrize(
    "text, meant",
    [
        ("50 usd/day", "50 usd/day"),
        ("$50/day", "50 usd/day"),
        ("$50 usd / day", "50 usd/day"),
        ("50usd/day", "50 usd/day"),
        ("0.05 USD/hour", "0.05 usd/hour"),
        (".5 usd/minute", "0.50 usd/minute"),
        ("100k tokens/hour per model", "100000 tokens/hour per model"),
        ("100ktokens/hour", "100000 tokens/hour"),
        ("1.5m tokens/month", "1500000 tokens/month"),
        ("100_000 tokens/days", "100000 tokens/day"),
        ("60 requests/minute", "60 requests/minute"),
        ("1 request/minute", "1 requests/minute"),
        ("10 usd total", "10 usd total"),
        ("10 usd in total", "10 usd total"),
        ("10 usd/total", "10 usd total"),
        ("2 usd/day per user", "2 usd/day per user"),
        ("2 usd/day per user, model", "2 usd/day per user, model"),
        ("2 usd/day per user per model", "2 usd/day per user, model"),
        ("2 usd/day per session", "2 usd/day per conversation"),
        ("2 usd/day per tag:team", "2 usd/day per tag:team"),
        ("2 usd/day for model=gpt-4o", "2 usd/day for model=gpt-4o"),
        ("2 usd/day for model=gpt-4o*, provider=openai", "2 usd/day for model=gpt-4o*, provider=openai"),
        ("2 usd/day for tag:team=search per user", "2 usd/day per user for tag:team=search"),
        ('2 usd/day for user="Ann; Bob, and C"', '2 usd/day for user="Ann; Bob, and C"'),
        (
            "2 usd/day for model=accounts/fireworks/models/llama",
            "2 usd/day for model=accounts/fireworks/models/llama",
        ),
        ("40 usd/day warn", "40 usd/day warn"),
        ("40 usd/day per user deny", "40 usd/day per user deny"),
        ("0 usd/day", "0 usd/day"),
        ("0.000000001 usd/day", "0.000000001 usd/day"),
        ("10.10 usd/day", "10.10 usd/day"),
    ],
)
def test_texts(text: str, meant: str) -> None:
    assert read(text) == [meant]
    assert read(meant) == [meant]


def test_several() -> None:
    text = "50 usd/day; 2 usd/day per user;\n 100000 tokens/hour per model; ; 60 requests/minute;"
    assert read(text) == ["50 usd/day", "2 usd/day per user", "100000 tokens/hour per model", "60 requests/minute"]


def test_amounts_are_whole() -> None:
    (limit,) = declared("0.1 usd/day").limits
    assert limit.units == NANO // 10
    assert limit.amount == 0.1


@pytest.mark.parametrize(
    "value, meant",
    [
        ([{"amount": 50, "unit": "usd", "window": "day"}], ["50 usd/day"]),
        ([{"amount": "100k", "unit": "tokens", "window": "hour", "per": "user, model"}],
         ["100000 tokens/hour per user, model"]),
        ([{"limit": "50 usd/day", "per": ["user"], "for": {"model": "a b"}, "mode": "deny"}],
         ['50 usd/day per user for model="a b" deny']),
        ([{"limit": "50 usd/day per user", "amount": 20}], ["20 usd/day per user"]),
        ({"amount": 1, "unit": "request", "window": "total"}, ["1 requests total"]),
        (["1 usd/day; 2 usd/day per user", Limit(3, "usd", "month")],
         ["1 usd/day", "2 usd/day per user", "3 usd/month"]),
        (Limit("1", "usd", "day", per="user"), ["1 usd/day per user"]),
        (None, []),
        ("", []),
        ([], []),
    ],
)  # fmt: skip
def test_other_forms(value: Any, meant: list[str]) -> None:
    assert read(value) == meant


@pytest.mark.parametrize(
    "value, said",
    [
        ("50 usd/dya", "'dya' is no window; accepted: minute, hour, day, month, total"),
        ("50 eur/day", "'eur' is no unit; accepted: usd, tokens, requests"),
        ("fifty usd/day", "'fifty' is no amount"),
        ("50 usd", "ends where a window"),
        ("50", "ends where a unit"),
        ("50 usd day", "'day' stands where a window"),
        ("-5 usd/day", "'-5' is no amount"),
        ("50 usd/day per", "ends where a scope"),
        ("50 usd/day per team", "'team' is no scope; accepted: provider, model, user"),
        ("50 usd/day per user,", "ends where a scope"),
        ("50 usd/day for model", "ends where ="),
        ("50 usd/day for model gpt-4o", "'model' has no value"),
        ("50 usd/day for model=", "ends where a value"),
        ("50 usd/day please", "'please' is not understood; accepted after the window: per, for, warn, deny"),
        ('50 usd/day for user="Ann', "has a quote that does not end"),
        ("0.5 tokens/day", "has a fraction of tokens"),
        ("0.0000000001 usd/day", "has a fraction of a billionth of a dollar"),
        ("1e400 usd/day", "is no amount"),
        ("99999999999 usd/day", "is out of range"),
        ([{"amount": 50, "unit": "usd"}], "says no window; accepted: minute"),
        ([{"amount": 50, "unit": "usd", "window": "day", "user": "x"}], "user is not understood; accepted: limit"),
        ([{"amount": True, "unit": "usd", "window": "day"}], "True is no amount"),
        ([{"amount": float("nan"), "unit": "usd", "window": "day"}], "nan is no amount"),
        ([{"amount": float("inf"), "unit": "usd", "window": "day"}], "inf is no amount"),
        ([{"amount": 1e308, "unit": "usd", "window": "day"}], "is out of range"),
        ([{"amount": -1, "unit": "usd", "window": "day"}], "is out of range"),
        ([{"amount": 10**6000, "unit": "usd", "window": "day"}], "Exceeds the limit"),
        ("9" * 100_000 + " usd/day", "is out of range"),
        ([{"amount": [], "unit": "usd", "window": "day"}], "is no amount"),
        ([{"amount": 5, "unit": "usd", "window": "day", "for": "x"}], "for is 'x'; accepted: a mapping"),
        ([{"amount": 5, "unit": "usd", "window": "day", "for": {5: "x"}}], "5 is no scope; accepted: provider"),
        ([{"amount": 5, "unit": "usd", "window": "day", "per": 5}], "per is 5; accepted: a list of scopes"),
        ([{"amount": 5, "unit": "usd", "window": "day", "per": [5]}], "5 is no scope; accepted: provider"),
        ([{"amount": 5, "unit": "usd", "window": "day", "per": 3}], ""),
        ([7], "is no limit"),
        (7, "is no limit"),
        (b"50 usd/day", "is no limit"),
        ("@/nowhere/at/all", "No such file"),
    ],
)
def test_what_is_wrong_is_said(value: Any, said: str) -> None:
    assert said in problem(value)


def test_one_mistake_does_not_take_the_rest_with_it() -> None:
    found = declared("50 usd/day; 2 usd/dya per user; 60 requests/minute")
    assert [str(limit) for limit in found.limits] == ["50 usd/day", "60 requests/minute"]
    assert len(found.problems) == 1
    assert found.problems[0].startswith("'2 usd/dya per user': 'dya'")


@pytest.mark.parametrize(
    "text",
    [
        "# all teams\n50 usd/day\n2 usd/day per user  # each\n",
        json.dumps(["50 usd/day", {"amount": 2, "unit": "usd", "window": "day", "per": ["user"]}]),
        json.dumps({"limits": ["50 usd/day", {"limit": "2.0 usd/day per user"}]}),
        "\ufeff50 usd/day; 2 usd/day per user",
    ],
)
def test_a_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "budget"
    path.write_text(text, encoding="utf-8")
    assert read(f"@{path}") == ["50 usd/day", "2 usd/day per user"]


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'{"limits": 3}', b"x" * 2_000_000])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "budget"
    path.write_bytes(content)
    assert problem(f"@{path}")


def test_amounts_in_json_are_not_floats(tmp_path: Path) -> None:
    path = tmp_path / "budget"
    path.write_text('[{"amount": 0.1, "unit": "usd", "window": "day"}]')
    (limit,) = declared(f"@{path}").limits
    assert limit.units == 100_000_000


def test_by_code_a_mistake_is_an_exception() -> None:
    with pytest.raises(ValueError, match="is no window"):
        Limit(1, "usd", "fortnight")


def test_a_limit_can_be_sent_to_another_process() -> None:
    limit = Limit(1, "usd", "day", per=["user"], where={"model": "x"})
    assert pickle.loads(pickle.dumps(limit)) == limit
    assert hash(limit) == hash(Limit("1.0", "usd", "day", per="user", where={"model": "x"}))


def test_the_amount_is_no_part_of_what_is_counted() -> None:
    assert Limit(1, "usd", "day").meaning == Limit(2, "usd", "day").meaning


VALUES = st.text(st.characters(exclude_characters='"', exclude_categories=["Cs"]), min_size=1)
LIMITS = st.builds(
    Limit,
    st.integers(0, LARGEST // NANO - 1),
    st.sampled_from(UNITS),
    st.sampled_from(WINDOWS),
    st.lists(st.sampled_from((*DIMENSIONS, "tag:team")), max_size=3),
    st.dictionaries(st.sampled_from((*DIMENSIONS, "tag:x")), VALUES, max_size=2),
    st.sampled_from((None, "warn", "deny")),
)


@settings(deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(LIMITS)
def test_what_is_written_is_what_is_read(limit: Limit) -> None:
    found = declared(str(limit))
    assert found.problems == ()
    assert found.limits == (limit,)


@settings(deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(), st.lists(st.one_of(st.text(), st.integers(), st.dictionaries(st.text(), st.text())))))
def test_reading_never_raises(value: Any) -> None:
    declared(value)


def test_what_cannot_even_be_shown() -> None:
    class Nameless:
        def __repr__(self) -> str:
            raise RuntimeError

        def __iter__(self) -> Any:
            raise RuntimeError

    for value in (Nameless(), [Nameless()], [{"amount": Nameless(), "unit": "usd", "window": "day"}]):
        assert len(declared(value).problems) == 1
