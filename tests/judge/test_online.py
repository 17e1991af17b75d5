"""Judging in the background: which answers, by what, and that the application notices nothing of it."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from threading import Event
from time import perf_counter
from typing import Any
from weakref import ref

import anthropic
import openai
import pytest
from opentelemetry.context import attach, detach, set_value
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs import export as logs
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, TraceIdRatioBased

import genscope
import genscope.budget
from genscope import judging
from genscope.core.judging import is_judged
from genscope.features.judge.checks import Empty
from genscope.local.simulator import Simulator

from .playing import SHORT, Court, Played, ask, fair, hanging, judged, library_of, material_in, prompt_in, verdict

PARIS = "Paris is the capital of France."
"""What the simulator answers."""
IN_MEMORY: Any = getattr(logs, "InMemoryLogRecordExporter", None) or logs.InMemoryLogExporter
CHECKED: dict[str, Any] = {"judges": ["empty"]}


pytestmark = pytest.mark.usefixtures("fresh")


def by_fair_judges(**options: Any) -> tuple[Played, dict[str, Any]]:
    """A judge model that can be relied upon, and the settings that have it asked."""
    played = fair()
    return played, {"judge_client": played.openai(), "judge_model": "gpt-4o-mini", **options}


def shown(played: Played) -> list[dict[str, Any]]:
    """The material of each time that it was asked."""
    return [material_in(prompt_in(body)) for body in played.requests]


# --- what comes of it


def test_by_default_nothing_is_judged(client: openai.OpenAI) -> None:
    with judged(judge_sample_ratio=None) as court:
        ask(client)
        assert court.named("chat gpt-4o-mini")
    assert court.events == []
    assert judging._made == []


def test_a_verdict_of_each_judge(client: openai.OpenAI) -> None:
    played, settings = by_fair_judges()
    with judged(**settings) as court:
        with genscope.workflow("answer"):
            with genscope.retrieval("books") as found:
                found.set_output([PARIS])
            assert ask(client) == PARIS
        assert genscope.flush(SHORT)
    answer = court.answer
    assert {(event.trace_id, event.span_id) for event in court.events} == {
        (answer.context.trace_id, answer.context.span_id)
    }
    assert [event.severity_number.value for event in court.events] == [9] * 3
    assert court.verdicts == [
        {
            "name": name,
            "score.value": 1.0,
            "score.label": "pass",
            "gen_ai.response.id": answer.attributes["gen_ai.response.id"],
        }
        for name in ("faithfulness", "relevance", "safety")
    ]
    for point in court.points("genscope.evaluation.score"):
        assert point.attributes == {
            "gen_ai.evaluation.name": point.attributes["gen_ai.evaluation.name"],
            "gen_ai.provider.name": "_OTHER",
            "gen_ai.request.model": "gpt-4o-mini",
        }
        assert (point.count, point.sum) == (1, 1.0)
        assert point.explicit_bounds == tuple(n / 10 for n in range(11))
    assert court.counted("genscope.evaluation.results", "gen_ai.evaluation.name") == {
        "faithfulness": 1,
        "relevance": 1,
        "safety": 1,
    }
    assert {"question": "What is the capital of France?", "context": [PARIS], "answer": PARIS} in shown(played)


def test_a_model_whose_answers_begin_to_contradict_the_context_is_flagged() -> None:
    """As early as the sample allows: by the first call that is judged after the model has changed."""
    told = {"answer": PARIS}
    model = Played(lambda body: told["answer"])
    _, settings = by_fair_judges(judges=["faithfulness"], judge_sample_ratio=0.25)
    chosen: list[bool] = []
    with judged(**settings) as court, model.openai() as client:
        for number in range(120):
            if number == 60:
                told["answer"] = "Lyon is the capital of France."
            with genscope.workflow("answer") as request, genscope.retrieval("books") as found:
                found.set_output([PARIS])
                ask(client)
            chosen.append(is_judged(request.get_span_context().trace_id, 0.25))
            assert genscope.flush(SHORT)
            flagged = Counter(one["score.label"] for one in court.verdicts)["fail"]
            assert flagged == sum(chosen[60:])
        assert 0 < sum(chosen[:60]) < 60
        assert 0 < sum(chosen[60:]) < 60
    points = court.points("genscope.evaluation.score")
    assert [(point.count, point.min, point.max) for point in points] == [(sum(chosen), 0.0, 1.0)]


# --- its own calls


def test_they_have_a_trace_of_their_own(client: openai.OpenAI) -> None:
    _, settings = by_fair_judges(judges=["safety"])
    with judged(**settings) as court:
        with court.tracer.start_as_current_span("request"):
            ask(client)
    answer = court.answer
    (call,) = [span for span in court.named("chat gpt-4o-mini") if span is not answer]
    (judge,) = court.named("judge safety")
    assert judge.context is not None
    assert call.parent is not None
    assert judge.parent is None
    assert judge.context.trace_id != answer.context.trace_id
    assert call.parent.span_id == judge.context.span_id
    (link,) = judge.links
    assert link.context.span_id == answer.context.span_id
    assert link.attributes == {"genscope.link.kind": "judged"}
    purposes = [(span.attributes or {}).get("genscope.operation.name") for span in (answer, call, judge)]
    assert purposes == [None, "judge", "judge"]
    assert court.counted("genscope.client.attempts", "genscope.operation.name") == {None: 1, "judge": 1}


def test_they_are_never_judged(client: openai.OpenAI) -> None:
    """Neither is what a function calls that judges."""

    def curious(case: genscope.Case) -> str:
        return ask(client, "Is it so?")[:5]

    _, settings = by_fair_judges(judges=["safety", curious])
    with judged(**settings) as court:
        for _ in range(3):
            ask(client)
        for _ in range(3):
            assert genscope.flush(SHORT)
    assert Counter(one["name"] for one in court.verdicts) == {"safety": 3, "curious": 3}
    assert len(court.named("chat gpt-4o-mini")) == 9


def test_their_budget_is_their_own(client: openai.OpenAI) -> None:
    """And the application's is not charged with what they do."""
    _, settings = by_fair_judges(judges=["safety", "empty"], judge_budget="2 requests/total")
    with judged(**settings, budget="100 requests/total", budget_mode="deny") as court:
        for _ in range(5):
            ask(client)
            assert genscope.flush(SHORT)
        limits = {str(one.limit): one.spent for one in genscope.budget.status()}
    assert limits == {"100 requests total": 5, "2 requests total for tag:genscope=judge": 2}
    assert Counter(one["name"] for one in court.verdicts) == {"safety": 2, "empty": 3}
    assert court.drops == {"budget": 3}  # one found out, the others were not even looked at
    assert all("error.type" not in one for one in court.verdicts)


