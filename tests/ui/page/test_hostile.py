"""What was recorded is text: whatever it says, nothing of it runs, nothing is fetched, and all of it is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from store.samples import span_id, trace_id

from genscope import semconv
from genscope.local.store.records import Event, Link, Source
from ui.served import Served

from . import story
from .conftest import Fills, Opens
from .test_trace import plain

pytestmark = pytest.mark.needs_chromium

EVIL = (
    """"'><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)></svg>"""
    """<a href="javascript:alert(4)">x</a><style>*{display:none}</style><iframe src="https://evil.example/"></iframe>"""
    """{{7*7}}${alert(5)}`\u202e\u2028\ufeff"""
)


def hostile() -> list[Any]:
    parts = [
        {"type": "text", "content": EVIL},
        {"type": "text", "content": "nul \0 nul"},
        {"type": "reasoning", "content": EVIL},
        {"type": "tool_call", "id": EVIL, "name": EVIL, "arguments": {EVIL: EVIL}},
        {"type": "uri", "modality": EVIL, "mime_type": EVIL, "uri": "javascript:alert(6)"},
        {"type": "uri", "modality": "image", "mime_type": "image/png", "uri": "https://evil.example/pixel.png"},
        {"type": "blob", "modality": "image", "mime_type": "image/svg+xml", "content": "PHN2ZyBvbmxvYWQ9YWxlcnQoNyk+"},
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": 'x" onerror="alert(8)'},
        {"type": EVIL, "content": EVIL},
        {"type": "generic", "generic_type": EVIL},
        *({}, [], None, 7, EVIL, {"type": None}, {"type": "tool_call"}, {"type": "tool_call_response", "id": 5}),
    ]
    messages = [{"role": EVIL, "parts": parts, "name": EVIL, "finish_reason": EVIL}, EVIL, None, {"content": EVIL}, {}]
    tool = {"name": EVIL, "description": EVIL, "parameters": {EVIL: EVIL}}
    said = {
        semconv.USER_ID: EVIL, semconv.CONVERSATION_ID: EVIL, semconv.AGENT_NAME: EVIL, semconv.TOOL_NAME: EVIL,
        semconv.TENANT: EVIL, semconv.PROVIDER_NAME: EVIL, semconv.RESPONSE_MODEL: EVIL, semconv.ERROR_KIND: EVIL,
        semconv.ERROR_TYPE: EVIL, semconv.STREAM_OUTCOME: EVIL, semconv.RESPONSE_FINISH_REASONS: (EVIL,),
        semconv.RESPONSE_DEFECT: (EVIL,), semconv.COST_CURRENCY: EVIL, semconv.COST_SOURCE: EVIL,
        semconv.RETRY_ATTEMPTS: 2, semconv.RETRY_KINDS: EVIL, semconv.CONTENT_HASH: EVIL, EVIL: EVIL,
        semconv.REQUEST["temperature"]: EVIL, "__proto__": EVIL, "constructor": EVIL,
        semconv.TOOL_DEFINITIONS: json.dumps([tool, EVIL, 7]),
        semconv.SYSTEM_INSTRUCTIONS: json.dumps([{"type": "text", "content": EVIL}]),
    }  # fmt: skip
    told = {semconv.EXCEPTION_TYPE: EVIL, semconv.EXCEPTION_MESSAGE: EVIL, semconv.EXCEPTION_STACKTRACE: EVIL}
    return [
        story.call(
            8, number, number, 1, None, model=EVIL, name=EVIL, given=messages, got=messages, attributes=said,
            status="error", status_message=EVIL, source=Source({"service.name": EVIL, EVIL: EVIL}, EVIL, EVIL),
            events=(Event(EVIL, story.NOW, {EVIL: EVIL}), Event("exception", story.NOW, told)),
            links=(Link(trace_id(9), span_id(9), {EVIL: EVIL}),),
        )
        for number in (1, 2)
    ]  # fmt: skip


def verdict() -> Any:
    record = story.verdict()
    record.attributes = dict.fromkeys(record.attributes, EVIL) | {semconv.EVALUATION_SCORE: 0.5}
    record.trace_id, record.span_id, record.body, record.severity = trace_id(8), span_id(801), EVIL, EVIL
    return record


VIEWS = [
    "#/traces", "#/calls", "#/conversations", "#/charts", f"#/trace/{trace_id(8)}",
    f"#/trace/{trace_id(8)}?as=messages",
    f"#/trace/{trace_id(8)}?as=turns", f"#/compare?a={trace_id(8)}.{span_id(801)}&b={trace_id(8)}.{span_id(802)}",
]  # fmt: skip


