"""Charts as inline SVG: a picture, and for who cannot see it a title, a description and a table of the same numbers.

Colours are classes of the page's style, so that they follow light and dark, and print. What is shown is nothing to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from genscope.local.report.html import Markup, element, shortened
from genscope.local.report.numerals import Say, said

_WIDTH, _HEIGHT = 480, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 66, 8, 10, 22
_WIDE, _ROW, _NAMES, _TIMES = 760, 20, 260, 64
_INDENT: Final = 10
_CHARACTER: Final = 6.6
"""Of the font of a text, as wide as most are."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of numbers, one for each label of the axis; `style` is a class of the page's style."""

    name: str
    style: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Step:
    """A bar of a waterfall. `part` of its beginning is drawn lighter."""

    name: str
    style: str
    depth: int
    start: float
    length: float
    part: float | None
    failed: bool
    tip: str


def columns(name: str, title: str, labels: Sequence[str], lines: Sequence[Line], say: Say) -> Markup:
    """Stacked on each other, the first at the bottom."""
    sums = [sum(line.values[at] or 0 for line in lines) for at in range(len(labels))]
    top, ticks = _axis(max(sums, default=0))
    width = (_WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    drawn: list[Markup] = []
    for at, label in enumerate(labels):
        below = 0.0
        for line in lines:
            value = line.values[at] or 0
            if value > 0:
                y = _y(below + value, top)
                tip = element("title", f"{label} · {line.name} {said(value, say)}")
                place = {"x": _n(_LEFT + at * width + width * 0.1), "y": _n(y), "width": _n(width * 0.8)}
                drawn.append(element("rect", tip, class_=line.style, height=_n(_y(below, top) - y), **place))
                below += value
    return _figure(name, title, labels, lines, say, [*_grid(ticks, top, say), *_along(labels), *drawn])


def curves(
    name: str, title: str, labels: Sequence[str], lines: Sequence[Line], say: Say, top: float | None = None
) -> Markup:
    """One over the other, with gaps where there is no number. `top` is the end of the axis, if it is known."""
    most = max((value for line in lines for value in line.values if value is not None), default=0)
    end, ticks = _axis(most) if top is None else (top, [top * part / 4 for part in range(5)])
    width = (_WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    drawn: list[Markup] = []
    for line in lines:
        for run in _runs(line.values):
            points = [(_LEFT + (at + 0.5) * width, _y(value, end)) for at, value in run]
            path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
            drawn.append(element("polyline", points=path, class_=f"line {line.style}"))
        for at, value in enumerate(line.values):
            if value is not None:
                tip = element("title", f"{labels[at]} · {line.name} {said(value, say)}")
                x, y = _n(_LEFT + (at + 0.5) * width), _n(_y(value, end))
                drawn.append(element("circle", tip, cx=x, cy=y, r="2.6", class_=line.style))
    return _figure(name, title, labels, lines, say, [*_grid(ticks, end, say), *_along(labels), *drawn])


def waterfall(name: str, title: str, steps: Sequence[Step], whole: float, say: Say) -> Markup:
    """Each bar where it was, beneath the one that it belongs to. The page has its own table of what was waited for."""
    room = _WIDE - _NAMES - _TIMES
    scale = room / whole if whole > 0 else 0.0
    height = len(steps) * _ROW + 8
    drawn: list[Markup] = []
    for at, step in enumerate(steps):
        y, indent = at * _ROW + 4, min(step.depth, 12) * _INDENT
        fits = int((_NAMES - indent - 8) / _CHARACTER)
        x, width = _NAMES + step.start * scale, max(step.length * scale, 1.5)
        failed = " failed" if step.failed else ""
        drawn += [
            element("text", shortened(step.name, fits), x=_n(indent), y=_n(y + 13), class_=f"name{failed}"),
            element(
                "rect",
                element("title", step.tip),
                x=_n(x),
                y=_n(y + 3),
                width=_n(min(width, _WIDE - x)),
                height=_n(_ROW - 7),
                class_=f"{step.style}{failed}",
            ),
        ]
        if step.part is not None:
            part = {"width": _n(min(step.part * scale, width)), "height": _n(_ROW - 7), "class_": "waiting"}
            drawn.append(element("rect", x=_n(x), y=_n(y + 3), **part))
        drawn.append(element("text", said(step.length, say), x=_n(_WIDE), y=_n(y + 13), class_="number"))
    text = f"{len(steps)} steps in {said(whole, say)}; the longest: " + ", ".join(
        f"{step.name} {said(step.length, say)}" for step in sorted(steps, key=lambda one: -one.length)[:3]
    )
    return _svg(name, title, text, _WIDE, height, drawn, "waterfall")


def _figure(
    name: str, title: str, labels: Sequence[str], lines: Sequence[Line], say: Say, drawn: Sequence[Markup]
) -> Markup:
    legend = [element("span", element("i", class_=line.style), line.name) for line in lines]
    head = element("tr", element("th", "From", scope="col"), [element("th", one.name, scope="col") for one in lines])
    rows = (
        element("tr", element("th", label, scope="row"), [element("td", said(one.values[at], say)) for one in lines])
        for at, label in enumerate(labels)
    )
    table = element("table", element("thead", head), element("tbody", rows))
    described = "; ".join(f"{line.name}: {_range(line, say)}" for line in lines)
    return element(
        "figure",
        element("figcaption", title, element("span", legend, class_="legend")),
        _svg(name, title, described, _WIDTH, _HEIGHT, drawn, "chart"),
        element("details", element("summary", "The numbers"), element("div", table, class_="scroll")),
    )


def _range(line: Line, say: Say) -> str:
    values = [value for value in line.values if value is not None]
    return f"from {say(min(values))} to {say(max(values))}" if values else "nothing"


def _svg(name: str, title: str, text: str, width: int, height: int, drawn: Sequence[Markup], style: str) -> Markup:
    about = element("title", title, id=f"{name}-title"), element("desc", text, id=f"{name}-text")
    by = f"{name}-title {name}-text"
    return element("svg", about, drawn, viewBox=f"0 0 {width} {height}", role="img", aria_labelledby=by, class_=style)


def _grid(ticks: Sequence[float], top: float, say: Say) -> Iterator[Markup]:
    for tick in ticks:
        y = _y(tick, top)
        yield element("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=_n(y), y2=_n(y), class_="grid")
        yield element("text", said(tick, say), x=_LEFT - 6, y=_n(y + 4), class_="number")


def _along(labels: Sequence[str]) -> Iterator[Markup]:
    width = (_WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    longest = max(map(len, labels), default=0) * _CHARACTER + 12
    every = math.ceil(len(labels) / max((_WIDTH - _LEFT - _RIGHT) // longest, 1))
    for at in range(0, len(labels), max(every, 1)):
        x = _LEFT + (at + 0.5) * width
        yield element("text", labels[at], x=_n(max(x, _LEFT + 8)), y=_HEIGHT - 6, class_="label")


def _axis(most: float) -> tuple[float, list[float]]:
    """The end of an axis that holds it, and where its lines are: a whole number of 1, 2 or 5 of a power of ten."""
    if not most > 0 or not math.isfinite(most):
        return 1.0, [0.0]
    power = 10.0 ** math.floor(math.log10(most))
    step = next(power * part for part in (0.25, 0.5, 1, 2.5) if most <= power * part * 4)
    ticks = [step * number for number in range(math.ceil(most / step - 1e-9) + 1)]
    return ticks[-1], ticks


def _y(value: float, top: float) -> float:
    room = _HEIGHT - _TOP - _BOTTOM
    return _TOP + room - room * min(max(value / top, 0.0), 1.0)


def _runs(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    """Of numbers that follow each other."""
    run: list[tuple[int, float]] = []
    for at, value in enumerate(values):
        if value is not None:
            run.append((at, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
