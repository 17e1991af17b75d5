"""Windows follow the calendar of a time zone, also where its clocks are moved."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from genscope.features.budget.windows import moment, time_zone, windows

BERLIN = ZoneInfo("Europe/Berlin")


def at(zone: ZoneInfo, *when: int, fold: int = 0) -> float:
    return datetime(*when, tzinfo=zone, fold=fold).timestamp()  # type: ignore[arg-type,misc]


def bounds(kind: str, zone: ZoneInfo, now: float) -> tuple[str, str]:
    window = windows(kind, zone)(now)
    assert window.end is not None
    assert window.start <= now < window.end
    return moment(window.start, zone).isoformat(), moment(window.end, zone).isoformat()


@pytest.mark.parametrize(
    "day, hours",
    [((2026, 3, 28), 24), ((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 12, 31), 24)],
)
def test_a_day_has_the_hours_it_has(day: tuple[int, int, int], hours: int) -> None:
    window = windows("day", BERLIN)(at(BERLIN, *day, 12))
    assert window.end is not None
    assert window.end - window.start == hours * 3600
    assert moment(window.start, BERLIN).hour == moment(window.end, BERLIN).hour == 0


def test_the_last_and_the_first_second_of_a_day() -> None:
    midnight = at(BERLIN, 2026, 7, 1)
    assert windows("day", BERLIN)(midnight - 0.001).end == midnight
    assert windows("day", BERLIN)(midnight).start == midnight


def test_a_month() -> None:
    assert bounds("month", BERLIN, at(BERLIN, 2026, 12, 31, 23)) == (
        "2026-12-01T00:00:00+01:00",
        "2027-01-01T00:00:00+01:00",
    )
    assert bounds("month", BERLIN, at(BERLIN, 2026, 3, 31, 12))[1] == "2026-04-01T00:00:00+02:00"
    february = windows("month", BERLIN)(at(BERLIN, 2028, 2, 29, 12))
    assert february.end is not None
    assert february.end - february.start == 29 * 86_400


def test_the_hour_that_comes_twice_is_two_windows() -> None:
    find = windows("hour", BERLIN)
    first, second = (find(at(BERLIN, 2026, 10, 25, 2, 30, fold=fold)) for fold in (0, 1))
    assert second.start - first.start == 3600
    assert first.end == second.start


def test_hours_of_half_past() -> None:
    india = ZoneInfo("Asia/Kolkata")
    assert bounds("hour", india, at(india, 2026, 1, 1, 10, 15))[0] == "2026-01-01T10:00:00+05:30"


def test_a_midnight_that_does_not_exist() -> None:
    """Beirut puts its clocks forward at midnight: the day begins at one."""
    beirut = ZoneInfo("Asia/Beirut")
    start, end = bounds("day", beirut, at(beirut, 2026, 3, 29, 12))
    assert start == "2026-03-29T01:00:00+03:00"
    assert bounds("day", beirut, at(beirut, 2026, 3, 28, 12))[1] == start
    assert end == "2026-03-30T00:00:00+03:00"


def test_a_midnight_that_comes_twice() -> None:
    havana = ZoneInfo("America/Havana")
    window = windows("day", havana)(at(havana, 2026, 11, 1, 0, 30, fold=1))
    assert window.end is not None
    assert window.end - window.start == 25 * 3600


def test_a_total_never_ends() -> None:
    window = windows("total", BERLIN)(at(BERLIN, 2026, 1, 1))
    assert window.end is None
    assert window == windows("total", BERLIN)(0.0)
    assert window.holds(10.0**12)


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Beirut", "America/Havana",
         "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo", "Africa/Casablanca")  # fmt: skip


@settings(deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(ZONES),
    st.sampled_from(("minute", "hour", "day", "month")),
    st.floats(min_value=946_684_800, max_value=4_102_444_800),
    st.floats(min_value=0, max_value=7_200),
)
@example("UTC", "day", 2051222399.9999995, 0.0)
@example("Australia/Lord_Howe", "hour", 1775314800.0 - 60, 120.0)
def test_a_moment_is_in_one_window(zone_name: str, kind: str, now: float, later: float) -> None:
    """Whoever asks, and whenever it has asked before: as long as a window is fresh, it is what one would find anew."""
    zone = ZoneInfo(zone_name)
    find = windows(kind, zone)
    window = find(now)
    assert window.end is not None
    assert window.start <= now < window.end
    if window.holds(now + later):
        assert find(now + later) == window


def test_days_are_without_gaps() -> None:
    for name in ZONES:
        zone = ZoneInfo(name)
        find = windows("day", zone)
        window = find(at(zone, 2026, 1, 1, 12))
        for _ in range(400):
            assert window.end is not None
            following = find(window.end)
            assert following.start == window.end, (name, moment(window.end, zone))
            window = following


@pytest.mark.parametrize("name", ["UTC", "utc", "", " Z "])
def test_utc_needs_no_data(name: str) -> None:
    assert time_zone(name) is timezone.utc


def test_what_is_a_time_zone_already() -> None:
    zone = timezone(timedelta(hours=2))
    assert time_zone(zone) is zone


@pytest.mark.parametrize("name", ["Europe/Belrin", "/etc/passwd", "../etc", "Europe", "x" * 5000, "\0", 7])
def test_what_is_no_time_zone(name: object) -> None:
    with pytest.raises(ValueError, match="Europe/Berlin"):
        time_zone(name)
