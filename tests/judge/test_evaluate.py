"""Judging on request: what comes back, and what telemetry says of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from threading import Barrier, Event
from typing import Any

import anthropic
import openai
import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import SpanContext, get_current_span

import genscope
from genscope.core import installed
from genscope.features.judge.threads import Threads
from genscope.local.simulator import Simulator

from .playing import SHORT, Court, Played, ask, fair, hanging, judged, material_in, prompt_in, verdict

FRANCE: dict[str, Any] = {
    "question": "What is the capital of France?",
    "answer": "Paris is the capital.",
    "context": ["Paris is the capital."],
}


@pytest.fixture
def court() -> Iterator[Court]:
    """Nothing is judged in the background."""
    with judged(("openai", "anthropic"), judge_sample_ratio=0) as court:
        yield court


@pytest.fixture
def nothing_installed() -> Iterator[None]:
    installed.forget_environment()
    yield
    installed.forget_environment()


# --- what comes back


@pytest.mark.usefixtures("nothing_installed")
def test_without_any_telemetry() -> None:
    with fair().openai() as client:
        found = genscope.evaluate(**FRANCE, client=client, model="gpt-4o-mini")
    assert [(one.name, one.score, one.label, one.error) for one in found] == [
        ("faithfulness", 1.0, "pass", None),
        ("relevance", 1.0, "pass", None),
        ("safety", 1.0, "pass", None),
    ]
    assert found[0].explanation == "For this reason."


@pytest.mark.parametrize("sdk", ["openai", "anthropic"])
def test_a_contradiction(court: Court, sdk: str) -> None:
    with getattr(fair(), sdk)() as client:
        found = genscope.evaluate(
            answer="Rome is the capital.",
            context="Paris is the capital.",
            judges=["faithfulness", "relevance"],
            client=client,
            model="m",
        )
    assert [(one.name, one.score, one.label) for one in found] == [
        ("faithfulness", 0.0, "fail"),
        ("relevance", None, "not_applicable"),
    ]


def test_the_simulator(court: Court, simulator: Simulator) -> None:
    """It keeps to a schema, and that is all that is known of its verdicts."""
    openai_client = openai.OpenAI(base_url=simulator.base_url(), api_key="k")
    claude = anthropic.Anthropic(base_url=simulator.base_url("tools"), api_key="k")
    with openai_client, claude:
        for client in (openai_client, claude):
            (found,) = genscope.evaluate(answer="Paris", judges="safety", client=client, model="m")
            assert found.error is None or found.error == "invalid_verdict"
    assert [span.name for span in court.spans()] == ["chat m", "evaluate safety"] * 2


@pytest.mark.parametrize("context", ["one", ["one"], ("one",), [{"text": "one"}], {"documents": ["one"]}])
def test_what_a_context_may_be(court: Court, context: Any) -> None:
    seen: list[genscope.Case] = []
    genscope.evaluate(answer="a", context=context, judges=[seen.append])
    assert seen[0].documents == ("one",)


def test_a_case(court: Court) -> None:
    case = genscope.Case("a", "q", ["c"], model="gpt-4o", prompt_name="p", schema={"type": "object"})
    seen: list[genscope.Case] = []
    assert genscope.evaluate(case, judges=[seen.append])[0].label == "not_applicable"
    assert seen == [case]
    (point,) = court.points("genscope.evaluation.results")
    assert point.attributes["gen_ai.request.model"] == "gpt-4o"
    with pytest.raises(TypeError):
        genscope.evaluate(case, answer="b")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"judges": "hallucination"}, "hallucination"),
        ({"judges": ["safety", "safety"]}, "several"),
        ({"model": "gpt-4o-mini"}, "judge_model"),
        ({"client": object(), "model": "m"}, "client"),
    ],
)
def test_what_there_is_not(court: Court, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        genscope.evaluate(answer="a", **options)


def test_what_is_no_span(court: Court) -> None:
    with pytest.raises(TypeError):
        genscope.evaluate(answer="a", judges="empty", span="the span")


def test_no_model(court: Court) -> None:
    (found,) = genscope.evaluate(answer="a", judges="safety")
    assert found == genscope.Verdict("safety", error="no_judge_model")


def test_judges_that_fail_and_one_that_does_not(court: Court) -> None:
    until = Event()

    def slow(case: genscope.Case) -> bool:
        return until.wait(SHORT)

    def broken(case: genscope.Case) -> bool:
        raise RuntimeError(f"the answer was {case.answer}")

    def leaving(case: genscope.Case) -> bool:
        raise SystemExit

    def odd(case: genscope.Case) -> Any:
        return 5

    async def coroutine(case: genscope.Case) -> float:
        await asyncio.sleep(0)
        return 0.25

    found = genscope.evaluate(answer="a", judges=[slow, broken, leaving, odd, coroutine, "empty"], timeout=0.1)
    until.set()
    assert [(one.name, one.score, one.error) for one in found] == [
        ("slow", None, "timeout"),
        ("broken", None, "RuntimeError"),
        ("leaving", None, "SystemExit"),
        ("odd", None, "invalid_verdict"),
        ("coroutine", 0.25, None),
        ("empty", 1.0, None),
    ]
    assert all("the answer" not in str(record.attributes) for record in court.logbook.records)


def test_a_function_sees_the_context_variables_of_its_caller(court: Court) -> None:
    tenant = ContextVar("tenant", default="nobody")
    tenant.set("acme")
    assert genscope.evaluate(answer="a", judges=[lambda case: tenant.get()])[0].label == "acme"


def test_many_at_once(court: Court) -> None:
    """More than there are threads: they wait for one another."""
    everybody = Barrier(20)

    def together(case: genscope.Case) -> bool:
        return everybody.wait(SHORT) >= 0

    with ThreadPoolExecutor(40) as pool:
        ran = [pool.submit(genscope.evaluate, answer="a", judges=[together, "empty"]) for _ in range(40)]
        found = [verdict for one in ran for verdict in one.result()]
    assert Counter((one.name, one.error) for one in found) == {("together", None): 40, ("empty", None): 40}


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "5"])
def test_no_time_at_all(timeout: Any) -> None:
    with pytest.raises(ValueError, match=rf"timeout={timeout!r}; accepted: seconds, more than 0"):
        genscope.evaluate(answer="a", judges="empty", timeout=timeout)


def test_judges_that_hang_leave_no_thread_for_others(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    until = Event()
    monkeypatch.setattr("genscope.features.judge.panel._ON_REQUEST", Threads("t", 2, waits=True))

    def hang(case: genscope.Case) -> bool:
        return until.wait(SHORT)

    assert genscope.evaluate(answer="a", judges=[hang], timeout=0.05)[0].error == "timeout"
    first, second = genscope.evaluate(answer="a", judges=[hang, "empty"], timeout=0.05)
    assert (first.error, second.error) == ("timeout", "busy")
    until.set()
    assert genscope.evaluate(answer="a", judges="empty")[0].score == 1.0


# --- asynchronous


def test_many_at_once_in_one_loop(court: Court) -> None:
    async def main() -> list[list[genscope.Verdict]]:
        async with fair().async_openai() as client:
            judging = [genscope.aevaluate(**FRANCE, client=client, model="m") for _ in range(100)]
            return list(await asyncio.gather(*judging))

    found = asyncio.run(main())
    assert Counter(one.error for verdicts in found for one in verdicts) == {None: 300}


def test_what_is_to_be_awaited_needs_no_thread(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genscope.features.judge.panel._ON_REQUEST", Threads("t", 0))

    async def later(case: genscope.Case) -> bool:
        return True

    async def main() -> list[genscope.Verdict]:
        async with fair().async_openai() as client:
            return await genscope.aevaluate(answer="a", judges=[later, "safety", "empty"], client=client, model="m")

    assert [one.error for one in asyncio.run(main())] == [None, None, "Busy"]


def test_an_asynchronous_client_where_nobody_awaits_it(court: Court) -> None:
    """Its connections live in one event loop, and there is none."""
    with pytest.raises(ValueError, match=r"genscope\.aevaluate"):
        genscope.evaluate(answer="a", judges="safety", client=fair().async_openai(), model="m")


def test_an_asynchronous_function_where_nobody_awaits_it(court: Court) -> None:
    async def model(prompt: str) -> str:
        return verdict(0.75)

    assert genscope.evaluate(answer="a", judges="safety", client=model)[0].score == 0.75


def test_an_asynchronous_client(court: Court) -> None:
    async def main() -> list[genscope.Verdict]:
        async with fair().async_openai() as client:
            return await genscope.aevaluate(**FRANCE, client=client, model="m")

    assert [one.score for one in asyncio.run(main())] == [1.0, 1.0, 1.0]
    assert len(court.named("chat m")) == 3
    assert {span.attributes["genscope.operation.name"] for span in court.spans() if span.attributes} == {"evaluate"}


def test_the_event_loop_goes_on(court: Court) -> None:
    """Both kinds of judges that wait for it: one blocks its thread, the other one is awaited."""

    async def main() -> list[genscope.Verdict]:
        here, there = asyncio.Event(), Event()

        def blocking(case: genscope.Case) -> bool:
            return there.wait(SHORT)

        async def awaited(case: genscope.Case) -> bool:
            return await here.wait()

        judging = asyncio.ensure_future(genscope.aevaluate(answer="a", judges=[blocking, awaited]))
        await asyncio.sleep(0)
        there.set()
        here.set()
        return await judging

    assert [one.label for one in asyncio.run(main())] == ["pass", "pass"]


def test_a_coroutine_that_takes_too_long(court: Court) -> None:
    async def endless(case: genscope.Case) -> None:
        await asyncio.Event().wait()

    async def main() -> list[genscope.Verdict]:
        return await genscope.aevaluate(answer="a", judges=[endless, "empty"], timeout=0.05)

    assert [one.error for one in asyncio.run(main())] == ["timeout", None]


def test_cancelled(court: Court) -> None:
    async def endless(case: genscope.Case) -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        judging = asyncio.ensure_future(genscope.aevaluate(answer="a", judges=[endless]))
        await asyncio.sleep(0.05)
        judging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await judging

    asyncio.run(main())
    assert court.events == []


# --- what telemetry says


def test_the_event_belongs_to_the_current_span(court: Court) -> None:
    with court.tracer.start_as_current_span("request") as span:
        genscope.evaluate(**FRANCE, client=fair().openai(), model="m")
    where = span.get_span_context()
    assert [(event.trace_id, event.span_id) for event in court.events] == [(where.trace_id, where.span_id)] * 3
    assert court.verdicts == [
        {"name": name, "score.value": 1.0, "score.label": "pass"} for name in ("faithfulness", "relevance", "safety")
    ]


def test_or_to_the_one_that_is_named(court: Court) -> None:
    """One that has ended, its context, and one of genscope's."""
    with court.tracer.start_as_current_span("request") as ended:
        pass
    with genscope.task("step") as step:
        pass
    places: list[Any] = [ended, ended.get_span_context(), step]
    for place in places:
        genscope.evaluate(answer="a", judges="empty", span=place)
    expected: list[SpanContext] = [ended.get_span_context()] * 2 + [step.get_span_context()]
    assert [event.span_id for event in court.events] == [where.span_id for where in expected]