def test_a_budget_in_money() -> None:
    """1,000 tokens in and 100 out, at a dollar for a thousand of each: $1.10 for a verdict."""
    model, prices = Played(lambda body: PARIS), {"gpt-4o-mini": {"input": 1000, "output": 1000}}
    _, settings = by_fair_judges(judges=["safety"], judge_budget="5 usd/day", prices=prices)
    with judged(**settings, cost=True) as court, model.openai() as client:
        for _ in range(20):
            ask(client)
            assert genscope.flush(SHORT)
        (left,) = genscope.budget.status()
    assert 0 < left.spent <= 5
    assert len(court.events) == round(left.spent / 1.1)
    assert court.drops["budget"] == 20 - len(court.events)


def test_the_application_may_be_out_of_money(client: openai.OpenAI) -> None:
    _, settings = by_fair_judges(judges=["safety"])
    with judged(**settings, budget="1 requests/total", budget_mode="deny") as court:
        ask(client)
        with pytest.raises(genscope.BudgetExceeded):
            ask(client)
    assert [one["score.value"] for one in court.verdicts] == [1.0]


# --- which answers


def test_all_ways_to_ask(simulator: Simulator) -> None:
    messages: Any = [{"role": "user", "content": "Where?"}]

    async def later(at: str) -> None:
        async with openai.AsyncOpenAI(base_url=at, api_key="k") as client:
            await client.chat.completions.create(model="m", messages=messages)
            async for _ in await client.chat.completions.create(model="m", messages=messages, stream=True):
                pass

    cases: list[genscope.Case] = []
    with judged(("openai", "anthropic"), judges=[cases.append]):
        with openai.OpenAI(base_url=simulator.base_url(), api_key="k") as client:
            ask(client, "Where?")
            list(
                client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Where?"}], stream=True)
            )
            client.completions.create(model="m", prompt="Where?")
            if hasattr(client, "responses"):
                client.responses.create(model="m", input="Where?")
        with anthropic.Anthropic(base_url=simulator.base_url(), api_key="k") as claude:
            claude.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=messages)
            with claude.messages.stream(model="claude-haiku-4-5", max_tokens=9, messages=messages) as stream:
                stream.get_final_message()
        asyncio.run(later(simulator.base_url()))
        assert genscope.flush(SHORT)
    assert len(cases) == 7 + hasattr(openai.OpenAI, "responses")
    assert {(case.question, case.answer, case.finish_reason) for case in cases} == {
        ("Where?", PARIS, "stop"),
        ("Where?", PARIS, "end_turn"),
    }


