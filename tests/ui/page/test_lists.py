"""Lists of traces and calls: what they show, how they are filtered, paged, and walked through with keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from store.samples import trace_id

from ui.served import Served

from . import story
from .browser import expect
from .conftest import Opens, fill

pytestmark = pytest.mark.needs_chromium


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with the story in it."""
    with Served(tmp_path_factory.mktemp("lists") / "store.db", "--retention", "off") as served:
        fill(served.store, story.all_of_it(), [story.verdict()])
        yield served


def names(page: Any) -> list[str]:
    return page.locator("td.name").all_inner_texts()


def waits_for(page: Any, *rows: str) -> None:
    """Until these are the rows."""
    expect(page.locator("td.name")).to_have_text([*rows])


def test_traces_with_their_numbers(told: Served, opens: Opens) -> None:
    page = opens(told)
    assert names(page) == ["meet trouble", "chat gpt-4o-mini", "invoke_workflow answer"]
    row = page.locator("tbody tr").nth(2)
    shown = {
        cell.get_attribute("data-label"): cell.inner_text().replace("\u00a0", " ")
        for cell in row.locator("td[data-label]").all()
    }
    assert shown | {"Began": ""} == {
        "Began": "", "Trace": "invoke_workflow answer", "Service": "shop", "Model": "gpt-4o-mini", "Duration": "4.00 s",
        "Calls": "2", "Tokens": "240 → 80", "Cost": "$0.000084", "Errors": "", "For": "ada · paris-trip",
    }  # fmt: skip
    assert "✕ 1" in page.locator("tbody tr").first.inner_text()
    assert page.locator("tbody time").first.get_attribute("title").startswith("20")
    assert page.title() == "Traces · genscope"


def test_calls_tell_how_they_ended(told: Served, opens: Opens) -> None:
    page = opens(told, "#/calls")
    ended = [text.strip() for text in page.locator("td.ended").all_inner_texts()]
    assert ended == [
        "stop ⚠ abandoned", "stop ⚠ refused", "✕ context length", "stop ↻2", "stop", "stop", "stop"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "control, value, rows",
    [
        ("service", "desk", ["chat gpt-4o-mini"]),
        ("model", "claude-haiku-4-5", ["chat claude-haiku-4-5"]),
        ("provider", "anthropic", ["chat claude-haiku-4-5"]),
        ("error_kind", "context_length", ["chat gpt-4o"]),
        ("user", "grace", ["chat gpt-4o-mini"]),
        ("conversation", "paris-trip", ["chat gpt-4o-mini"] * 3),
        ("operation", "chat", None),
        ("since", "15m", []),
    ],
)
def test_filters(told: Served, opens: Opens, control: str, value: str, rows: list[str] | None) -> None:
    page = opens(told, "#/calls")
    everything = names(page)
    field = page.locator(f"[data-filter={control}]")
    if field.evaluate("field => field.tagName") == "SELECT":
        field.locator(f"option[value='{value}']").wait_for(state="attached")
        field.select_option(value)
    else:
        field.fill(value)
        field.press("Enter")
    page.wait_for_url(f"**{control}={value}*")
    if rows == []:
        page.get_by_role("heading", name="No calls like that").wait_for()
        page.get_by_role("button", name="Clear the filters").click()
        waits_for(page, *everything)
        return
    waits_for(page, *(everything if rows is None else rows))
    page.reload()  # the address says it all
    waits_for(page, *(everything if rows is None else rows))
    assert page.locator(f"[data-filter={control}]").input_value() == value
    page.get_by_role("button", name="Clear all").click()
    waits_for(page, *everything)
    page.go_back()
    waits_for(page, *(everything if rows is None else rows))


def test_text_is_looked_for_while_it_is_typed(told: Served, opens: Opens) -> None:
    page = opens(told)
    page.keyboard.press("/")
    page.keyboard.type("And tomorr")
    waits_for(page, "chat gpt-4o-mini")
    assert page.evaluate("document.activeElement.id") == "search"
    assert page.locator("#search").input_value() == "And tomorr"
    page.keyboard.type("ow?")
    page.wait_for_url("**tomorrow*")
    waits_for(page, "chat gpt-4o-mini")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") != "search"


def test_errors_only(told: Served, opens: Opens) -> None:
    page = opens(told, "#/calls")
    page.get_by_label("Errors only").check()
    waits_for(page, "chat gpt-4o")


@pytest.mark.parametrize("query, chip", [("agent=guide", "agent: guide"), ("tool=get_weather", "tool: get_weather")])
def test_filters_without_a_control_can_be_seen_and_taken_away(
    told: Served, opens: Opens, query: str, chip: str
) -> None:
    page = opens(told, f"#/traces?{query}")
    assert names(page) == ["invoke_workflow answer"]
    page.locator(".chip", has_text=chip).click()
    waits_for(page, "meet trouble", "chat gpt-4o-mini", "invoke_workflow answer")


def test_with_keys_alone(told: Served, opens: Opens) -> None:
    """To the second trace, into it, back to where it was; then to the calls, and two of them side by side."""
    page = opens(told)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == "chat gpt-4o-mini"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{trace_id(2)}*")
    page.get_by_role("tree").wait_for()
    page.keyboard.press("Escape")
    waits_for(page, "meet trouble", "chat gpt-4o-mini", "invoke_workflow answer")
    assert page.evaluate("document.activeElement.textContent") == "chat gpt-4o-mini"
    page.keyboard.press("2")
    page.locator("table.calls").wait_for()
    for key in "jxjx":
        page.keyboard.press(key)
    assert page.locator("input.mark:checked").count() == 2
    page.keyboard.press("c")
    page.get_by_role("heading", name="Two calls").wait_for()


def test_the_list_of_keys(told: Served, opens: Opens) -> None:
    page = opens(told)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    dialog.wait_for()
    page.keyboard.press("j")  # means nothing behind it
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


def test_a_mark_outlives_the_list_and_the_third_takes_the_place_of_the_first(told: Served, opens: Opens) -> None:
    page = opens(told, "#/calls")
    boxes = page.get_by_label("Mark to compare")
    boxes.nth(0).check()
    assert "mark one more" in page.locator("#marks").inner_text()
    page.keyboard.press("1")
    page.locator("table.traces").wait_for()
    page.keyboard.press("2")
    page.locator("table.calls").wait_for()
    assert boxes.nth(0).is_checked()
    boxes.nth(1).check()
    boxes.nth(2).check()
    assert [boxes.nth(number).is_checked() for number in range(3)] == [False, True, True]
    page.locator("#marks").get_by_role("button", name="Clear").click()
    assert page.locator("#marks").is_hidden()


def test_pages(served: Served, opens: Opens, fills: Any) -> None:
    fills([story.call(number, 0, 0, 1, None, name=f"call {number}") for number in range(120)])
    page = opens(served, "#/calls")
    assert names(page) == [f"call {number}" for number in range(119, 69, -1)]
    page.keyboard.press("n")
    waits_for(page, *(f"call {number}" for number in range(69, 19, -1)))
    page.get_by_role("link", name="Older").click()
    waits_for(page, *(f"call {number}" for number in range(19, -1, -1)))
    assert page.get_by_role("link", name="Older").count() == 0
    page.go_back()
    waits_for(page, *(f"call {number}" for number in range(69, 19, -1)))
    page.reload()
    waits_for(page, *(f"call {number}" for number in range(69, 19, -1)))
    page.keyboard.press("p")
    waits_for(page, *(f"call {number}" for number in range(119, 69, -1)))