def test_outside_of_any_span(court: Court) -> None:
    genscope.evaluate(answer="a", judges="empty")
    (event,) = court.events
    assert not event.trace_id


def test_measured(court: Court) -> None:
    genscope.evaluate(answer="a", judges=["empty", lambda case: 0.3, "safety"])
    scores = {
        point.attributes["gen_ai.evaluation.name"]: point.sum for point in court.points("genscope.evaluation.score")
    }
    assert scores == {"empty": 1.0, "<lambda>": 0.3}
    assert court.counted("genscope.evaluation.results", "gen_ai.evaluation.score.label") == {
        "pass": 1,
        "fail": 1,
        None: 1,
    }
    assert court.counted("genscope.evaluation.results", "error.type") == {"no_judge_model": 1, None: 2}


def test_a_judge_has_a_trace_of_its_own(court: Court) -> None:
    with genscope.workflow("request") as span:
        here = span.get_span_context()
        genscope.evaluate(answer="a", judges="safety", client=fair().openai(), model="m")
        assert get_current_span().get_span_context() == here
    call, judge, workflow = court.spans()
    assert (call.name, judge.name, workflow.name) == ("chat m", "evaluate safety", "invoke_workflow request")
    assert judge.parent is None
    assert call.parent is not None
    assert judge.context is not None
    assert call.parent.span_id == judge.context.span_id
    assert judge.context.trace_id != here.trace_id
    (link,) = judge.links
    assert link.context.span_id == here.span_id
    assert link.attributes == {"genscope.link.kind": "judged"}
    assert judge.attributes == {
        "genscope.operation.name": "evaluate",
        "gen_ai.evaluation.name": "safety",
        "gen_ai.evaluation.score.value": 1.0,
        "gen_ai.evaluation.score.label": "pass",
    }
    assert call.attributes is not None
    assert call.attributes["genscope.operation.name"] == "evaluate"
    assert workflow.attributes is not None
    assert workflow.attributes["genscope.subtree.llm_calls"] == 0