def test_what_is_no_answer(simulator: Simulator) -> None:
    """Calls that failed, streams that were left, and a model that asks for a tool first; no inference at all."""
    tools: Any = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    with judged(**CHECKED) as court:
        for scenario in ("context_length", "rate_limit", "server_error", "garbage"):
            with openai.OpenAI(base_url=simulator.base_url(scenario), api_key="k", max_retries=0) as client:
                with suppress(Exception):  # garbage is none everywhere
                    ask(client)
        with openai.OpenAI(base_url=simulator.base_url("tools"), api_key="k") as client:
            ask(client, tools=tools)
        with openai.OpenAI(base_url=simulator.base_url(), api_key="k") as client:
            client.embeddings.create(model="m", input="x")
            messages: Any = [{"role": "user", "content": "Where?"}]
            client.chat.completions.create(model="m", messages=messages, stream=True).close()
            with client.chat.completions.create(model="m", messages=messages, stream=True) as stream:
                assert [next(stream).choices[0].delta.content for _ in range(3)][-1]
        with openai.OpenAI(base_url=simulator.base_url("stream_error"), api_key="k", max_retries=0) as client:
            with pytest.raises(openai.APIError):
                list(client.chat.completions.create(model="m", messages=messages, stream=True))
    assert court.verdicts == []


def test_an_empty_answer_is_one() -> None:
    empty = Played(lambda body: "")
    with judged(judges=["empty", "safety"], judge_client=fair().openai(), judge_model="m") as court:
        with empty.openai() as client:
            ask(client)
    assert [(one["name"], one["score.value"]) for one in court.verdicts] == [("empty", 0.0)]


