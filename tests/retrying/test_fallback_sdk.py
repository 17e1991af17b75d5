"""`genscope.fallback` around the real SDKs: which model answered, which were asked before, and why those did not."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from contract.recorder import Recorder
from opentelemetry.trace import StatusCode

import genscope
from genscope.local.simulator import Simulator
from genscope.retrying import FALLBACK_KINDS

from .conftest import API_ERROR, RATE_LIMITED, Ask, Clock, of_ours


def told(recorder: Recorder) -> dict[str, Any]:
    (span,) = of_ours(recorder, "fallback")
    assert span.kind.name == "INTERNAL"
    return {name.removeprefix("genscope.fallback."): value for name, value in span.attributes.items()}


SCENARIOS = ["rate_limit", "overloaded", "server_error", "not_found", "context_length", "html_error", "quota"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_next_model_answers(scenario: str, sdk: str, ask: Ask, recorder: Recorder) -> None:
    if (sdk, scenario) == ("anthropic", "context_length"):
        pytest.skip("Anthropic has no code for it, only a text")

    @genscope.fallback(models=["first", "second", "third"])
    def answer(prompt: str, *, model: str) -> Any:
        assert prompt == "Hello"
        return ask("ok" if model == "second" else scenario, model)

    assert answer("Hello").model.startswith("second")
    said = told(recorder)
    assert said["models"] == ("first", "second")
    assert said["model"] == "second"
    (kind,) = said["errors"]
    assert kind in FALLBACK_KINDS
    (span,) = of_ours(recorder, "fallback")
    assert span.name == "fallback answer"
    assert span.status.status_code is StatusCode.UNSET
    calls = [one for one in recorder.spans() if one.name.startswith("chat ")]
    assert [one.name for one in calls] == ["chat first", "chat second"]
    assert {one.parent.span_id for one in calls} == {span.context.span_id}
    assert calls[0].attributes["genscope.error.kind"] == kind


def test_the_first_model_answers(ask: Ask, recorder: Recorder) -> None:
    assert genscope.fallback(["first", "second"])(lambda model: ask("ok", model))()
    said = told(recorder)
    assert (said["models"], said["model"], "errors" in said) == (("first",), "first", False)


def test_none_answers(sdk: str, ask: Ask, recorder: Recorder) -> None:
    raised: list[BaseException] = []

    @genscope.fallback(["first", "second"])
    def answer(*, model: str) -> Any:
        try:
            return ask("overloaded" if model == "first" else "rate_limit", model)
        except Exception as error:
            raised.append(error)
            raise

    with pytest.raises(RATE_LIMITED[sdk]) as caught:
        answer()
    assert caught.value is raised[1]
    said = told(recorder)
    assert (said["models"], said["errors"]) == (("first", "second"), ("overloaded", "rate_limit"))
    assert "model" not in said
    (span,) = of_ours(recorder, "fallback")
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["genscope.error.kind"] == "rate_limit"
    assert span.events == ()  # the spans of the calls have the exceptions


@pytest.mark.parametrize("scenario", ["unauthorized", "forbidden", "bad_request", "content_filter"])
def test_what_no_other_model_mends(scenario: str, sdk: str, ask: Ask, recorder: Recorder, simulator: Simulator) -> None:
    with pytest.raises(Exception) as caught:
        genscope.fallback(["first", "second"])(lambda model: ask(scenario, model))()
    assert caught.value.status_code in (400, 401, 403)  # type: ignore[attr-defined]
    assert told(recorder)["models"] == ("first",)
    assert len(simulator.requests) == 1


async def test_coroutine_functions(aask: Ask, recorder: Recorder) -> None:
    @genscope.fallback(["first", "second"])
    async def answer(*, model: str) -> Any:
        return await aask("ok" if model == "second" else "overloaded", model)

    assert inspect.iscoroutinefunction(answer)
    assert (await answer()).model.startswith("second")
    assert told(recorder)["errors"] == ("overloaded",)


async def test_a_function_that_returns_a_coroutine(aask: Ask, recorder: Recorder) -> None:
    answer = genscope.fallback(["first", "second"])(
        lambda model: aask("ok" if model == "second" else "overloaded", model)
    )
    assert (await answer()).model.startswith("second")
    assert told(recorder)["models"] == ("first", "second")


def test_a_loop(ask: Ask, recorder: Recorder) -> None:
    for model in genscope.fallback(["first", "second"], name="summary"):
        with model as name:
            answer = ask("ok" if name == "second" else "overloaded", name)
    assert answer.model.startswith("second")
    assert told(recorder)["model"] == "second"
    assert of_ours(recorder, "fallback")[0].name == "fallback summary"


async def test_an_asynchronous_loop(aask: Ask, recorder: Recorder) -> None:
    async for model in genscope.fallback(["first", "second"]):
        async with model as name:
            answer = await aask("ok" if name == "second" else "overloaded", name)
    assert answer.model.startswith("second")
    assert told(recorder)["model"] == "second"


def test_a_stream_that_breaks_after_its_first_item_is_not_repeated(
    sdk: str, ask: Ask, recorder: Recorder, simulator: Simulator
) -> None:
    @genscope.fallback(["first", "second"])
    def answer(*, model: str) -> Any:
        return ask("stream_error", model, stream=True)

    stream = iter(answer())
    assert next(stream)
    with pytest.raises(API_ERROR[sdk]):
        list(stream)
    assert len(simulator.requests) == 1
    assert told(recorder)["model"] == "first"


def test_a_stream_that_does_not_open_is_that_of_the_next_model(ask: Ask, recorder: Recorder) -> None:
    answer = genscope.fallback(["first", "second"])(
        lambda model: ask("ok" if model == "second" else "overloaded", model, stream=True)
    )
    assert [*answer()]
    assert told(recorder)["model"] == "second"


# --- with genscope.retry


def test_each_model_is_retried(ask: Ask, recorder: Recorder, waits: Clock, simulator: Simulator) -> None:
    pytest.importorskip("tenacity")

    @genscope.fallback(["first", "second"])
    @genscope.retry(attempts=3)
    def answer(*, model: str) -> Any:
        return ask("ok" if model == "second" else "overloaded", model, after=20)

    assert answer().model.startswith("second")
    assert len(simulator.requests) == 4
    first, second = of_ours(recorder, "retry")
    assert first.attributes["genscope.retry.attempts"] == 3
    assert "genscope.retry.attempts" not in second.attributes
    assert told(recorder)["errors"] == ("overloaded",)
    (root,) = of_ours(recorder, "fallback")
    assert {first.parent.span_id, second.parent.span_id} == {root.context.span_id}


async def test_all_models_are_asked_again(aask: Ask, recorder: Recorder, waits: Clock, simulator: Simulator) -> None:
    pytest.importorskip("tenacity")

    @genscope.retry(attempts=3)
    @genscope.fallback(["first", "second"])
    async def answer(*, model: str) -> Any:
        return await aask("retry", model, retries=3, after=20)

    assert (await answer()).model.startswith("second")
    assert len(simulator.requests) == 4
    (root,) = of_ours(recorder, "retry")
    assert root.attributes["genscope.retry.kinds"] == ("rate_limit",)
    assert [span.attributes.get("genscope.fallback.model") for span in of_ours(recorder, "fallback")] == [
        None,
        "second",
    ]
    assert waits.slept == [0.02]


def test_loops_in_loops(ask: Ask, recorder: Recorder, waits: Clock) -> None:
    pytest.importorskip("tenacity")
    for model in genscope.fallback(["first", "second"]):
        with model as name:
            for attempt in genscope.retry(attempts=2):
                with attempt:
                    answer = ask("ok" if name == "second" else "overloaded", name, after=20)
    assert answer.model.startswith("second")
    (root,) = of_ours(recorder, "fallback")
    assert [span.parent.span_id for span in of_ours(recorder, "retry")] == [root.context.span_id] * 2
