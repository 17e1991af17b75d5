"""Tables of a page: what is compared stands beside what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from genscope.local.report.html import Markup, element, joined
from genscope.local.report.numerals import signed

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """`show` makes a cell of a row: a text, or what is HTML already."""

    title: str
    show: Callable[[Row], object]
    number: bool = True


def table(rows: Iterable[Row], columns: Sequence[Column[Row]], caption: str | None = None) -> Markup:
    """The first column names the row."""
    head = (element("th", one.title, scope="col", class_="number" if one.number else None) for one in columns)
    body = (
        element(
            "tr",
            (element("td" if at else "th", one.show(row), **_cell(one, at)) for at, one in enumerate(columns)),
        )
        for row in rows
    )
    made = element(
        "table",
        element("caption", caption) if caption else None,
        element("thead", element("tr", head)),
        element("tbody", body),
    )
    return element("div", made, class_="scroll", tabindex="0", role="group", aria_label=caption or columns[0].title)


def _cell(column: Column[Row], at: int) -> dict[str, object]:
    return {"scope": None if at else "row", "class_": "number" if column.number else None}


def trend(value: float | None, *, more_is_better: bool | None) -> Markup | None:
    """A change since the period before; better and worse have a word each, for who sees no colours."""
    if value is None:
        return None
    good = None if more_is_better is None or abs(value) < 0.0005 else (value > 0) == more_is_better
    word = {None: None, True: "better", False: "worse"}[good]
    return element("span", signed(value), f" {word}" if word else None, class_=f"change {word or ''}".strip())


def card(title: str, value: str, *about: object) -> Markup:
    """A figure that stands for itself."""
    return element("div", element("dt", title), element("dd", element("strong", value), joined(about)), class_="card")