def test_the_schema_that_was_asked_for(simulator: Simulator) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    formats: list[Any] = [
        {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
        {"type": "json_object"},
        {"type": "text"},
    ]
    cases: list[genscope.Case] = []
    with judged(judges=[cases.append]), openai.OpenAI(base_url=simulator.base_url(), api_key="k") as client:
        for format in formats:
            ask(client, response_format=format)
            assert genscope.flush(SHORT)
        if hasattr(client, "responses"):
            text: Any = {"format": {"type": "json_schema", "name": "x", "schema": schema}}
            client.responses.create(model="m", input="x", text=text)
        assert genscope.flush(SHORT)
    assert [case.schema for case in cases] == [schema, None, None, schema][: len(cases)]


# --- the sample


def test_about_so_many() -> None:
    ids = [number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128 for number in range(1, 10_001)]
    for ratio in (0.0, 0.05, 0.5, 1.0):
        assert sum(is_judged(one, ratio) for one in ids) / len(ids) == pytest.approx(ratio, abs=0.02)
    assert not is_judged(0, 1.0)
    low, high = ({one for one in ids if is_judged(one, ratio)} for ratio in (0.1, 0.3))
    assert low < high


def test_it_has_nothing_to_do_with_which_traces_are_kept() -> None:
    ids = [number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128 for number in range(1, 20_001)]
    kept = [one for one in ids if one & (2**64 - 1) < TraceIdRatioBased.get_bound_for_rate(0.1)]
    assert sum(is_judged(one, 0.2) for one in kept) / len(kept) == pytest.approx(0.2, abs=0.03)


def test_a_trace_is_judged_whole_or_not_at_all(client: openai.OpenAI) -> None:
    with judged(**CHECKED, judge_sample_ratio=0.5) as court:
        for _ in range(20):
            with genscope.workflow("request"):
                for _ in range(3):
                    ask(client)
    each = Counter(event.trace_id for event in court.events)
    assert set(each.values()) == {3}
    assert 0 < len(each) < 20


def test_a_trace_that_is_not_kept_is_judged_too(client: openai.OpenAI) -> None:
    with judged(**CHECKED, court=Court(sampler=ALWAYS_OFF)) as court, genscope.workflow("request") as request:
        ask(client)
    (event,) = court.events
    assert event.trace_id == request.get_span_context().trace_id
    assert not event.trace_flags & 1


def test_what_was_retrieved_in_it_is_known_too(client: openai.OpenAI) -> None:
    cases: list[genscope.Case] = []
    with judged(judges=[cases.append], court=Court(sampler=ALWAYS_OFF)), genscope.workflow("request"):
        with genscope.retrieval("books") as found:
            found.set_output(["one"])
        ask(client)
        assert genscope.flush(SHORT)
    assert [case.documents for case in cases] == [("one",)]


def test_calls_outside_of_any_trace(client: openai.OpenAI) -> None:
    """There is no tracer provider: each call is by itself."""
    court = Court()
    with judged(**CHECKED, court=court, judge_sample_ratio=0.5, tracer_provider=None):
        for _ in range(40):
            ask(client)
    assert 0 < len(court.events) < 40


# --- by what it is judged


def found_by(retrieve: Callable[[], Any], client: openai.OpenAI, **options: Any) -> Any:
    """The context of an answer that was given after `retrieve`."""
    cases: list[genscope.Case] = []
    with judged(judges=[cases.append], **options), genscope.workflow("request"):
        retrieve()
        ask(client)
        assert genscope.flush(SHORT)
    (case,) = cases
    return case.context


class Document:
    def __init__(self, text: str) -> None:
        self.page_content = text


@pytest.mark.parametrize(
    ("returned", "context"),
    [
        (["one", "two"], ("one", "two")),
        ("one", ("one",)),
        ([{"id": 1, "text": "one"}], ('one\n{"id":1}',)),
        ([{"content": "one"}, {"page_content": "two"}], ("one", "two")),
        ({"matches": [{"text": "one"}]}, ("one",)),
        ([["one"], ["two"]], ("one", "two")),
        ([{"title": "only"}], ('{"title":"only"}',)),
        (["one", "one"], ("one",)),
        ([], None),
        (None, None),
        ([" "], None),
    ],
)
def test_what_a_retrieval_may_return(returned: Any, context: Any, client: openai.OpenAI) -> None:
    @genscope.retrieval
    def search() -> Any:
        return returned

    assert found_by(search, client) == context


def test_a_retrieval_that_yields(client: openai.OpenAI) -> None:
    @genscope.retrieval
    def search() -> Iterator[dict[str, str]]:
        yield {"text": "one"}
        yield {"text": "two"}

    assert found_by(lambda: list(search()), client) == ("one", "two")


def test_a_retrieval_within_a_tool_and_what_was_put_in_order(client: openai.OpenAI) -> None:
    @genscope.retrieval
    def search() -> list[str]:
        return ["two", "one"]

    @genscope.rerank
    def order(documents: list[str]) -> list[str]:
        return sorted(documents)

    @genscope.tool
    def look_up() -> str:
        return order(search())[0]

    assert found_by(look_up, client) == ("two", "one")


def test_the_nearest_retrieval(client: openai.OpenAI) -> None:
    cases: list[genscope.Case] = []

    @genscope.agent
    def agent(name: str) -> None:
        if name != "none":
            with genscope.retrieval("books") as found:
                found.set_output([name])
        ask(client, name)

    with judged(judges=[cases.append]), genscope.workflow("request"):
        with genscope.retrieval("all") as found:
            found.set_output(["of all"])
        agent("none")
        agent("first")
        agent("second")
        assert genscope.flush(SHORT)
    assert {case.question: case.context for case in cases} == {
        "none": ("of all",),
        "first": ("first",),
        "second": ("second",),
    }


def test_a_retrieval_outside_of_anything_annotated(client: openai.OpenAI) -> None:
    cases: list[genscope.Case] = []
    with judged(judges=[cases.append]) as court:
        for name in ("one", "two"):
            with court.tracer.start_as_current_span("request"):
                with genscope.retrieval("books") as found:
                    found.set_output([name])
                ask(client)
            assert genscope.flush(SHORT)
        ask(client)
        assert genscope.flush(SHORT)
    assert [case.context for case in cases] == [("one",), ("two",), None]


def test_the_last_few_of_many(client: openai.OpenAI) -> None:
    def search() -> None:
        for number in range(10):
            with genscope.retrieval("books") as found:
                found.set_output([f"document {number}"])

    assert found_by(search, client) == ("document 6", "document 7", "document 8", "document 9")


def test_results_of_tools_where_nothing_was_retrieved(client: openai.OpenAI) -> None:
    cases: list[genscope.Case] = []
    call = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    messages: Any = [
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "It is in Paris."},
    ]
    with judged(judges=[cases.append]):
        client.chat.completions.create(model="m", messages=messages)
        assert genscope.flush(SHORT)
    assert (cases[0].question, cases[0].documents) == ("Where?", ("It is in Paris.",))


