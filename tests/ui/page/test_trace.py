"""One trace: the waterfall, what was said, the turns, and the span beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from store.samples import span_id, trace_id

from ui.served import Served

from . import story
from .browser import expect
from .conftest import Fills, Opens, fill

pytestmark = pytest.mark.needs_chromium


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("trace") / "store.db", "--retention", "off") as served:
        fill(served.store, story.all_of_it(), [story.verdict()])
        yield served


def line(page: Any, number: int, trace: int = 1) -> Any:
    return page.locator(f"[role=treeitem][data-key='{span_id(trace * 100 + number)}']")


def plain(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())


def pairs(page: Any, within: str) -> dict[str, str]:
    """Of a list of facts."""
    return {
        plain(one.locator("dt").inner_text()): plain(one.locator("dd").inner_text())
        for one in page.locator(f"{within} .facts > div").all()
    }


def test_the_waterfall_is_true_to_scale(told: Served, opens: Opens) -> None:
    page = opens(told, f"#/trace/{trace_id(1)}")
    names = [plain(text) for text in page.locator(".line .name").all_inner_texts()]
    assert names == [
        *("invoke_workflow answer", "retrieval guides", "invoke_agent guide"),
        *("chat gpt-4o-mini", "execute_tool get_weather", "chat gpt-4o-mini"),
    ]
    whole, streamed = line(page, 0).locator(".bar").bounding_box(), line(page, 5).locator(".bar").bounding_box()
    assert streamed["x"] - whole["x"] == pytest.approx(whole["width"] * 0.5, abs=2)
    assert streamed["width"] == pytest.approx(whole["width"] * 0.5, abs=2)
    mark = line(page, 5).locator(".bar .first").bounding_box()
    assert mark["x"] - streamed["x"] == pytest.approx(streamed["width"] * 0.25, abs=2.5)
    assert plain(line(page, 5).locator(".label").inner_text()) == "2.00 s 120 → 40 $0.000042"
    assert line(page, 3).locator(".bar .first").count() == 0
    assert pairs(page, ".top") == {
        "Service": "shop", "Began": plain(page.locator(".top time").inner_text()), "Duration": "4.00 s", "Spans": "6",
        "Calls": "2", "Tokens": "240 → 80", "Cost": "$0.000084", "User": "ada", "Conversation": "paris-trip",
        "Evaluations": "faithfulness 0.75",
    }  # fmt: skip


def test_retries_and_errors_stand_on_the_bars(told: Served, opens: Opens) -> None:
    page = opens(told, f"#/trace/{trace_id(3)}")
    assert plain(line(page, 1, 3).locator(".label").inner_text()) == "2.00 s 120 → 40 $0.000042 ↻2"
    assert plain(line(page, 2, 3).inner_text()).endswith("100 ms context length")
    assert "✕" in line(page, 2, 3).locator(".name").inner_text()
    assert "⚠ refused" in line(page, 3, 3).inner_text()
    assert line(page, 2, 3).get_attribute("aria-selected") == "true"  # what failed is what one wants to see
    failure = page.locator(".failure").inner_text()
    assert "context length" in failure
    assert "openai.BadRequestError" in failure
    assert "The prompt is too long." in failure
    line(page, 1, 3).click()
    retries = page.locator(".retries li")
    retries.first.wait_for()
    assert [plain(text) for text in retries.all_inner_texts()] == [
        "429 rate limit, then waited 400 ms", "503 overloaded, then waited 800 ms"
    ]  # fmt: skip


def test_the_tree_is_one_for_keys_and_screen_readers(told: Served, opens: Opens) -> None:
    page = opens(told, f"#/trace/{trace_id(1)}")
    tree = page.get_by_role("tree", name="Spans of the trace")
    assert [int(item.get_attribute("aria-level")) for item in tree.get_by_role("treeitem").all()] == [1, 2, 2, 3, 3, 3]
    item = page.get_by_role(
        "treeitem", name="chat gpt-4o-mini, 2.00 s, first token after 500 ms, 120 tokens in, 40 out"
    )
    assert item.count() == 1
    line(page, 0).focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):  # to the agent, which closes
        page.keyboard.press(key)
    assert line(page, 2).get_attribute("aria-expanded") == "false"
    assert [line(page, number).is_visible() for number in (2, 3, 4, 5)] == [True, False, False, False]
    page.keyboard.press("ArrowLeft")
    assert line(page, 0).evaluate("line => line === document.activeElement")
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**span={span_id(104)}")
    assert line(page, 4).get_attribute("aria-selected") == "true"
    assert page.get_by_role("article", name="Span execute_tool get_weather").is_visible()
    assert page.locator("[role=treeitem][tabindex='0']").count() == 1


def test_all_that_is_known_of_a_span(told: Served, opens: Opens) -> None:
    page = opens(told, f"#/trace/{trace_id(1)}?span={span_id(105)}")
    facts = pairs(page, ".panel")
    assert facts.items() >= {
        "Duration": "2.00 s", "First token": "500 ms", "Model": "gpt-4o-mini", "Provider": "openai",
        "Input": "120 tokens (100 from the cache)", "Output": "40 tokens (12 reasoning)", "Cost": "$0.000042",
        "Ended": "stop", "Stream": "completed", "User": "ada", "Conversation": "paris-trip", "Service": "shop",
    }.items()  # fmt: skip
    verdict = plain(page.locator(".panel .verdicts").inner_text())
    assert verdict == "faithfulness 0.75 good It says what the tool says."
    page.locator("summary", has_text="Attributes").click()
    assert "gen_ai.usage.input_tokens" in page.locator(".attributes").first.inner_text()
    page.locator(".panel").get_by_role("link", name="ada").click()
    page.wait_for_url("**#/traces?user=ada")


def test_tools_stand_with_what_they_answered(told: Served, opens: Opens) -> None:
    page = opens(told, f"#/trace/{trace_id(1)}?span={span_id(105)}")
    roles = page.locator(".panel .message h4").all_inner_texts()
    assert [plain(role) for role in roles] == ["system", "user", "assistant", "assistant"]  # no message of the tool
    card = page.locator(".panel .toolcall")
    assert plain(card.inner_text()) == (
        'tool get_weather call_1 { "city": "Paris" } answered in 400 ms { "degrees": 18 }'
    )
    reasoning = page.locator(".panel .reasoning")
    assert "The tool says 18." in reasoning.inner_text()
    assert "It is sunny." in page.locator(".panel .message").last.inner_text()
    card.get_by_role("link", name="in 400 ms").click()
    page.get_by_role("article", name="Span execute_tool get_weather").wait_for()


def test_images_are_named_and_not_fetched(told: Served, opens: Opens) -> None:
    page = opens(told, f"#/trace/{trace_id(3)}?span={span_id(304)}")
    assert plain(page.locator(".reference").inner_text()) == "image image/png https://images.example/cat.png"
    assert page.locator("main img").count() == 0


def test_what_was_said_is_told_once(told: Served, opens: Opens) -> None:
    page = opens(told, f"#/trace/{trace_id(1)}")
    page.keyboard.press("m")
    page.wait_for_url("**as=messages*")
    calls = page.locator(".said > li")
    assert calls.count() == 2
    assert [plain(role) for role in calls.nth(0).locator("h4").all_inner_texts()] == [
        *("system", "user", "assistant"),
    ]
    assert "answered" in calls.nth(0).inner_text()
    assert "after 3 messages from above" in calls.nth(1).inner_text()
    assert [plain(role) for role in calls.nth(1).locator("h4").all_inner_texts()] == ["assistant"]


def test_turns_of_an_agent(told: Served, opens: Opens) -> None:
    page = opens(told, f"#/trace/{trace_id(1)}?as=turns")
    assert page.get_by_role("tab", name="Turns").get_attribute("aria-selected") == "true"
    assert pairs(page, ".run") == {
        "Turns": "2", "Duration": "3.80 s", "Tokens": "240 → 80", "Cost": "$0.000084", "Tools": "1 run"
    }  # fmt: skip
    steps = [plain(text) for text in page.locator(".step").all_inner_texts()]
    assert steps == [
        'Turn 1 chat gpt-4o-mini 1.00 s 120 → 40 $0.000042 asks for get_weather({"city":"Paris"})',
        'execute_tool get_weather 400 ms with {"city":"Paris"} answered {"degrees":18}',
        "Turn 2 chat gpt-4o-mini 2.00 s first token 500 ms 120 → 40 $0.000042 The tool says 18. It is sunny.",
    ]
    page.locator(".step a").first.click()
    page.wait_for_url(f"**as=turns&span={span_id(103)}")


def test_without_an_agent_there_are_turns_all_the_same(told: Served, opens: Opens) -> None:
    page = opens(told, f"#/trace/{trace_id(3)}?as=turns")
    assert page.locator(".step.turn").count() == 4


def test_tabs_are_part_of_the_address(told: Served, opens: Opens) -> None:
    page = opens(told, f"#/trace/{trace_id(1)}")
    page.get_by_role("tab", name="Waterfall").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**as=messages*")
    expect(page.get_by_role("tab", name="Messages")).to_be_focused()
    page.keyboard.press("w")
    page.get_by_role("tree").wait_for()
    page.go_back()
    page.locator(".said").wait_for()


def test_a_trace_that_cannot_be(served: Served, opens: Opens, fills: Fills) -> None:
    """Spans that are each other's parents, one that is its own, and one whose parent is not there: all are shown."""
    fills(
        [
            story.span(5, 1, "one", 0, 1, 2),
            story.span(5, 2, "other", 0, 1, 1),
            story.span(5, 3, "own", 1, 1, 3),
            story.span(5, 4, "lost", 2, 0, 99),
        ]
    )
    page = opens(served, f"#/trace/{trace_id(5)}")
    assert sorted(plain(text) for text in page.locator(".line .what").all_inner_texts()) == [
        *("lost ⋯", "other", "own", "▾ one"),
    ]


