"""On a phone, in the dark, for a screen reader, with nothing to show, with much to show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from store.samples import many, span_id, trace_id

from ui.served import Served

from . import story
from .browser import expect
from .conftest import Opens, fill

pytestmark = pytest.mark.needs_chromium

VIEWS = [
    "#/traces", "#/calls", "#/conversations", "#/charts", f"#/trace/{trace_id(1)}", f"#/trace/{trace_id(3)}",
    f"#/trace/{trace_id(1)}?as=messages", f"#/trace/{trace_id(1)}?as=turns", "#/conversation?id=paris-trip",
    f"#/compare?a={trace_id(1)}.{span_id(103)}&b={trace_id(1)}.{span_id(105)}",
]  # fmt: skip
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("looks") / "store.db", "--retention", "off") as served:
        fill(served.store, story.all_of_it(), [story.verdict()])
        yield served


@pytest.mark.parametrize("view", VIEWS)
def test_on_a_phone_nothing_is_wider_than_it(told: Served, opens: Opens, view: str) -> None:
    page = opens(told, view, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    beyond = page.locator("main *").evaluate_all(
        """all => all.filter((one) => one.checkVisibility() && !one.closest(".unseen, .ticks, svg")
             && one.getBoundingClientRect().right > 361).map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert beyond == []


def test_a_phone_is_enough_to_find_and_read(told: Served, opens: Opens) -> None:
    page = opens(told, **PHONE)
    page.get_by_text("Filters").tap()
    page.locator("[data-filter=user]").fill("grace")
    page.locator("[data-filter=user]").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.get_by_text("Filters (1)").is_visible()
    page.locator("tbody tr").tap()
    page.get_by_role("tree").wait_for()
    page.locator("[role=treeitem]").nth(2).tap()
    expect(page.locator(".panel h2")).to_have_text("chat gpt-4o")
    expect(page.locator(".panel h2")).to_be_in_viewport()


_CONTRAST = """
() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
    .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const poor = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest(".unseen, svg, option, noscript")) continue;
    const [one, other] = [light(rgba(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${element.className} ${texts.currentNode.data.slice(0, 30)}`);
  }
  return poor;
}
"""


@pytest.mark.parametrize("view", VIEWS)
def test_every_text_can_be_read(told: Served, opens: Opens, view: str) -> None:
    """4.5 : 1 (https://www.w3.org/TR/WCAG22/#contrast-minimum), in both schemes."""
    page = opens(told, view)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(_CONTRAST) == [], scheme


def ground(page: Any) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_dark_and_light_as_the_system_or_as_chosen(told: Served, opens: Opens) -> None:
    page = opens(told, color_scheme="dark")
    dark = ground(page)
    page.emulate_media(color_scheme="light")
    light = ground(page)
    assert light != dark
    switch = page.locator("#theme")
    assert switch.get_attribute("aria-label") == "Colours: Auto"
    switch.click()
    switch.click()
    assert (switch.inner_text(), ground(page)) == ("Dark", dark)
    page.reload()
    assert (switch.inner_text(), ground(page)) == ("Dark", dark)
    switch.click()
    assert (switch.inner_text(), ground(page)) == ("Auto", light)


