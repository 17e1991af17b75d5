"""Whatever JSON is asked of Anthropic and answered: no fault of ours, and nothing that OpenTelemetry could not take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genscope.providers.routes import Route
from genscope.telemetry.attributes import request_attributes, response_attributes
from genscope.wire import anthropic_completions, anthropic_messages, token_counts
from genscope.wire.fields import objects

from . import test_anthropic_blocks, test_anthropic_completions, test_anthropic_messages
from .anthropic_shapes import Recorded, recordings
from .mutations import mutated
from .test_anthropic_messages import COUNTS, SPOKEN, USAGE, began, ended, error
from .test_fuzz_telemetry import answer, anything, budgets, few, fewer, stream

MESSAGES = Route("POST", "/messages", anthropic_messages)
COMPLETE = Route("POST", "/complete", anthropic_completions)
BLOCKS = [said for said, _ in test_anthropic_blocks.BLOCKS.values()]
BODY = {
    **test_anthropic_messages.BODY,
    **test_anthropic_blocks.BODY,
    "messages": [
        *test_anthropic_blocks.CONVERSATION,
        {"role": "user", "content": [said for said, _ in test_anthropic_blocks.ASKED.values()]},
    ],
}
EVENTS = [
    began(USAGE),
    *SPOKEN,
    *(event for index, said in enumerate(BLOCKS, 1) for event in test_anthropic_blocks.in_events(said, index)[:3]),
    ended(COUNTS, "refusal", stop_details={"category": "bio"}, container={"id": "c"}),
]

# route -> what is asked, answered and streamed when all is well
WELL: dict[str, tuple[Route, Any, Any, list[Any]]] = {
    "messages": (MESSAGES, BODY, test_anthropic_messages.message(*BLOCKS, usage=USAGE), EVENTS),
    "complete": (
        COMPLETE,
        test_anthropic_completions.BODY,
        test_anthropic_completions.ANSWERS["text"][0],
        test_anthropic_completions.STREAMS["text"][0],
    ),
    "count_tokens": (
        Route("POST", "/messages/count_tokens", token_counts),
        BODY,
        {"input_tokens": 9},
        [{"input_tokens": 9}],
    ),
}
each_route = pytest.mark.parametrize("name", WELL)


@each_route
def test_what_is_well_is_heard(name: str) -> None:
    """The tests below would hold if nothing were read."""
    route, body, said, events = WELL[name]
    for op in (
        answer(route, {"model": "m", **body}, said, 131_072),
        stream(route, {"model": "m", **body}, map(objects, events), 131_072),
    ):
        assert request_attributes(op)["gen_ai.request.model"] == "m"
        assert op.content is not None
        if name != "count_tokens":
            assert op.content.input
            assert op.content.output
            assert op.finish_reasons
    assert response_attributes(answer(route, body, said, 7))


def bodies(said: Any) -> st.SearchStrategy[Any]:
    return st.one_of(mutated(said), anything(said)).filter(lambda body: isinstance(body, dict))


@each_route
@given(data=st.data())
@fewer
def test_any_call(name: str, data: st.DataObject) -> None:
    route, body, said, _ = WELL[name]
    answer(route, data.draw(bodies(body)), data.draw(mutated(said) | anything(said)), data.draw(budgets))


@each_route
@given(data=st.data())
@fewer
def test_any_stream(name: str, data: st.DataObject) -> None:
    route, body, _, events = WELL[name]
    shape: Callable[[Any], Any] = data.draw(st.sampled_from((objects, lambda event: event)))
    said = data.draw(mutated([*events, error(type="api_error")]) | st.lists(anything(events[-1]), max_size=4))
    stream(route, data.draw(bodies(body)), map(shape, said if isinstance(said, list) else [said]), data.draw(budgets))


@pytest.mark.parametrize("recording", [*recordings("messages"), *recordings("complete")])
@given(data=st.data())
@few
def test_any_change_of_a_recording(recording: Recorded, data: st.DataObject) -> None:
    route, budget = MESSAGES if recording.name.startswith("messages") else COMPLETE, data.draw(budgets)
    body = data.draw(mutated(recording.request).filter(lambda body: isinstance(body, dict)))
    answer(route, body, data.draw(mutated(recording.whole)), budget)
    if recording.streams:
        events = data.draw(mutated(recording.events[:9] + recording.events[-4:]))
        stream(route, body, map(objects, events if isinstance(events, list) else [events]), budget)