def test_its_calls_are_marked_on_metrics(court: Court) -> None:
    played = fair()
    with played.openai() as client:
        genscope.evaluate(answer="a", judges="safety", client=client, model="gpt-4o-mini")
        played.respond = lambda body: "Paris"
        ask(client)
    for metric in ("gen_ai.client.operation.duration", "genscope.client.cost", "gen_ai.client.token.usage"):
        purposes = {point.attributes.get("genscope.operation.name") for point in court.points(metric)}
        assert purposes == {None, "evaluate"}, metric


def test_a_judge_that_failed_is_an_error_of_its_span(court: Court) -> None:
    def broken(case: genscope.Case) -> bool:
        raise RuntimeError(case.answer)

    genscope.evaluate(answer="the secret", judges=[broken, "safety"])
    spans = {span.name: span for span in court.spans()}
    assert not spans["evaluate broken"].status.is_ok
    assert spans["evaluate broken"].attributes is not None
    assert spans["evaluate broken"].attributes["error.type"] == "RuntimeError"
    assert "the secret" not in str([span.to_json() for span in court.spans()])
    assert [one.get("error.type") for one in court.verdicts] == ["RuntimeError", "no_judge_model"]


@pytest.mark.parametrize(
    ("capture", "on_span", "on_event"),
    [
        ("NO_CONTENT", False, False),
        ("SPAN_ONLY", True, False),
        ("EVENT_ONLY", False, True),
        ("SPAN_AND_EVENT", True, True),
    ],
)
def test_an_explanation_is_content(capture: str, on_span: bool, on_event: bool) -> None:
    said = "It gives away anna@example.com."
    played = Played(lambda body: verdict(0.5, said))
    with judged(judge_sample_ratio=0, capture_message_content=capture) as court, played.openai() as client:
        (found,) = genscope.evaluate(answer="a", judges="safety", client=client, model="m")
    assert found.explanation == said
    (span,) = court.named("evaluate safety")
    shown = "It gives away [EMAIL]."
    assert (span.attributes or {}).get("gen_ai.evaluation.explanation") == (shown if on_span else None)
    assert court.verdicts[0].get("explanation") == (shown if on_event else None)


