"""The page: whole, closed in itself, and safe whatever somebody is called."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from genscope import semconv
from genscope.local.report.asked import Swap
from genscope.local.report.figures import Figures
from genscope.local.report.html import Markup, element, text
from genscope.local.report.numerals import change, count, money, percent, said, seconds, signed
from genscope.local.report.page import page

from .samples import DAY, Source, call, failed, figures, span, verdict

EVIL = """'"><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\u202e\x00\x1b[31m"""
VOID = {"meta", "br", "link", "img"}


class Reader(HTMLParser):
    """Elements as a browser would see them; an `AssertionError` for what is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.elements if found == tag]


def everything(path: Path, name: str) -> Figures:
    """All sections have something to show, and whoever is named in them is called so."""
    about: dict[str, Any] = {
        semconv.PROVIDER_NAME: "acme",
        semconv.REQUEST_MODEL: name,
        semconv.USER_ID: name,
        semconv.CONTENT_HASH: name,
        semconv.TIME_TO_FIRST_TOKEN: 0.2,
        semconv.USAGE["cache_read_input_tokens"]: 50,
    }
    source = Source({"service.name": name})
    flow = {semconv.OPERATION_NAME: "invoke_workflow", semconv.WORKFLOW_NAME: name}
    spans = [
        *(call(n, n * DAY // 2, said=about, source=source, name=name) for n in range(1, 12)),
        span(20, DAY // 2, 3, trace_id=f"{1:032x}", attributes=flow, name=name, source=source),
        call(21, 1, said={**about, **failed(name)}, cost=None),
        call(22, 2, model="small", cost=0.000001),
        call(23, 3, model="big", cost=5.0, said={semconv.RETRY_ATTEMPTS: 2, semconv.RETRY_BACKOFF: 1.0}),
        call(24, 3, said={semconv.OUR_OPERATION_NAME: "judge"}),
        call(25, -DAY, said=about),
        call(26, -7 * DAY, said=about),
    ]
    logs = [verdict(n, n * DAY // 2, 0.7, name) for n in range(1, 12)]
    swaps = [Swap("big", None, "small")]
    return figures(path, spans, logs, title=name, swaps=swaps, cache_rate=0.5, investment=100.0)


def test_no_name_does_anything(path: Path) -> None:
    found = everything(path, EVIL)
    made = page(replace(found, notices=[EVIL], missing={"quality": EVIL}, source=EVIL))
    read = Reader(made)
    assert not {"script", "img", "iframe", "link", "object", "form"} & {tag for tag, _ in read.elements}
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]
    assert read.text.count("<script>alert(1)</script>") > 10
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e]", made)
    assert "default-src 'none'" in str(read.all("meta"))


def test_it_needs_nothing_else(path: Path) -> None:
    made = page(everything(path, "big"))
    links = [attributes for _, attributes in Reader(made).elements if {"src", "href", "srcset"} & attributes.keys()]
    assert not links
    assert not re.search(r"url\(|@import|https?://", made)


def test_all_is_there_for_who_sees_nothing(path: Path) -> None:
    """Each picture has a title, a description, and its numbers in a table or in words."""
    found = everything(path, "big")
    made = page(found)
    read = Reader(made)
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    pictures = read.all("svg")
    assert len(pictures) == 4 + len(found.slowest or ())
    for one in pictures:
        assert one["role"] == "img"
        assert set((one["aria-labelledby"] or "").split()) <= set(ids)
    for figure in re.findall(r"<figure>.*?</figure>", made, re.DOTALL):
        assert figure.count("<tr>") == len(found.trend) + 1
    assert read.all("html")[0]["lang"] == "en"
    assert read.all("th")
    assert all("scope" in one for one in read.all("th"))
    assert len(read.all("h1")) == 1


def test_what_it_says(path: Path) -> None:
    found = everything(path, "big")
    told = Reader(page(found)).text
    for words in (
        "1 Nov 2026 to 8 Nov 2026 (not included), compared with 25 Oct 2026 to 1 Nov 2026",
        "SDKs tried again 1 time for 1 call, which took 1.00 s of waiting in all.",
        "Judging took 1 call ($1.00), which are in no other figure.",
        "small answers as well as big, with as many tokens (--what-if).",
        "Paid back after",
    ):
        assert words in told


def test_sums_of_what_is_not_whole_are_not_compared(path: Path) -> None:
    found = everything(path, "big")
    assert found.whole
    card = "<dt>Calls</dt><dd><strong>14</strong>"
    assert f'{card}<span class="change">+600 %</span>' in page(found)
    assert f"{card}</dd>" in page(replace(found, whole=False))


def test_nothing_to_show(path: Path) -> None:
    made = Reader(page(figures(path, []))).text
    assert "There is no call in this period in the store: it has no spans at all." in made
    assert "At a glance" not in made


def test_little_to_show(path: Path) -> None:
    """One call of which hardly anything is known: what is missing is said, and why."""
    found = figures(path, [call(1, 0, cost=None, tokens=None)], compared=None)
    told = Reader(page(found)).text
    for words in ("GENSCOPE_CONTENT_HASH", "GENSCOPE_JUDGE_SAMPLE_RATIO", "@genscope.workflow", "no cost is known"):
        assert words in told
    assert "nan" not in told.lower().split()
    assert "$0.00" not in told.split("Where the money went")[1].split("What was saved")[0]


def test_a_saving_that_nobody_knows_is_not_nothing(path: Path) -> None:
    read = {semconv.USAGE["cache_read_input_tokens"]: 50}
    told = Reader(page(figures(path, [call(1, 0, model="nobody knows", said=read)]))).text
    assert "50 tokens came from caches; what that saved is not known, for no list price is." in told


def test_escaping_is_not_forgotten() -> None:
    assert element("a", "<", [Markup("<b>"), None, "&"], title='"', class_=None) == '<a title="&quot;">&lt;<b>&amp;</a>'
    assert text("\ud800\x07") == "\ufffd\ufffd"


@pytest.mark.parametrize(
    "shown, means",
    [
        (percent(0.9999), "> 99.9 %"),
        (percent(1), "100 %"),
        (percent(0.0001), "< 0.1 %"),
        (percent(0), "0 %"),
        (percent(0.5), "50.0 %"),
        (seconds(0), "0 s"),
        (seconds(0.0123), "12 ms"),
        (seconds(59.99), "1 min 00 s"),
        (seconds(7200), "2.0 h"),
        (money("USD")(1234.5), "$1,234.50"),
        (money("USD")(0.9996), "$1.00"),
        (money("USD")(0.0000046), "$0.0000046"),
        (money("EUR")(-2), "−€2.00"),
        (money("CHF")(2), "2.00 CHF"),
        (count(12_345), "12,345"),
        (count(123_456_789), "123.5 M"),
        (signed(0.5), "+50 %"),
        (signed(-0.034), "−3.4 %"),
        (signed(24), "× 25"),
        (signed(0.00001), "± 0 %"),
        (said(float("nan"), seconds), "–"),
        (said(None, seconds), "–"),
    ],
)
def test_numbers_as_people_read_them(shown: str, means: str) -> None:
    assert shown == means


def test_a_change_of_nothing_says_nothing() -> None:
    assert change(1.0, 0.0) is change(1.0, None) is change(None, 1.0) is None
    assert change(3.0, 2.0) == 0.5