@pytest.fixture
def evil(served: Served, fills: Fills) -> Served:
    fills(hostile(), [verdict()])
    return served


def opened_up(page: Any) -> None:
    """All that can be folded open is, as often as there is more."""
    page.evaluate(
        """async () => {
          for (let round = 0; round < 4; round += 1) {
            for (const one of document.querySelectorAll("details:not([open])")) one.open = true;
            for (const one of document.querySelectorAll("button.more")) one.click();
            await new Promise((go) => setTimeout(go, 0));
          }
        }"""
    )


@pytest.mark.parametrize("view", VIEWS)
def test_it_is_shown_as_what_it_is(evil: Served, opens: Opens, view: str) -> None:
    """That no dialog opened, nothing was refused by the policy, and nobody else was asked, `opens` looks at."""
    page = opens(evil, view)
    opened_up(page)
    assert page.locator("main script, main iframe, main style, main svg[onload], main img, main [onerror]").count() == 0
    links = page.locator("a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert all(link.startswith("#") for link in links), links
    assert "<img src=x onerror=alert(1)>" in page.locator("main").inner_text()
    assert page.evaluate("({}).polluted === undefined && Object.prototype.constructor === Object")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_message_word_for_word(evil: Served, opens: Opens) -> None:
    page = opens(evil, f"#/trace/{trace_id(8)}")
    shown = page.locator(".panel pre.prose").all_text_contents()
    assert shown.count(EVIL) >= 2
    assert "nul \0 nul" in shown


def test_it_leads_where_it_says(evil: Served, opens: Opens) -> None:
    """A hostile name as a filter, in a menu, in the address, and back."""
    page = opens(evil, f"#/trace/{trace_id(8)}")
    page.locator(".panel .facts a").first.click()
    page.wait_for_url("**#/calls?model=**")
    page.locator("table.calls").wait_for()
    assert page.locator("td.name").count() == 2
    assert page.locator("[data-filter=model]").input_value().startswith(EVIL[:60])


@pytest.mark.parametrize(
    "place",
    [
        "#/<img src=x onerror=alert(1)>",
        "#/traces?text=%3Cimg%20src=x%20onerror=alert(1)%3E",
        "#/trace/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "#/trace/%E0%A4%A",
        "#/traces?service=%",
        "#javascript:alert(1)",
        "#/__proto__",
        "#/constructor?__proto__=1&failed=maybe",
        "#/traces?since=tomorrow",
        "#/traces?after=nonsense",
        f"#/trace/{trace_id(8)}?as=__proto__&span=constructor",
        "#/conversation?id=%00",
        "#/compare?a=../../v1/traces&b=.",
    ],
)
def test_a_hostile_address(evil: Served, opens: Opens, place: str) -> None:
    page = opens(evil, place, expected=("400", "404"))
    assert page.locator("main script, main img").count() == 0
    assert page.locator("main").inner_text().strip()


def test_content_of_another_shape(served: Served, opens: Opens, fills: Fills) -> None:
    """What is cut off, or nobody's form, is shown as it came."""
    shapes: list[Any] = [
        '[{"role":"user","parts":[{"type":"te',
        '"text"',
        "plain",
        "[]",
        "{}",
        "[[[1]]]",
        "[1e999]",
        "null",
    ]
    deep = "[" * 300 + "]" * 300
    said = [dict.fromkeys((semconv.INPUT_MESSAGES, semconv.OUTPUT_MESSAGES), shape) for shape in [*shapes, deep]]
    fills([story.call(1, number, number, 1, None, attributes=one) for number, one in enumerate(said)])
    page = opens(served, f"#/trace/{trace_id(1)}?as=messages")
    shown = [plain(text) for text in page.locator(".said > li").all_inner_texts()]
    assert len(shown) == len(shapes) + 1
    assert 'user [{"role":"user","parts":[{"type":"te assistant [{"role"' in shown[0]


def test_a_text_without_end_is_shown_in_part(served: Served, opens: Opens, fills: Fills) -> None:
    fills([story.call(1, 1, 0, 1, None, given=[story.text("user", "x" * 500_000)])])
    page = opens(served, f"#/trace/{trace_id(1)}")
    block = page.locator(".panel pre.prose").first
    assert len(block.text_content()) < 2000
    page.get_by_role("button", name="Show all 500,000 characters").click()
    assert len(block.text_content()) == 500_000
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
