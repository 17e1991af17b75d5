"""What a page says of calls, time, errors and quality, one function for each section."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from genscope.local.report import charts
from genscope.local.report.charts import Line, Step
from genscope.local.report.figures import Bar, ErrorKind, Figures, Judge, SlowTrace, Times, Total
from genscope.local.report.html import Markup, element
from genscope.local.report.numerals import count, of, percent, said, score, seconds
from genscope.local.report.spent import SORTS
from genscope.local.report.tables import Column, card, table
from genscope.local.report.wording import Words

_STYLES: Final = ("one", "two", "three", "four", "five")
STYLE_OF: Final = dict(zip(SORTS, _STYLES, strict=True))
_JUDGES: Final = 5
"""In one chart: there are no more colours."""


def notices(figures: Figures) -> Markup | None:
    if not figures.notices:
        return None
    told = [element("li", one) for one in figures.notices]
    return element("section", element("h2", "To know before"), element("ul", told), class_="notices")


def overview(figures: Figures, words: Words) -> Markup:
    now, before = figures.now, figures.before or Total()
    duration, first = now.duration, now.first_token
    was, first_was = before.duration or _NEVER, before.first_token or _NEVER
    cards = [
        card("Calls", words.count(now.calls), words.sums(now.calls, before.calls)),
        card(
            "Success rate",
            words.percent(now.success_rate),
            _points(now.success_rate, before.success_rate),
            element("small", f"{words.count(now.failed)} failed{_stopped(now, words)}"),
        ),
        card("Cost", words.money(now.cost), words.sums(now.cost, before.cost, more_is_better=False)),
        card("Cost of a call", *_per_call(now, before, words)),
    ]
    if duration is not None:
        cards += [
            card(
                "Mean response",
                words.seconds(duration.mean),
                words.values(duration.mean, was.mean, more_is_better=False),
                element("small", f"half within {words.seconds(duration.p50)}"),
            ),
            card(
                "95 % respond within",
                words.seconds(duration.p95),
                words.values(duration.p95, was.p95, more_is_better=False),
                element("small", f"99 % within {words.seconds(duration.p99)}"),
            ),
        ]
    if first is not None:
        cards.append(
            card(
                figures.missing.get("first_token", "First token, half within"),
                words.seconds(first.p50),
                words.values(first.p50, first_was.p50, more_is_better=False),
                element("small", f"95 % within {words.seconds(first.p95)}, of streams"),
            )
        )
    tokens = words.count((now.input_tokens or 0) + (now.output_tokens or 0))
    parts = f"{words.count(now.input_tokens)} in, {words.count(now.output_tokens)} out"
    was_tokens = (before.input_tokens or 0) + (before.output_tokens or 0)
    change = words.sums((now.input_tokens or 0) + (now.output_tokens or 0), was_tokens)
    cards.append(card("Tokens", tokens, change, element("small", parts)))
    return element("section", element("h2", "At a glance"), element("dl", cards, class_="cards"))


_NEVER: Final = Times(0, 0.0, None, None, None)


def trends(figures: Figures, words: Words) -> Markup:
    labels, pieces = words.labels(), figures.trend
    calls = [
        Line("succeeded", "one", [max(one.calls - one.failed, 0) for one in pieces]),
        Line("failed", "bad", [one.failed for one in pieces]),
    ]
    latency = [
        Line("half within", "one", [one.p50 for one in pieces]),
        Line("95 % within", "two", [one.p95 for one in pieces]),
    ]
    cost = [Line("cost", "three", [one.cost for one in pieces])]
    drawn = [
        charts.columns("calls", f"Calls, each {words.step()}", labels, calls, count),
        charts.columns("cost", f"Cost, each {words.step()}", labels, cost, words.money),
        charts.curves("latency", "Response time", labels, latency, seconds),
        _scores(figures, labels),
    ]
    return element("section", element("h2", "Over time"), element("div", drawn, class_="charts"))


def _scores(figures: Figures, labels: Sequence[str]) -> Markup | None:
    judges = sorted(figures.judges, key=lambda judge: -judge.verdicts)[:_JUDGES]
    lines = [Line(judge.name, style, judge.trend) for judge, style in zip(judges, _STYLES, strict=False)]
    if not any(value is not None for line in lines for value in line.values):
        return None
    most = max(value for line in lines for value in line.values if value is not None)
    return charts.curves("scores", "Quality, mean score", labels, lines, score, 1.0 if most <= 1 else None)


def errors(figures: Figures, words: Words) -> Markup:
    made: list[object] = []
    if figures.errors:
        columns: list[Column[ErrorKind]] = [
            Column("Kind of error", _kind, number=False),
            Column("Calls", lambda one: words.count(one.calls)),
            Column("Of all calls", lambda one: words.percent(one.calls / figures.now.calls)),
        ]
        if figures.before is not None:
            columns.append(Column("Before", lambda one: words.count(one.before)))
            columns.append(
                Column("Change", lambda one: words.sums(one.calls, one.before, more_is_better=one.stopped and None))
            )
        made.append(table(figures.errors, columns))
    else:
        made.append(element("p", "No call failed."))
    if figures.retries is not None:
        made.append(element("p", _retried(figures, words)))
    return element("section", element("h2", "Errors and retries"), made)


def _kind(one: ErrorKind) -> object:
    note = element("small", "stopped by the application, not counted as failed") if one.stopped else None
    return [one.kind, note]


def _retried(figures: Figures, words: Words) -> str:
    found = figures.retries
    assert found is not None
    if not found.attempts:
        text = "No call was tried again by its SDK."
    else:
        times = of(found.attempts, "time")
        calls = f" for {of(found.calls, 'call')}" if found.calls is not None else ""
        waited = f", which took {words.seconds(found.waited)} of waiting in all" if found.waited else ""
        text = f"SDKs tried again {times}{calls}{waited}."
    if found.failed_cost:
        text += f" Calls that failed in the end had cost {words.money(found.failed_cost)} by then."
    return f"{text} Providers do not say what an attempt cost that they refused."


def quality(figures: Figures, words: Words) -> Markup:
    head = element("h2", "Quality")
    if not figures.judges:
        return element(
            "section", head, element("p", f"Nothing is known: {figures.missing.get('judges', 'no verdict')}.")
        )
    columns: list[Column[Judge]] = [
        Column("Judge", lambda one: one.name, number=False),
        Column("Answers judged", lambda one: words.count(one.verdicts)),
        Column("Mean score", lambda one: said(one.mean, score)),
        Column("Before", lambda one: said(one.before, score)),
        Column("Change", lambda one: words.values(one.mean, one.before, more_is_better=True)),
    ]
    note = None
    if figures.judging is not None:
        cost = words.money(figures.judging.cost)
        note = f"Judging took {of(figures.judging.calls, 'call')} ({cost}), which are in no other figure."
    return element("section", head, table(figures.judges, columns), element("p", note, class_="note") if note else None)


def slowest(figures: Figures, words: Words) -> Markup:
    head = element("h2", "Slowest traces")
    if figures.slowest is None:
        return element("section", head, element("p", f"Not known: {figures.missing.get('slowest', '')}."))
    legend = [element("span", element("i", class_=STYLE_OF[sort]), word) for sort, word in SORTS.items()]
    hint = "The light beginning of a bar is the wait for the first token."
    return element(
        "section",
        head,
        element("p", hint, element("span", legend, class_="legend"), class_="note"),
        [_trace(number, one, words) for number, one in enumerate(figures.slowest)],
    )


def _trace(number: int, trace: SlowTrace, words: Words) -> Markup:
    about = f"{words.seconds(trace.duration)} · {trace.name}"
    where = ", ".join(
        f"{SORTS[sort]} {words.seconds(taken)} ({percent(taken / trace.duration) if trace.duration else '–'})"
        for sort, taken in sorted(trace.spent.items(), key=lambda item: -item[1])
        if taken > 0
    )
    more = [f"{words.time(trace.start)}", of(trace.calls, "call")]
    more += [f"{trace.errors} failed"] if trace.errors else []
    more += [words.money(trace.cost)] if trace.cost is not None else []
    more += [trace.service] if trace.service else []
    left = f" {trace.left_out} shorter steps are not drawn." if trace.left_out else ""
    steps = [_step(bar, words) for bar in trace.bars]
    drawn = charts.waterfall(f"trace-{number}", about, steps, trace.duration, seconds)
    return element(
        "div",
        element("h3", about),
        element("p", f"Where the time went: {where or 'nowhere'}.", left),
        element("div", drawn, class_="scroll", tabindex="0", role="group", aria_label=about),
        element("p", " · ".join(more), " · ", element("code", trace.trace_id), class_="note"),
        class_="trace",
    )


def _step(bar: Bar, words: Words) -> Step:
    tip = f"{bar.name}: {words.seconds(bar.duration)}, {SORTS[bar.sort]}{', failed' if bar.failed else ''}"
    return Step(bar.name, STYLE_OF[bar.sort], bar.depth, bar.start, bar.duration, bar.first_token, bar.failed, tip)


def _points(now: float | None, before: float | None) -> Markup | None:
    """A difference of rates is told in points: 1 % more of 99 % says nothing."""
    if now is None or before is None:
        return None
    points = (now - before) * 100
    if abs(points) < 0.05:
        return element("span", "± 0 points", class_="change")
    word = "better" if points > 0 else "worse"
    return element("span", f"{'+' if points > 0 else '−'}{abs(points):.1f} points {word}", class_=f"change {word}")


def _stopped(now: Total, words: Words) -> str:
    return f", {words.count(now.stopped)} stopped" if now.stopped else ""


def _per_call(now: Total, before: Total, words: Words) -> tuple[str, object]:
    one, other = _cost_per_call(now), _cost_per_call(before)
    return words.money(one), words.values(one, other, more_is_better=False)


def _cost_per_call(total: Total) -> float | None:
    priced = total.calls - (total.unpriced or 0)
    return total.cost / priced if total.cost is not None and priced > 0 else None