@pytest.mark.parametrize("suppress", [genscope.suppress, suppress_instrumentation])
def test_suppressed(court: Court, suppress: Any) -> None:
    with suppress():
        found = genscope.evaluate(answer="a", judges="safety", client=fair().openai(), model="m")
    assert found[0].score == 1.0
    assert court.started == []
    assert court.events == []
    assert court.points("genscope.evaluation.results") == []


def test_without_events(court: Court) -> None:
    """Of a verdict that is none nothing is to be told but how often there are."""
    genscope.evaluate(answer="a", judges="faithfulness", client=fair().openai(), model="m")
    assert court.events == []
    assert court.counted("genscope.evaluation.results", "gen_ai.evaluation.score.label") == {"not_applicable": 1}


def test_it_is_shown_as_it_is(court: Court) -> None:
    """The application hands it to its own judges; telemetry is told nothing of it."""
    played = fair()
    genscope.evaluate(answer="anna@example.com", judges="safety", client=played.openai(), model="m")
    assert material_in(prompt_in(played.requests[0]))["answer"] == "anna@example.com"


def test_it_is_under_the_budget_of_the_application() -> None:
    options: dict[str, Any] = {"budget": "1 requests/total", "budget_mode": "deny", "judge_budget": "0 requests/day"}
    with judged(judge_sample_ratio=0, **options) as court, fair().openai() as client:
        first, second = (
            genscope.evaluate(answer="a", judges="safety", client=client, model="gpt-4o-mini")[0] for _ in range(2)
        )
    assert (first.score, first.error) == (1.0, None)
    assert (second.score, second.error) == (None, "budget_exceeded")
    assert court.verdicts[1]["error.type"] == "budget_exceeded"


def test_what_it_evaluates_is_not_judged_in_the_background() -> None:
    with judged(judges=["empty"]) as court, fair().openai() as client:
        genscope.evaluate(answer="a", judges="safety", client=client, model="gpt-4o-mini")
    assert [one["name"] for one in court.verdicts] == ["safety"]


def test_a_model_that_hangs(court: Court) -> None:
    until = Event()
    found = genscope.evaluate(answer="a", judges="safety", client=hanging(until).openai(), model="m", timeout=0.05)
    until.set()
    assert found == [genscope.Verdict("safety", error="timeout")]
