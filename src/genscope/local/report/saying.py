"""What one must know to read the figures, and why some are not there, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from genscope.local.report.asked import Asked
from genscope.local.report.figures import Judge, Repeats, Total
from genscope.local.report.numerals import of
from genscope.local.report.period import iso, moment
from genscope.local.report.projecting import LEAST_DAYS
from genscope.local.report.summing import Sums

_NO_USER: Final = "no call says for whom it was: genscope.context(user_id=...) does"
_NO_WORKFLOW: Final = "no call belongs to a workflow: @genscope.workflow makes one"
_NO_HASH: Final = "prompts are known by their hash, which GENSCOPE_CONTENT_HASH=true has recorded"
_NO_VERDICT: Final = "no answer was judged; GENSCOPE_JUDGE_SAMPLE_RATIO has some of them judged"
_NO_RATE: Final = "a supposed cache hit rate is an option: --cache-rate 0.5"


def notices(asked: Asked, sums: Sums, before: Sums | None, first: int | None) -> list[str]:
    found: list[str] = []
    if not sums.whole.calls:
        where = f" of the service {asked.service}" if asked.service else ""
        known = "it has no spans at all" if first is None else f"it begins at {iso(first)}"
        found.append(f"There is no call{where} in this period in the store: {known}.")
    elif first is not None and first > asked.period.since_ns:
        found.append(f"The store begins at {at(first)}, so the period is not whole.")
    if before is not None and sums.whole.calls:
        if not before.whole.calls:
            found.append("There is no call in the period before, so nothing is compared.")
        elif asked.compared is not None and first is not None and first > asked.compared.since_ns:
            found.append(
                f"The store begins at {at(first)}, so the period before is not whole: times and ratios are compared, "
                "sums are not."
            )
    if asked.period.until_ns > asked.made_ns:
        found.append("The period has not ended yet.")
    if sums.whole.unpriced:
        found.append(
            f"The cost of {sums.whole.unpriced:,} of {of(sums.whole.calls, 'call')} is not known and in no sum; "
            "the command genscope prices check says which models have no price."
        )
    for currency, calls in sorted(sums.whole.foreign.items()):
        what = currency or "an unknown currency"
        found.append(f"{of(calls, 'call')} with a cost in {what}: not in the sums of cost.")
    return found


def missing(asked: Asked, sums: Sums, repeats: Repeats | None, judges: Sequence[Judge]) -> dict[str, str]:
    """By field of the figures."""
    if not sums.whole.calls:
        return {}
    found: dict[str, str] = {}
    if {*sums.users} == {(None, None)}:
        found["users"] = _NO_USER
    if {*sums.workflows} == {(None, None)}:
        found["workflows"] = _NO_WORKFLOW
    if repeats is None:
        found["repeats"] = _NO_HASH
    if asked.cache_rate is None:
        found["more_cached"] = _NO_RATE
    if not judges:
        found["judges"] = _NO_VERDICT
    return found


def no_projection(total: Total, days: float) -> str:
    if total.cost is None or total.cost <= 0:
        return "no cost is known that could be projected"
    if days < LEAST_DAYS:
        return f"there are {days * 24:.1f} hours of data, and less than a day tells nothing of a month"
    return ""


def assumed(asked: Asked) -> Sequence[str]:
    found: list[str] = []
    if asked.spend is not None:
        found.append(f"A month costs {asked.spend:,.2f} {asked.currency} (--monthly-spend).")
    if asked.cache_rate is not None:
        found.append(f"{asked.cache_rate:.0%} of the input can come from the provider's cache (--cache-rate).")
    found += [f"{one.other} answers as well as {one.model}, with as many tokens (--what-if)." for one in asked.swaps]
    if asked.investment is not None:
        found.append(f"The work costs {asked.investment:,.2f} {asked.currency} once (--investment).")
    rate = asked.money().get("USD")
    if asked.currency != "USD" and rate is not None:
        found.append(f"A US dollar is {rate:g} {asked.currency} (--currency).")
    return found


def at(time_ns: int) -> str:
    """`1 Nov 2026 09:30 UTC`."""
    when = moment(time_ns)
    return f"{when.day} {when:%b %Y %H:%M} UTC"
