"""What comes is shown at once, and moves nothing that somebody looks at."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from store.samples import trace_id

from genscope.local.simulator import Simulator
from ui.served import Served, clean_environment

from . import story
from .browser import expect
from .conftest import Fills, Opens, fill

pytestmark = pytest.mark.needs_chromium

_PROGRAM = """
import sys
from openai import OpenAI
client = OpenAI()
for question in sys.stdin:
    messages = [{"role": "user", "content": question.strip()}]
    for chunk in client.chat.completions.create(model="gpt-4o-mini", messages=messages, stream=True):
        pass
    print("answered", flush=True)
"""


@pytest.fixture
def application(served: Served, simulator: Simulator, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A program on the openai SDK, instrumented from outside, that asks what it is told to and sends OTLP."""
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM, encoding="utf-8")
    environ = clean_environment() | {
        "OPENAI_BASE_URL": simulator.base_url("ok"),
        "OPENAI_API_KEY": "sk-not-needed",
        "OTEL_SERVICE_NAME": "program",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": served.said["otlp_http"],
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
        "NO_PROXY": "127.0.0.1",
    }
    command = [str(Path(sys.executable).parent / "opentelemetry-instrument"), sys.executable, str(program)]
    process = subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield process
    process.communicate(timeout=30)


def test_an_application_just_appears(served: Served, opens: Opens, application: subprocess.Popen[str]) -> None:
    """From the empty page, without a key pressed; then its answer, and the next call on top of the list."""
    page = opens(served)
    page.get_by_role("heading", name="Nothing has been recorded yet").wait_for()
    assert application.stdin is not None
    print("What is the capital of France?", file=application.stdin, flush=True)
    row = page.locator("tbody tr")
    row.wait_for()
    assert "chat gpt-4o-mini" in row.inner_text()
    assert "program" in row.inner_text()
    assert page.locator("#live").inner_text() == "Live"
    print("And of Spain?", file=application.stdin, flush=True)
    expect(row).to_have_count(2)
    row.first.locator("a").click()
    page.locator(".panel").get_by_text("And of Spain?").wait_for()
    assert page.locator(".bar .first").count() == 1


def tops(page: Any) -> list[str]:
    return page.locator("td.name").all_inner_texts()[:2]


def numbered(*numbers: int) -> list[Any]:
    return [story.call(number, 0, 0, 1, None, name=f"call {number}") for number in numbers]


def test_news_on_top_while_one_is_at_the_top(served: Served, opens: Opens, fills: Fills) -> None:
    fills(numbered(1))
    page = opens(served, "#/calls")
    fills(numbered(2))
    page.get_by_text("call 2").wait_for()
    assert tops(page) == ["call 2", "call 1"]


def test_news_wait_while_somebody_reads_further_down(served: Served, opens: Opens, fills: Fills) -> None:
    fills(numbered(*range(1, 50)))
    page = opens(served, "#/calls")
    page.evaluate("scrollTo(0, 400)")
    place = page.get_by_text("call 20", exact=True).bounding_box()
    fills([*numbered(100), story.call(20, 0, 0, 9, None, name="call 20, longer")])
    fresh = page.get_by_role("button", name="1 new")
    fresh.wait_for()
    assert page.evaluate("scrollY") == 400
    assert tops(page)[0] == "call 49"
    page.get_by_text("call 20, longer").wait_for()  # what is there already is renewed in its place
    assert page.get_by_text("call 20, longer").bounding_box()["y"] == place["y"]
    fills(numbered(101))
    page.get_by_role("button", name="2 new").wait_for()
    fresh = page.get_by_role("button", name="2 new")
    fresh.click()
    assert tops(page) == ["call 101", "call 100"]
    assert page.evaluate("scrollY") == 0
    assert fresh.is_hidden()


def test_news_wait_while_a_row_has_the_focus(served: Served, opens: Opens, fills: Fills) -> None:
    fills(numbered(1, 2, 3))
    page = opens(served, "#/calls")
    page.keyboard.press("j")
    page.keyboard.press("j")
    fills(numbered(4))
    page.get_by_role("button", name="1 new").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "call 2"


def test_an_older_page_stays_as_it_is(served: Served, opens: Opens, fills: Fills) -> None:
    fills(numbered(*range(1, 61)))
    page = opens(served, "#/calls")
    page.keyboard.press("n")
    page.get_by_text("call 10", exact=True).wait_for()
    with page.expect_response("**/api/live**"):
        page.reload()
    page.get_by_text("call 10", exact=True).wait_for()
    fills(numbered(100))
    page.keyboard.press("p")
    page.get_by_text("call 100", exact=True).wait_for()


def test_charts_follow(served: Served, opens: Opens, fills: Fills) -> None:
    fills(numbered(1))
    page = opens(served, "#/charts")
    assert page.locator(".card").first.locator("svg a").count() == 1
    fills(numbered(2))
    expect(page.locator(".card").first.locator("svg a")).to_have_count(2)


def test_a_trace_in_a_filter_comes_when_it_fits(served: Served, opens: Opens, fills: Fills) -> None:
    page = opens(served, "#/calls?user=ada")
    page.get_by_role("heading", name="No calls like that").wait_for()
    fills(numbered(1))
    fills(story.later())
    page.locator("tbody tr").wait_for()
    assert page.locator("tbody tr").count() == 1
    assert trace_id(2) in page.locator("td.name a").get_attribute("href")


def test_a_server_that_went_away_and_came_back(tmp_path: Path, opens: Opens) -> None:
    """The page says so, keeps what it has, and goes on with what was recorded meanwhile."""
    path = tmp_path / "store.db"
    with Served(path) as first:
        fill(path, numbered(1))
        page = opens(first, "#/calls", expected=("ERR_", "Failed to load"))
        port = first.address.rpartition(":")[2]
    expect(page.locator("#live")).to_have_attribute("data-state", "lost")
    assert tops(page) == ["call 1"]
    page.keyboard.press("1")
    page.get_by_role("heading", name="genscope ui does not answer").wait_for()
    fill(path, numbered(2))
    with Served(path, "--port", port):
        expect(page.locator("#live")).to_have_attribute("data-state", "on")
        page.locator("table.traces").wait_for()
        assert tops(page) == ["call 2", "call 1"]