def test_a_trace_as_large_as_they_are_shown(served: Served, opens: Opens, fills: Fills) -> None:
    """Spans each below the one before: no recursion, one line of the tree to tab to, and what is left out is said."""
    fills([story.span(6, number, f"step {number}", number / 1000, 5, number - 1 or None) for number in range(1, 2502)])
    page = opens(served, f"#/trace/{trace_id(6)}")
    assert page.locator("[role=treeitem]").count() == 2000
    assert "the first 2,000 are shown" in page.locator(".top").inner_text()
    assert page.locator("[role=treeitem][tabindex='0']").count() == 1
    page.locator("[role=treeitem]").first.focus()
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.querySelector('.name').textContent") == "step 2000"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_comes_while_somebody_looks(served: Served, opens: Opens, fills: Fills) -> None:
    """A span joins the tree; what is selected, open and scrolled to stays."""
    fills(story.agent())
    page = opens(served, f"#/trace/{trace_id(1)}?span={span_id(103)}", viewport={"width": 1280, "height": 260})
    page.locator("summary", has_text="Attributes").click()
    line(page, 2).locator(".twist").click()
    page.evaluate("scrollTo(0, 90)")
    fills([story.span(1, 9, "afterwards", 4, 4)])
    line(page, 9).wait_for()
    assert line(page, 3).get_attribute("aria-selected") == "true"
    assert line(page, 3).is_hidden()
    assert page.evaluate("scrollY") == 90
    assert page.locator(".attributes").first.is_visible()
    whole, after = line(page, 0).locator(".bar").bounding_box(), line(page, 9).locator(".bar").bounding_box()
    assert after["width"] == pytest.approx(whole["width"], abs=2)  # it is another scale now: 8 s
    assert page.locator(".top .facts").inner_text().count("7") >= 1


def test_a_trace_that_is_not_there(served: Served, opens: Opens) -> None:
    page = opens(served, f"#/trace/{trace_id(7)}", expected=("404", "400"))
    assert page.get_by_role("heading", name=f"There is no trace {trace_id(7)}").is_visible()
    page.goto(served.page + "#/trace/nonsense")
    page.get_by_role("heading", name="This cannot be asked").wait_for()
    page.get_by_role("link", name="All traces").click()
    page.get_by_role("heading", name="Nothing has been recorded yet").wait_for()