def test_judges_see_what_redaction_lets_through(client: openai.OpenAI) -> None:
    played, settings = by_fair_judges(judges=["faithfulness"])
    with judged(**settings), genscope.workflow("request"):
        with genscope.retrieval("people") as found:
            found.set_output([{"text": "Mail anna@example.com.", "email": "anna@example.com"}])
        ask(client, "Who has 4111 1111 1111 1111?")
    (material,) = shown(played)
    assert material["question"] == "Who has [CARD]?"
    assert material["context"] == ['Mail [EMAIL].\n{"email":"[EMAIL]"}']


@pytest.mark.parametrize(
    ("settings", "judged_at_all"),
    [
        ({"redaction_deny": ["output.*"]}, "[REMOVED]"),
        ({"redactor": lambda text, path: 1 / 0, "raise_faults": False}, "[REDACTION FAILED]"),
        ({"redaction_patterns": {"broken": 5}}, None),
    ],
)
def test_what_may_not_be_seen_is_not_judged(settings: Any, judged_at_all: Any, client: openai.OpenAI) -> None:
    cases: list[genscope.Case] = []
    with judged(judges=[cases.append], **settings):
        ask(client)
        assert genscope.flush(SHORT)
    assert [case.answer for case in cases] == ([] if judged_at_all is None else [judged_at_all])


def test_what_waits_holds_nothing_of_the_application(client: openai.OpenAI) -> None:
    until = Event()

    def slow(case: genscope.Case) -> None:
        until.wait(SHORT)

    class Value(str):
        """May be referred to weakly."""

    with judged(judges=[slow]) as court:
        with genscope.workflow("request"):
            value, document = Value("one"), Document("two")
            with genscope.retrieval("books") as found:
                found.set_output([value, document])
            ask(client, value)
        held = [ref(value), ref(document)]
        del value, document, found
        gc.collect()
        assert [one() for one in held] == [None, None]
        assert court.verdicts == []
        until.set()


@pytest.mark.skipif(
    find_spec("opentelemetry.instrumentation.threading") is None, reason="nothing carries contexts into threads"
)
def test_the_threads_that_judge_hold_nothing_of_the_application(client: openai.OpenAI) -> None:
    """Where contexts are carried into threads, a thread keeps the one in which it was started."""

    class Value:
        """May be referred to weakly."""

    with judged(**CHECKED, threads=True):
        value = Value()
        token = attach(set_value("value", value))
        ask(client)
        assert genscope.flush(SHORT)
        detach(token)
        held = ref(value)
        del value, token
        gc.collect()
        assert held() is None


