"""`genscope.retry` around the real SDKs: what is tried again, what the caller gets, and what the one span says."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from contract.recorder import Recorder
from opentelemetry.trace import StatusCode

import genscope
from genscope.local.simulator import Simulator

from .conftest import API_ERROR, RATE_LIMITED, Ask, Clock, calls, logical, send

pytest.importorskip("tenacity", reason="genscope.retry needs tenacity")


def events(span: Any) -> list[dict[str, Any]]:
    assert {event.name for event in span.events} <= {"genscope.retry.attempt", "exception"}
    return [dict(event.attributes) for event in span.events if event.name == "genscope.retry.attempt"]


REPEATED = {
    "genscope.operation.name": "retry",
    "genscope.retry.attempts": 3,
    "genscope.retry.kinds": ("rate_limit", "rate_limit"),
    "genscope.retry.statuses": (429, 429),
    "genscope.retry.delays": (0.02, 0.02),
    "genscope.retry.backoff": 0.04,
}


def check_repeated(recorder: Recorder, waits: Clock, name: str) -> None:
    root = logical(recorder)
    assert root.name == name
    assert root.kind.name == "INTERNAL"
    assert root.status.status_code is StatusCode.UNSET
    assert dict(root.attributes) == REPEATED
    assert [event["genscope.retry.attempt"] for event in events(root)] == [1, 2, 3]
    first, _, last = events(root)
    assert first["genscope.error.kind"] == "rate_limit"
    assert first["http.response.status_code"] == 429
    assert first["genscope.retry.backoff"] == 0.02
    assert last == {"genscope.retry.attempt": 3}
    assert not [event for event in root.events if event.name == "exception"]
    assert [span.parent.span_id for span in calls(recorder)] == [root.context.span_id] * 3
    failed = [span.status.status_code is StatusCode.ERROR for span in calls(recorder)]
    assert failed == [True, True, False]
    assert waits.slept == [0.02, 0.02]


def test_a_function(ask: Ask, recorder: Recorder, waits: Clock) -> None:
    @genscope.retry
    def answer() -> Any:
        return ask("retry", retries=2, after=20)

    assert answer().id
    check_repeated(recorder, waits, "retry answer")


async def test_a_coroutine_function(aask: Ask, recorder: Recorder, waits: Clock) -> None:
    @genscope.retry(attempts=3)
    async def answer() -> Any:
        return await aask("retry", retries=2, after=20)

    assert (await answer()).id
    check_repeated(recorder, waits, "retry answer")


def test_a_loop(ask: Ask, recorder: Recorder, waits: Clock) -> None:
    numbers: list[int] = []
    for attempt in genscope.retry(attempts=4, name="the loop"):
        with attempt as number:
            numbers.append(number)
            ask("retry", retries=2, after=20)
    assert numbers == [1, 2, 3]
    check_repeated(recorder, waits, "retry the loop")


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_an_asynchronous_loop(asynchronous: bool, aask: Ask, recorder: Recorder, waits: Clock) -> None:
    numbers: list[int] = []
    async for attempt in genscope.retry(attempts=4):
        if asynchronous:
            async with attempt as number:
                numbers.append(number)
                await aask("retry", retries=2, after=20)
        else:
            with attempt as number:
                numbers.append(number)
                await aask("retry", retries=2, after=20)
    assert numbers == [1, 2, 3]
    check_repeated(recorder, waits, "retry")


async def test_a_method_of_an_asynchronous_client_itself(
    simulator: Simulator, recorder: Recorder, waits: Clock
) -> None:
    """It is no coroutine function, and yet returns a coroutine."""
    simulator.reset()
    async with openai.AsyncOpenAI(
        base_url=simulator.base_url("retry", retries=2, after=20), api_key="sk-none", max_retries=0
    ) as client:
        create = genscope.retry(client.chat.completions.create)
        assert (await create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}])).id
    check_repeated(recorder, waits, "retry create")


def test_the_last_exception_passes_as_it_is(sdk: str, ask: Ask, recorder: Recorder, waits: Clock) -> None:
    raised: list[tuple[BaseException, Any, Any]] = []

    @genscope.retry(attempts=3)
    def answer() -> Any:
        try:
            return ask("rate_limit", after=20)
        except Exception as error:
            raised.append((error, error.__cause__, error.__context__))
            raise

    with pytest.raises(RATE_LIMITED[sdk]) as caught:
        answer()
    assert len(raised) == 3
    assert raised[-1] == (caught.value, caught.value.__cause__, caught.value.__context__)
    passed = [str(frame.path) for frame in caught.traceback]
    ours = [path.rpartition("/")[2] for path in passed if "/retrying/" in path]
    assert ours == [
        "test_retry_sdk.py",
        "functions.py",
        "functions.py",
        "test_retry_sdk.py",
        "conftest.py",
        "conftest.py",
    ]
    assert not [path for path in passed if "tenacity" in path]

    root = logical(recorder)
    assert root.status.status_code is StatusCode.ERROR
    assert root.attributes["genscope.retry.attempts"] == 3
    assert root.attributes["genscope.retry.gave_up"] == "attempts"
    assert root.attributes["genscope.error.kind"] == "rate_limit"
    assert root.attributes["error.type"] == "RateLimitError"
    assert [event["genscope.retry.attempt"] for event in events(root)] == [1, 2, 3]
    assert "genscope.retry.backoff" not in events(root)[-1]
    assert not [event for event in root.events if event.name == "exception"]  # the span of the call has it
    assert [len(span.events) for span in calls(recorder)] == [1, 1, 1]
    assert waits.slept == [0.02, 0.02]


@pytest.mark.parametrize(
    "scenario, kind",
    [
        ("unauthorized", "authentication"),
        ("quota", "quota"),
        ("context_length", "context_length"),
        ("bad_request", "invalid_request"),
        ("not_found", "model_not_found"),
        ("forbidden", "permission"),
    ],
)
def test_what_is_not_retryable_is_not_tried_again(
    scenario: str, kind: str, ask: Ask, recorder: Recorder, waits: Clock, simulator: Simulator
) -> None:
    answer = genscope.retry(lambda: ask(scenario))
    with pytest.raises(Exception) as caught:
        answer()
    if caught.value.status_code == 429:  # type: ignore[attr-defined]
        pytest.skip("to Anthropic there is no difference to a rate limit")
    root = logical(recorder)
    assert root.attributes["genscope.retry.gave_up"] == "not_retryable"
    assert "genscope.retry.attempts" not in root.attributes
    assert len(simulator.requests) == 1
    assert waits.slept == []


@pytest.mark.parametrize("scenario", ["overloaded", "server_error", "retry_500", "html_error"])
def test_what_is_retryable_is(scenario: str, ask: Ask, simulator: Simulator, waits: Clock) -> None:
    options = {"retries": 2} if scenario == "retry_500" else {}
    for attempt in genscope.retry(attempts=3):
        try:
            with attempt:
                ask(scenario, after=0, **options)
        except Exception:
            assert scenario != "retry_500"
    assert len(simulator.requests) == 3
    assert all(0 <= wait <= bound for wait, bound in zip(waits.slept, (1, 2), strict=True))


def test_spans_for_the_attempts(ask: Ask, recorder: Recorder) -> None:
    genscope.retry(spans=True)(lambda: ask("retry", retries=1, after=20))()
    root = logical(recorder)
    assert root.events == ()
    assert root.attributes["genscope.retry.attempts"] == 2
    attempts = [span for span in recorder.spans() if span.name.startswith("attempt ")]
    assert [span.parent.span_id for span in attempts] == [root.context.span_id] * 2
    assert [span.attributes["genscope.retry.attempt"] for span in attempts] == [1, 2]
    assert [span.status.status_code for span in attempts] == [StatusCode.ERROR, StatusCode.UNSET]
    assert attempts[0].attributes["genscope.error.kind"] == "rate_limit"
    assert attempts[0].attributes["genscope.retry.backoff"] == 0.02
    assert [span.parent.span_id for span in calls(recorder)] == [span.context.span_id for span in attempts]


async def test_spans_for_the_attempts_of_a_client_s_method(simulator: Simulator, recorder: Recorder) -> None:
    simulator.reset()
    async with openai.AsyncOpenAI(
        base_url=simulator.base_url("retry", retries=1, after=20), api_key="sk-none", max_retries=0
    ) as client:
        await genscope.retry(spans=True)(lambda: send(client, "gpt-4o-mini"))()
    assert logical(recorder).attributes["genscope.retry.attempts"] == 2
    assert sorted(span.name.split()[0] for span in recorder.spans()) == ["attempt"] * 2 + ["chat"] * 2 + ["retry"]


def test_a_workflow_around_counts_each_call_once(ask: Ask, recorder: Recorder) -> None:
    with genscope.workflow("answer"):
        answer = genscope.retry(lambda: ask("retry", retries=1, after=20))
        answer()
    root = logical(recorder)
    assert root.attributes["genscope.subtree.llm_calls"] == 2
    assert root.attributes["genscope.subtree.failed_calls"] == 1
    assert root.status.status_code is StatusCode.UNSET
    usage = [span.attributes.get("gen_ai.usage.input_tokens") for span in recorder.spans()]
    assert sum(filter(None, usage)) == root.attributes["genscope.subtree.input_tokens"]


def test_an_exception_is_told_once_and_all_that_it_passes_has_failed(sdk: str, ask: Ask, recorder: Recorder) -> None:
    with pytest.raises(API_ERROR[sdk]), genscope.workflow("answer"):
        genscope.retry(attempts=2, spans=True)(lambda: ask("overloaded", after=20))()
    recorder.settle()
    assert {span.status.status_code for span in recorder.spans()} == {StatusCode.ERROR}
    told = [span.name for span in recorder.spans() for event in span.events if event.name == "exception"]
    assert told == [span.name for span in calls(recorder)]


def test_identity_reaches_the_span_and_what_is_inside_of_the_loop_stays(ask: Ask, recorder: Recorder) -> None:
    with genscope.context(user_id="u1"):
        for attempt in genscope.retry(attempts=2):
            with genscope.context(tags={"try": "x"}):
                with attempt:
                    ask("ok")
    (call,) = calls(recorder)
    assert call.attributes["user.id"] == logical(recorder).attributes["user.id"] == "u1"
    assert call.attributes["genscope.tag.try"] == "x"


def test_without_telemetry_it_works_all_the_same(ask: Ask, waits: Clock, simulator: Simulator) -> None:
    assert genscope.retry(spans=True)(lambda: ask("retry", retries=2, after=20))().id
    assert waits.slept == [0.02, 0.02]
    assert len(simulator.requests) == 3


def test_where_telemetry_is_suppressed(ask: Ask, recorder: Recorder) -> None:
    with genscope.suppress():
        assert genscope.retry(lambda: ask("retry", retries=2, after=20))().id
    assert recorder.spans() == []
