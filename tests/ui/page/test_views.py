"""Conversations, two calls side by side, and charts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from store.samples import SECOND, span_id, trace_id

from ui.served import Served

from . import story
from .conftest import Fills, Opens, fill
from .test_trace import pairs, plain

pytestmark = pytest.mark.needs_chromium


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("views") / "store.db", "--retention", "off") as served:
        fill(served.store, story.all_of_it(), [story.verdict()])
        yield served


# --- conversations


def test_a_conversation_over_its_traces(told: Served, opens: Opens) -> None:
    page = opens(told, "#/conversations")
    row = page.locator("tbody tr")
    assert plain(row.inner_text()) == "paris-trip 3 360 → 120 $0.00013 1.00 s 2.00 s"
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="conversation paris-trip").wait_for()
    facts = pairs(page, ".view-conversation")
    assert facts.items() >= {"Calls": "3", "Traces": "2", "Tokens": "360 → 120", "User": "ada"}.items()
    calls = [plain(text) for text in page.locator(".said > li").all_inner_texts()]
    assert len(calls) == 3
    # Thoughts are not said again, and what a tool answered stands with what asked for it.
    assert "after 5 messages from above user And tomorrow? assistant Rain, they say." in calls[2]
    assert sum("You are a guide." in text for text in calls) == 1
    assert plain(page.locator(".verdicts").inner_text()).startswith("faithfulness 0.75")
    page.locator(".said a").last.click()
    page.wait_for_url(f"**#/trace/{trace_id(2)}?span={span_id(200)}")


def test_a_conversation_goes_on_while_it_is_read(served: Served, opens: Opens, fills: Fills) -> None:
    fills(story.agent())
    page = opens(served, "#/conversation?id=paris-trip")
    assert page.locator(".said > li").count() == 2
    fills(story.later())
    page.get_by_text("Rain, they say.").wait_for()


def test_an_odd_name_of_a_conversation(served: Served, opens: Opens, fills: Fills) -> None:
    name = "a/b?c=d&e#f %2F +ü\u202e"
    fills([story.call(1, 1, 0, 1, None, attributes={story.semconv.CONVERSATION_ID: name})])
    page = opens(served, "#/conversations")
    page.locator("td.name a").click()
    page.get_by_role("heading", name="conversation").wait_for()
    assert page.locator("h1 bdi").inner_text() == name
    page.reload()
    assert page.locator("h1 bdi").inner_text() == name


# --- two calls


def rows(page: Any) -> dict[str, tuple[str, ...]]:
    return {
        plain(row.locator("th").inner_text()): tuple(plain(text) for text in row.locator("td").all_inner_texts())
        for row in page.locator("table.compare tbody tr").all()
    }


def test_two_calls_side_by_side(told: Served, opens: Opens) -> None:
    a, b = f"{trace_id(1)}.{span_id(103)}", f"{trace_id(1)}.{span_id(105)}"
    page = opens(told, f"#/compare?a={a}&b={b}")
    found = rows(page)
    assert found["Model"] == ("gpt-4o-mini", "gpt-4o-mini", "=")
    assert found["Duration"] == ("1.00 s", "2.00 s", "+100 % ≠")
    assert found["First token"] == ("—", "500 ms", "≠")
    assert found["Input tokens"] == ("120", "120", "=")
    assert found["of them cached"] == ("—", "100", "≠")
    assert found["Cost"] == ("$0.000042", "$0.000042", "=")
    assert "Error" not in found
    assert page.locator("tr.differs").count() == sum(row[2].endswith("≠") for row in found.values())
    sides = page.locator(".pair")
    assert plain(sides.first.inner_text()) == "system You are a guide. system You are a guide."
    assert page.locator(".pair.differs").count() > 0
    page.get_by_role("link", name="swap").click()
    page.wait_for_url(f"**a={b}&b={a}")
    assert rows(page)["Duration"] == ("2.00 s", "1.00 s", "−50 % ≠")


def asked(*texts: str) -> list[Any]:
    calls = enumerate(texts)
    return [story.call(1, number, number, 1, None, given=[story.text("user", said)]) for number, said in calls]


def test_words_that_differ_are_marked(served: Served, opens: Opens, fills: Fills) -> None:
    texts = ("the quick brown fox jumps", "the slow brown fox leaps high")
    fills(asked(*texts))
    page = opens(served, f"#/compare?a={trace_id(1)}.{span_id(100)}&b={trace_id(1)}.{span_id(101)}")
    assert [plain(text) for text in page.locator("del").all_inner_texts()] == ["quick", "jumps"]
    assert [plain(text) for text in page.locator("ins").all_inner_texts()] == ["slow", "leaps high"]
    assert [plain(text) for text in page.locator(".pair pre").all_inner_texts()] == [*texts]


def test_texts_too_long_to_be_compared_word_by_word(served: Served, opens: Opens, fills: Fills) -> None:
    texts = [" ".join(f"{letter}{number}" for number in range(20_000)) for letter in "ab"]
    fills(asked(*texts))
    page = opens(served, f"#/compare?a={trace_id(1)}.{span_id(100)}&b={trace_id(1)}.{span_id(101)}")
    assert page.locator("del").text_content() == texts[0]
    assert page.locator("ins").text_content() == texts[1]


def test_nothing_to_compare(told: Served, opens: Opens) -> None:
    page = opens(told, "#/compare")
    page.get_by_role("heading", name="Choose two calls").wait_for()
    page.get_by_role("link", name="All calls").click()
    page.locator("table.calls").wait_for()


# --- charts


def card(page: Any, title: str) -> Any:
    return page.locator(".card").filter(has=page.get_by_role("heading", name=title, exact=True))


def numbers(page: Any, title: str) -> list[tuple[str, ...]]:
    """Of the table behind a chart, without the times."""
    one = card(page, title)
    one.locator("summary").click()
    one.locator("table").wait_for()
    return [tuple(plain(text) for text in row.locator("td").all_inner_texts()) for row in one.locator("tbody tr").all()]


def test_charts_of_everything(told: Served, opens: Opens) -> None:
    page = opens(told, "#/charts")
    titles = page.locator(".card h2").all_inner_texts()
    assert titles == [
        *("Calls", "Duration", "Time to first token", "Tokens by model", "Cost by model", "Cost by user"),
        *("Users by cost", "Errors by kind", "Errors", "Evaluation scores (mean)", "Prompts sent more than once"),
    ]
    calls = numbers(page, "Calls")
    assert sum(int(succeeded or 0) for succeeded, _ in calls) == 6
    assert sum(int(failed or 0) for _, failed in calls) == 1
    assert ("2.00 s", "2.00 s", "2.00 s") in numbers(page, "Duration")
    assert numbers(page, "Evaluation scores (mean)") == [("0.75",)]
    assert numbers(page, "Errors by kind") == [("1",)]
    ranking = [plain(text) for text in card(page, "Users by cost").locator("li").all_inner_texts()]
    assert ranking == ["ada $0.00013", "(none) $0.000084", "grace $0.000042"]


def test_a_bucket_leads_to_its_traces(told: Served, opens: Opens) -> None:
    page = opens(told, "#/charts?model=gpt-4o")
    bucket = card(page, "Errors by kind").locator("svg a")
    assert bucket.count() == 1
    assert "context length: 1" in bucket.locator("title").text_content()
    assert bucket.get_attribute("aria-label").endswith("context length: 1")
    bucket.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**#/traces?**")
    page.locator("table.traces").wait_for()
    assert page.locator("td.name").all_inner_texts() == ["meet trouble"]
    begin = story.NOW + 32 * SECOND + SECOND // 2
    since = int(page.url.partition("since=")[2].partition("&")[0])
    until = int(page.url.partition("until=")[2].partition("&")[0])
    assert since <= begin < until
    assert (until - since) % SECOND == 0  # JavaScript has lost nothing of it
    page.go_back()
    card(page, "Calls").wait_for()


def test_charts_of_a_filter(told: Served, opens: Opens) -> None:
    page = opens(told, "#/charts?user=ada")
    assert [plain(text) for text in card(page, "Users by cost").locator("li").all_inner_texts()] == ["ada $0.00013"]
    assert "Nothing in this time." in card(page, "Errors").inner_text()
    card(page, "Users by cost").get_by_role("link", name="ada").click()
    page.wait_for_url("**#/traces?user=ada")


def test_charts_without_a_call(served: Served, opens: Opens) -> None:
    page = opens(served, "#/charts")
    page.get_by_role("heading", name="Nothing has been recorded yet").wait_for()
    page = opens(served, "#/charts?user=nobody")
    page.get_by_role("heading", name="No calls like that").wait_for()


def test_a_currency_that_nobody_knows(served: Served, opens: Opens, fills: Fills) -> None:
    fills([story.call(1, 1, 0, 1, None, attributes={story.semconv.COST_CURRENCY: "<b>coins"})])
    page = opens(served, "#/charts")
    assert "<b>coins" in card(page, "Users by cost").inner_text()