# --- the application notices nothing


def nobody(case: genscope.Case) -> Any:
    raise RuntimeError("nobody")


TROUBLE: dict[str, Callable[[], dict[str, Any]]] = {
    "raises": lambda: {"judges": [nobody]},
    "leaves": lambda: {"judges": [lambda case: exit(1)]},
    "answers garbage": lambda: {
        "judges": ["safety"],
        "judge_client": Played(lambda body: "%% none %%").openai(),
        "judge_model": "m",
    },
    "scores beyond": lambda: {
        "judges": ["safety"],
        "judge_client": Played(lambda body: verdict(2)).openai(),
        "judge_model": "m",
    },
    "is refused": lambda: {
        "judges": ["safety"],
        "judge_client": Played(lambda body: (401, {"error": {"message": "key"}})).openai(),
        "judge_model": "m",
    },
    "is not there": lambda: {"judges": ["no_such_module:judge"]},
    "is not installed": lambda: {"judges": ["safety"], "judge_client": "no_such_module:client", "judge_model": "m"},
    "costs too much": lambda: {
        "judges": ["safety"],
        "judge_client": fair().openai(),
        "judge_model": "m",
        "judge_budget": "0 requests/day",
    },
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_judge_in_trouble(trouble: str, client: openai.OpenAI, caplog: pytest.LogCaptureFixture) -> None:
    with judged(**TROUBLE[trouble](), raise_faults=False) as court:
        assert [ask(client) for _ in range(3)] == [PARIS] * 3
    assert court.points("genscope.evaluation.score") == []
    assert sum(court.counted("genscope.evaluation.results", "error.type").values()) + sum(court.drops.values()) == 3
    assert all(one["error.type"] for one in court.verdicts)
    assert "failed" not in caplog.text  # that is no fault of genscope's


def test_a_judge_that_hangs(client: openai.OpenAI) -> None:
    until = Event()
    settings = {"judges": ["safety", "empty"], "judge_model": "m", "judge_timeout": 0.2}
    with judged(**settings, judge_client=hanging(until).openai()) as court:
        assert ask(client) == PARIS
        assert genscope.flush(SHORT)
        until.set()
    assert [(one["name"], one.get("error.type")) for one in court.verdicts] == [("safety", "timeout"), ("empty", None)]


def test_a_full_queue(client: openai.OpenAI) -> None:
    """Four are being judged, two wait, and the rest is counted."""
    until, begun = Event(), []

    def slow(case: genscope.Case) -> bool:
        begun.append(case)
        return until.wait(SHORT)

    with judged(judges=[slow], judge_queue_size=2) as court:
        before = perf_counter()
        for number in range(20):
            assert ask(client, f"question {number}") == PARIS
        assert perf_counter() - before < SHORT / 2
        assert not genscope.flush(0.1)
        assert court.drops.keys() == {"queue_full"}
        until.set()
        assert genscope.flush(SHORT)
    assert 4 <= len(begun) <= 7  # whoever begins makes room for another one
    assert len(begun) == len(court.events)
    assert court.drops == {"queue_full": 20 - len(begun)}


def test_a_fault_of_ours_is_said_and_goes_no_further(
    client: openai.OpenAI, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("genscope.features.judge.results.Results.tell", fail)
    with judged(**CHECKED, raise_faults=False), caplog.at_level(logging.WARNING, "genscope"):
        assert [ask(client) for _ in range(3)] == [PARIS] * 3
    assert [record.getMessage() for record in caplog.records if "verdict" in record.getMessage()] == [
        "genscope: telling a verdict failed (ZeroDivisionError); the call is not affected"
    ]


# --- settings


def test_one_stage_for_all_sdks() -> None:
    with judged(("openai", "anthropic", "groq"), **CHECKED):
        assert len(judging._made) == 1


def test_instrumented_anew(client: openai.OpenAI) -> None:
    with judged(**CHECKED) as court:
        ask(client)
        assert genscope.flush(SHORT)
        genscope.instrument(only=["openai"], judges=[Empty(name="another")])
        ask(client)
        assert genscope.flush(SHORT)
    assert [one["name"] for one in court.verdicts] == ["empty", "another"]


@pytest.mark.parametrize(
    ("settings", "names", "complaint"),
    [
        ({"judges": ["safety", "empty"]}, ["empty"], "safety: there is no model to ask"),
        ({"judges": ["safety"]}, [], "safety: there is no model to ask"),
        ({"judges": ["empty", "hallucination"]}, ["empty"], "'hallucination' is no judge"),
        (
            {"judges": ["safety", "empty"], "judge_client": fair().async_openai(), "judge_model": "m"},
            ["empty"],
            "safety: its client is asynchronous",
        ),
        ({"judges": ["empty"], "judge_model": "acme/gpt"}, ["empty"], "judge_model='acme/gpt' is no model"),
        ({"judges": ["empty"], "judge_budget": "much"}, [], "nothing is judged, for the budget of judges"),
        ({"judges": ["empty"], "judge_budget": "off"}, ["empty"], None),
    ],
)
def test_what_cannot_be_followed_is_said(
    settings: Any, names: list[str], complaint: str | None, client: openai.OpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    with judged(("openai", "anthropic"), **settings) as court:
        ask(client)
    assert [one["name"] for one in court.verdicts] == names
    said = [
        record.getMessage()
        for record in caplog.records
        if record.name == "genscope" and "judged" in record.getMessage()
    ]
    assert [complaint in one for one in said] == ([True] if complaint else [])


def test_where_telemetry_is_disabled(client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with judged(**CHECKED) as court:
        assert ask(client) == PARIS
    assert court.verdicts == []


def test_by_the_environment(client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSCOPE_JUDGE_SAMPLE_RATIO", "1")
    monkeypatch.setenv("GENSCOPE_JUDGES", f"empty,{__name__}:nobody")
    with judged(judge_sample_ratio=None) as court:
        ask(client)
    assert [(one["name"], one.get("error.type")) for one in court.verdicts] == [
        ("empty", None),
        ("nobody", "RuntimeError"),
    ]


def test_a_model_of_the_environment(
    client: openai.OpenAI, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK's own client, by its own variables."""
    simulator.reset()
    monkeypatch.setenv("OPENAI_BASE_URL", simulator.base_url())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-judge")
    monkeypatch.setenv("GENSCOPE_JUDGE_MODEL", "openai/gpt-4.1-nano")
    with judged(judges=["safety"]) as court:
        ask(client)
    (call,) = court.named("chat gpt-4.1-nano")
    assert (call.attributes or {})["genscope.operation.name"] == "judge"
    keys = {request.json["model"]: request.headers["authorization"] for request in simulator.requests}
    assert keys == {"gpt-4o-mini": "Bearer sk-none", "gpt-4.1-nano": "Bearer sk-of-the-judge"}


def test_stages_of_the_application_can_tell(client: openai.OpenAI) -> None:
    seen: list[str | None] = []

    class Purposes(genscope.Stage):
        def end(self, op: genscope.Operation) -> None:
            seen.append(op.purpose)

    _, settings = by_fair_judges(judges=["safety"])
    with judged(**settings, stages=[Purposes()]):
        ask(client)
    assert seen == [None, "judge"]


def test_the_http_library_is_found() -> None:
    assert library_of(openai).Client


def test_a_flush_exports_what_judges_have_found(client: openai.OpenAI) -> None:
    """Not only what was there when it began."""
    exporter, go_on = IN_MEMORY(), Event()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(logs.BatchLogRecordProcessor(exporter, schedule_delay_millis=10**6))

    class Waiting(genscope.Stage):
        """Is flushed with the others, and lets the judge go on when the providers have been flushed first."""

        def flush(self, timeout: float) -> bool:
            provider.force_flush()
            go_on.set()
            return True

    def slow(case: genscope.Case) -> bool:
        return go_on.wait(SHORT)

    with judged(judges=[slow], logger_provider=provider, stages=[Waiting()]):
        ask(client)
        assert genscope.flush(SHORT)
        assert len(exporter.get_finished_logs()) == 1
    provider.shutdown()