@pytest.mark.parametrize("view", VIEWS)
def test_everything_has_a_name_and_a_role(told: Served, opens: Opens, view: str) -> None:
    page = opens(told, view)
    nameless = page.locator("a, button, input, select, summary, [role]").evaluate_all(
        """all => all.filter((one) => one.checkVisibility() && !(one.getAttribute("aria-label")
             || one.getAttribute("aria-labelledby") || one.labels?.length || one.textContent.trim()
             || one.tagName === "TABLE"
             || ["rowgroup", "row", "cell", "columnheader", "status"].includes(one.getAttribute("role"))))
             .map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert nameless == []
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == page.locator("nav[aria-label=Views]").count() == 1
    ids = page.locator("[id]").evaluate_all("all => all.map((one) => one.id)")
    assert len(ids) == len(set(ids))
    small = page.locator("button, select, input, a").evaluate_all(
        "all => all.filter((one) => one.checkVisibility() && one.tabIndex < 0 && !['tab'].includes(one.role)).length"
    )
    assert small == 0


def test_where_the_focus_goes(told: Served, opens: Opens) -> None:
    page = opens(told)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id || document.activeElement.className") != "skip"  # after main
    page.get_by_role("link", name="Skip to the content").focus()
    assert page.get_by_role("link", name="Skip to the content").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    assert page.locator("table.traces").is_visible()


# --- nothing


@pytest.mark.parametrize("view", ["", "#/traces", "#/calls", "#/conversations", "#/charts"])
def test_an_empty_store_says_what_to_do(served: Served, opens: Opens, view: str) -> None:
    page = opens(served, view)
    page.get_by_role("heading", name="Nothing has been recorded yet").wait_for()
    commands = page.locator(".command code").all_inner_texts()
    assert commands[0] == "genscope run app.py"
    assert commands[1].endswith("opentelemetry-instrument python app.py")
    assert f"OTEL_EXPORTER_OTLP_ENDPOINT=http://{served.address} " in commands[1]
    assert commands[2] == "genscope demo"


def test_spans_without_a_call(served: Served, opens: Opens) -> None:
    fill(served.store, [story.span(1, 0, "GET /", 0, 1, None)])
    page = opens(served, "#/calls")
    page.get_by_role("heading", name="No calls yet").wait_for()
    page.get_by_role("link", name="All traces").click()
    page.locator("table.traces").wait_for()
    page.keyboard.press("3")
    page.get_by_role("heading", name="No conversations yet").wait_for()
    assert 'genscope.context(conversation_id="c1"' in page.locator(".notice").inner_text()


def test_a_store_that_is_gone(served: Served, opens: Opens) -> None:
    """Taken away while the server runs: it says so, and the next try finds it again."""
    page = opens(served, "#/calls", expected=("503",))
    aside = served.store.with_name("aside.db")
    served.store.rename(aside)
    page.keyboard.press("1")
    page.get_by_role("heading", name="The store cannot be read now").wait_for()
    assert "is not there" in page.locator(".notice").inner_text()
    aside.rename(served.store)
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("heading", name="Nothing has been recorded yet").wait_for()


def test_behind_a_token(tmp_path: Any, opens: Opens) -> None:
    with Served(tmp_path / "store.db", "--token", "a-token-of-mine-42") as served:
        page = opens(served, "#/calls", expected=("401",))
        assert "token" not in page.url
        assert page.url.endswith("#/calls")
        page.get_by_role("heading", name="Nothing has been recorded yet").wait_for()
        page.context.clear_cookies()
        answer = page.goto(f"http://{served.address}/")
        assert answer.status == 401
        assert "open the link that genscope ui has printed" in page.locator("body").inner_text()


# --- much


def test_a_hundred_thousand_spans(tmp_path_factory: pytest.TempPathFactory, opens: Opens) -> None:
    """As many elements as for fifty: what is not on the page is not in the browser."""
    with Served(tmp_path_factory.mktemp("many") / "store.db", "--retention", "off") as served:
        fill(served.store, many(100_000, content=False))
        page = opens(served)
        assert page.locator("tbody tr").count() == 50
        assert page.evaluate("document.querySelectorAll('*').length") < 3000
        for _ in range(3):
            first = page.locator("tbody tr").first.get_attribute("data-key")
            page.keyboard.press("n")
            expect(page.locator(f"tbody tr[data-key='{first}']")).to_have_count(0)
        page.go_back()
        expect(page.locator(f"tbody tr[data-key='{first}']")).to_have_count(1)
        for view in ("#/calls?model=gpt-4o", "#/calls?user=user-5", "#/charts", "#/conversations?since=30d"):
            page.goto(served.page + view)
            page.locator(f".view-{view[2:].partition('?')[0]}").wait_for()
            assert page.evaluate("document.querySelectorAll('*').length") < 8000
