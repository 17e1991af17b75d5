"""Which time an option means."""

from __future__ import annotations

import pytest

from genscope.local.report.asked import Swap, currency, swap
from genscope.local.report.period import Period, chosen, compared, iso

from .samples import BEGIN, DAY, HOUR, SECOND, WEEK

NOW = BEGIN + 100 * DAY


@pytest.mark.parametrize(
    "since, until, last, begins, ends",
    [
        (None, None, None, NOW - 7 * DAY, NOW),
        (None, None, "30m", NOW - HOUR // 2, NOW),
        (None, None, " 2W ", NOW - 14 * DAY, NOW),
        ("2026-11-01", None, None, BEGIN, NOW),
        ("2026-11-01", "2026-11-08", None, BEGIN, BEGIN + 7 * DAY),
        ("2026-11-01T01:00", "2026-11-01T02:30:00Z", None, BEGIN + HOUR, BEGIN + 5 * HOUR // 2),
        ("2026-11-01T01:00+01:00", "now", None, BEGIN, NOW),
        (None, "2026-11-08", "7d", BEGIN, BEGIN + 7 * DAY),
    ],
)
def test_a_period(since: str | None, until: str | None, last: str | None, begins: int, ends: int) -> None:
    assert chosen(since, until, last, NOW) == Period(begins, ends)


@pytest.mark.parametrize(
    "since, until, last, says",
    [
        ("yesterday", None, None, "--from 'yesterday'; accepted: a day or a time"),
        (None, "2026-13-01", None, "--to '2026-13-01'; accepted"),
        (None, None, "7", "--last '7'; accepted: a length of time: 30m"),
        (None, None, "0d", "--last '0d'"),
        (None, None, "-3d", "--last '-3d'"),
        (None, None, "999999w", "--last"),
        ("2026-11-01", None, "7d", "--last and --from"),
        ("2026-11-08", "2026-11-01", None, "--from must be before --to"),
        ("2026-11-01", "2026-11-01", None, "--from must be before --to"),
        ("1969-01-01", "2026-11-01", None, "before 1970"),
        ("", None, None, "--from ''"),
    ],
)
def test_no_period(since: str | None, until: str | None, last: str | None, says: str) -> None:
    with pytest.raises(ValueError) as refused:
        chosen(since, until, last, NOW)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "said, begins",
    [("previous", BEGIN - 7 * DAY), ("PREVIOUS", BEGIN - 7 * DAY), ("28d", BEGIN - 28 * DAY)],
)
def test_what_it_is_compared_with(said: str, begins: int) -> None:
    assert compared(said, WEEK) == Period(begins, begins + 7 * DAY)


def test_compared_with_what_one_likes() -> None:
    assert compared("none", WEEK) is None
    assert compared("2026-10-01/2026-10-02", WEEK) == Period(BEGIN - 31 * DAY, BEGIN - 30 * DAY)


@pytest.mark.parametrize(
    "said", ["", "before", "2026-10-01", "2026-10-02/2026-10-01", "a/b", "2026-10-01/2026-10-01/x"]
)
def test_compared_with_nothing_that_is(said: str) -> None:
    with pytest.raises(ValueError, match="--compare"):
        compared(said, WEEK)


@pytest.mark.parametrize("length", [1, 59, 3600, 90_000, 7 * 86_400, 31 * 86_400, 10 * 365 * 86_400])
def test_pieces_are_not_too_many_and_leave_nothing_out(length: int) -> None:
    period = Period(BEGIN, BEGIN + length * SECOND)
    assert 1 <= period.pieces <= 48
    assert period.step_ns * (period.pieces - 1) < period.until_ns - period.since_ns <= period.step_ns * period.pieces


def test_iso() -> None:
    assert iso(BEGIN + HOUR + 999_999_999) == "2026-11-01T01:00:00Z"


def test_currency() -> None:
    assert currency("usd") == ("USD", {"USD": 1.0})
    assert currency("EUR=0.92") == ("EUR", {"USD": 0.92, "EUR": 1.0})
    for wrong in ("", "EURO", "EUR=", "EUR=0", "EUR=-1", "EUR=nan", "EUR=1e9", "USD=2", "EUR=1=2"):
        with pytest.raises(ValueError, match="--currency"):
            currency(wrong)


def test_another_model() -> None:
    assert swap("a = b") == Swap("a", None, "b")
    assert swap("a=anthropic/b/c") == Swap("a", "anthropic", "b/c")
    for wrong in ("", "a", "a=", "=b", "="):
        with pytest.raises(ValueError, match="--what-if"):
            swap(wrong)
