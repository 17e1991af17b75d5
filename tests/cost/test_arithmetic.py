"""Amounts: exact, never negative, no token twice, whatever a provider says it used."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genscope.features.cost.arithmetic import amount, billed
from genscope.features.cost.prices import PER_DOLLAR, TOKENS, Price, price
from genscope.features.cost.stage import Pricing
from tests.cost.records import MONDAY, call

PARTS = (
    "cache_read_input_tokens", "cache_write_input_tokens", "audio_input_tokens", "image_input_tokens",
    "audio_output_tokens", "image_output_tokens", "reasoning_output_tokens",
)  # fmt: skip
SIMPLE = {"input": 2, "output": 10}
HOUR = 3600 * 10**9


def dollars(said: dict[str, Any], tier: str | None = None, at: int = MONDAY, **used: Any) -> float | None:
    answer = {key: used.pop(key) for key in [*used] if not key.endswith("put_tokens") or "1h" in key}
    total = amount(call(answer=answer, at=at, **used), price(said, tier))
    return None if total is None else total / PER_DOLLAR


@pytest.mark.parametrize(
    "said, used, expected",
    [
        (SIMPLE, {"input_tokens": 1_000_000, "output_tokens": 1_000_000}, 12.0),
        (SIMPLE, {"input_tokens": 1}, 0.000002),
        (SIMPLE, {"input_tokens": 0, "output_tokens": 0}, 0.0),
        # cached tokens are part of the input: OpenAI's count them there, Anthropic's are added by the reader
        (SIMPLE | {"cache_read": 0.2}, {"input_tokens": 1000, "cache_read_input_tokens": 1000}, 0.0002),
        (SIMPLE | {"cache_read": 0.2}, {"input_tokens": 1000, "cache_read_input_tokens": 5000}, 0.0002),
        (
            SIMPLE | {"cache_read": 0.2, "cache_write": 2.5, "cache_write_1h": 4},
            {
                "input_tokens": 1000,
                "cache_read_input_tokens": 500,
                "cache_write_input_tokens": 300,
                "cache_write_1h_input_tokens": 100,
            },
            (500 * 0.2 + 200 * 2.5 + 100 * 4 + 200 * 2) / 10**6,
        ),
        # more was written for an hour than was written at all
        (
            SIMPLE | {"cache_write": 2.5, "cache_write_1h": 4},
            {"input_tokens": 100, "cache_write_input_tokens": 50, "cache_write_1h_input_tokens": 90},
            (50 * 4 + 50 * 2) / 10**6,
        ),
        # no price of their own: billed as what they are a part of
        (SIMPLE, {"input_tokens": 1000, "cache_read_input_tokens": 400, "audio_input_tokens": 300}, 0.002),
        (SIMPLE, {"output_tokens": 1000, "reasoning_output_tokens": 900, "audio_output_tokens": 50}, 0.01),
        # audio that was read from the cache is not billed as audio too
        (
            SIMPLE | {"cache_read": 1, "input_audio": 100},
            {"input_tokens": 1000, "cache_read_input_tokens": 900, "audio_input_tokens": 1000},
            (900 * 1 + 100 * 100) / 10**6,
        ),
        ({"per_second": 0.0001}, {"audio_seconds": 3.2}, 0.00032),
        ({"per_query": 0.002}, {"search_units": 3}, 0.006),
        # a transcription that says both means the same audio
        (SIMPLE | {"per_second": 1}, {"audio_seconds": 9.0, "input_tokens": 1_000_000}, 2.0),
        (SIMPLE | {"per_web_search": 0.01}, {"web_search_requests": 3, "input_tokens": 1_000_000}, 2.03),
        # free is a price, nothing is none
        ({"input": 0, "output": 0}, {"input_tokens": 9}, 0.0),
        ({"output": 1}, {"input_tokens": 9}, None),
        ({"input": 1}, {"input_tokens": 9, "output_tokens": 9}, None),
        ({"input": 1}, {"input_tokens": 1_000_000, "output_tokens": 0}, 1.0),
        ({"per_second": 0.0001}, {"input_tokens": 9}, None),
        (SIMPLE, {"input_tokens": 9, "web_search_requests": 3}, None),
        (SIMPLE, {"audio_seconds": float("inf")}, None),
        (SIMPLE, {}, None),
    ],
)
def test_what_is_used_is_billed_once(said: dict[str, Any], used: dict[str, Any], expected: float | None) -> None:
    assert dollars(said, **used) == expected


def test_images_are_billed_only_where_no_tokens_are() -> None:
    made = price({"per_image": 0.04, "input": 1})
    image = {"output_type": "image"}
    assert amount(call(request=image | {"choice_count": 3}), made) == 12 * PER_DOLLAR // 100
    assert amount(call(request=image), made) == 4 * PER_DOLLAR // 100
    assert amount(call(request=image, input_tokens=1_000_000), made) == PER_DOLLAR
    assert amount(call(request={"output_type": "text"}), made) is None


ABOVE = {"input": 1, "output": 5, "cache_read": 0.1, "above": {"200000": {"input": 2, "output": 7}}}


@pytest.mark.parametrize(
    "used, expected",
    [
        ({"input_tokens": 200_000, "output_tokens": 1000}, 0.205),
        ({"input_tokens": 200_001, "output_tokens": 1000}, 0.407002),  # all of it, and the answer too
        # cached tokens count for the size; without a price above they keep theirs
        ({"input_tokens": 200_001, "cache_read_input_tokens": 200_000}, 0.020002),
        # a long answer does not make a long request
        ({"input_tokens": 1000, "output_tokens": 300_000}, 1.501),
    ],
)
def test_a_long_request_costs_more_as_a_whole(used: dict[str, int], expected: float) -> None:
    assert dollars(ABOVE, **used) == expected


def test_steps_add_up() -> None:
    said = {"input": 1, "output": 1, "above": {"1000": {"input": 2}, "2000": {"output": 9}}}
    for size, expected in ((1000, 1 + 1), (1001, 2 + 1), (2001, 2 + 9)):
        found = price(said).rates(size, MONDAY)
        assert (found.input or 0) + (found.output or 0) == expected * 10**9


TIERS = ABOVE | {
    "reasoning": 6,
    "tiers": {"flex": {"input": 0.5, "output": 2.5, "above": {"200000": {"input": 1.5}}}, "batch": {"input": 0.4}},
}


@pytest.mark.parametrize(
    "tier, size, input, output, cache_read, reasoning",
    [
        (None, 1, 1, 5, 0.1, 6),
        ("standard", 1, 1, 5, 0.1, 6),
        ("flex", 1, 0.5, 2.5, 0.1, 2.5),  # reasoning is output: the tier has a price for that
        ("batch", 1, 0.4, 5, 0.1, 6),
        ("flex", 300_000, 1.5, 7, 0.1, 7),
        ("batch", 300_000, 2, 7, 0.1, 7),
    ],
)
def test_a_tier_has_its_prices_and_else_the_standard_ones(
    tier: str | None, size: int, input: float, output: float, cache_read: float, reasoning: float
) -> None:
    rates = price(TIERS, tier).rates(size, MONDAY)
    found = rates.input, rates.output, rates.cache_read, rates.reasoning
    assert found == tuple(round(usd * 10**9) for usd in (input, output, cache_read, reasoning))


def test_factors_multiply_tokens_and_nothing_else() -> None:
    said = {"input": 3, "per_web_search": 0.01, "factors": {"us": 1.1, "fast": 2}}
    assert price(said, factors=("us",)).base.input == 3_300_000_000
    assert price(said, factors=("us", "fast", "unknown")).base.input == 6_600_000_000
    assert price(said, factors=("fast",)).base.per_web_search == PER_DOLLAR // 100


CHEAP = {
    "input": 2,
    "output": 4,
    "cache_write": 0,
    "off_peak": {
        "input": 1,
        "windows": [{"hours": ["22:00-02:00"], "weekdays": [1, 2]}, {"hours": ["00:00-00:00"], "weekdays": [7]}],
    },
}


@pytest.mark.parametrize(
    "hours, cheap",
    [
        (-9, True),  # Sunday 23:00, all day
        (-8, True),  # Monday 00:00: by the weekday of the moment
        (-6, False),  # 02:00 is not in it any more
        (0, False),  # 08:00
        (14, True),  # 22:00 is
        (17, True),  # Tuesday 01:00
        (41, False),  # Wednesday 01:00
    ],
)
def test_a_time_of_day_may_be_cheap(hours: int, cheap: bool) -> None:
    assert dollars(CHEAP, at=MONDAY + hours * HOUR, input_tokens=1_000_000) == (1.0 if cheap else 2.0)
    assert dollars(CHEAP, at=MONDAY + hours * HOUR, output_tokens=1_000_000) == 4.0


def test_it_is_the_end_of_a_call_that_counts() -> None:
    op = call(at=MONDAY + 14 * HOUR - 10**9, input_tokens=1_000_000)
    assert amount(op, price(CHEAP)) == 2 * PER_DOLLAR
    op.duration = 1.5
    assert amount(op, price(CHEAP)) == PER_DOLLAR


def test_there_is_no_drift() -> None:
    """0.1 + 0.2 is 0.3 here, and a million times a price is that price."""
    said = {"input": 0.1, "output": 0.2}
    assert dollars(said, input_tokens=1_000_000, output_tokens=1_000_000) == 0.3
    total = sum(amount(call(input_tokens=1, output_tokens=1), price(said)) or 0 for _ in range(1000))
    assert total / PER_DOLLAR == 0.0003


# --- properties

counts = st.integers(0, 2**40)
rates = st.integers(0, 10**6).map(lambda number: number / 1000)
said = st.fixed_dictionaries(
    {"input": rates, "output": rates}, optional={kind: rates for kind in TOKENS if kind not in ("input", "output")}
)
usages = st.fixed_dictionaries({}, optional=dict.fromkeys(("input_tokens", "output_tokens", *PARTS), counts))


def total(used: dict[str, int], at: Price, **answer: int) -> int | None:
    return amount(call(answer=answer, **used), at)


@given(said, usages, st.integers(0, 2**40))
def test_it_is_never_negative_and_each_token_is_billed_once(
    said: dict[str, Any], used: dict[str, int], hour: int
) -> None:
    op = call(answer={"cache_write_1h_input_tokens": hour}, **used)
    lines = [*billed(op, False)]
    assert all(number >= 0 for _, number in lines)
    both = used.get("input_tokens", 0) + used.get("output_tokens", 0)
    assert sum(number for _, number in lines) == both
    cost = amount(op, price(said))
    assert (cost is None) == ("input_tokens" not in used and "output_tokens" not in used)
    assert cost is None or cost >= 0


@given(said, usages, st.sampled_from(["input_tokens", "output_tokens"]), st.integers(1, 1000))
def test_more_tokens_never_cost_less(said: dict[str, Any], used: dict[str, int], total_of: str, more: int) -> None:
    """A token more, of no special kind. Where its parts were cut to the total before, more of them count."""
    before = total(used, price(said))
    after = total({**used, total_of: used.get(total_of, 0) + more}, price(said))
    assert after is not None
    assert before is None or after >= before


@given(said, counts, counts, st.data())
def test_a_part_changes_the_cost_by_the_difference_of_the_prices(
    said: dict[str, Any], size: int, part: int, data: st.DataObject
) -> None:
    field, kind, whole = data.draw(
        st.sampled_from(
            [
                ("cache_read_input_tokens", "cache_read", "input"),
                ("cache_write_input_tokens", "cache_write", "input"),
                ("audio_input_tokens", "input_audio", "input"),
                ("reasoning_output_tokens", "reasoning", "output"),
                ("audio_output_tokens", "output_audio", "output"),
            ]
        )
    )
    made = price(said)
    rate, base = getattr(made.base, kind), getattr(made.base, whole)
    plain = total({f"{whole}_tokens": size}, made)
    with_part = total({f"{whole}_tokens": size, field: part}, made)
    assert plain is not None
    assert with_part is not None
    assert with_part - plain == min(part, size) * (rate - base)


@given(said, usages, usages)
def test_amounts_add_up(said: dict[str, Any], first: dict[str, int], second: dict[str, int]) -> None:
    """Of two calls without parts that are larger than their totals."""
    made = price(said)
    first, second = ({"input_tokens": 0, "output_tokens": 0} | used for used in (first, second))
    both = {field: first.get(field, 0) + second.get(field, 0) for field in first | second}
    if all(sum(used.get(part, 0) for part in PARTS if side in part) <= used[f"{side}_tokens"]
           for used in (first, second) for side in ("input", "output")):  # fmt: skip
        assert total(both, made) == (total(first, made) or 0) + (total(second, made) or 0)


def test_a_cached_token_of_the_table_never_costs_more_than_another() -> None:
    """Else the data are wrong, or ours is the wrong way to read them."""
    from genscope.features.cost.table import embedded

    dearer = {
        f"{entry.provider}/{entry.model}"
        for entry in embedded().entries()
        for rates in [price(entry.said).base]
        if rates.input and rates.cache_read is not None and rates.cache_read > rates.input
    }
    assert not dearer


@given(usages)
def test_every_model_of_the_table_can_be_counted_with(used: dict[str, int]) -> None:
    pricing = Pricing()
    for model in ("gpt-5.5", "whisper-1", "tts-1", "text-embedding-3-small", "gpt-image-1"):
        op = call("openai", model, **used)
        pricing.end(op)
        assert op.cost is None or op.cost.amount >= 0
