"""The report as one HTML file: no script, nothing from elsewhere, fit for a browser, a phone, paper and a mail."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from genscope.local.report import sections, sections_of_money
from genscope.local.report.figures import Figures
from genscope.local.report.html import Markup, element
from genscope.local.report.wording import Words

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""Should a name ever get past the escaping, a browser would still run nothing and fetch nothing."""


def page(figures: Figures) -> str:
    words = Words(figures)
    style = Path(__file__).with_name("style.css").read_text("utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="generator", content="genscope report"),
        element("title", figures.title),
        element("style", Markup(style)),
    )
    body = element("body", _header(figures, words), element("main", _sections(figures, words)), _footer(figures, words))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _sections(figures: Figures, words: Words) -> Iterable[Markup | None]:
    yield sections.notices(figures)
    if figures.now.calls:
        yield sections.overview(figures, words)
        yield sections.trends(figures, words)
        yield sections_of_money.spending(figures, words)
        yield sections_of_money.savings(figures, words)
        yield sections_of_money.projection(figures, words)
        yield sections.errors(figures, words)
        yield sections.quality(figures, words)
        yield sections.slowest(figures, words)


def _header(figures: Figures, words: Words) -> Markup:
    compared = f", compared with {words.period(figures.compared)}" if figures.compared else ""
    service = f"Service {figures.service}. " if figures.service else ""
    about = f"{service}{words.period(figures.period)}{compared}. All times are UTC."
    return element("header", element("h1", figures.title), element("p", about, class_="about"))


def _footer(figures: Figures, words: Words) -> Markup:
    made = f"Made by genscope on {words.time(figures.made)} from {figures.source}. "
    meaning = "What each figure means is told in docs/report.md of genscope; the same numbers for machines: --json."
    return element("footer", element("p", made, meaning))
