"""examples/rag_agent in this process: what its spans say, and that it is the same application without them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from browser import Browser
from contract.recorder import Recorder
from openai import AsyncOpenAI
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

import genscope
from genscope.local.simulator import REPLY, REPLY_TOKENS, Simulator

for needed in ("fastapi", "apsw", "sqlite_vec"):
    pytest.importorskip(needed, reason=f"examples/rag_agent needs {needed}")

QUESTION = "What is the capital of France, and where is my order?"
SORRY = "Sorry, this went wrong. Please ask again."
AROUND_THE_ANSWER = {
    "chat gpt-4o-mini", "task turn", "invoke_agent shop assistant", "invoke_workflow answer question",
}  # fmt: skip
USER, CONVERSATION = "user.id", "gen_ai.conversation.id"


@pytest.fixture(autouse=True)
def provider(simulator: Simulator) -> Iterator[Simulator]:
    simulator.reset()
    yield simulator
    simulator.release()
    simulator.reset()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    options: dict[str, Any] = {"capture_message_content": "SPAN_ONLY", "raise_faults": True}
    genscope.instrument(only=["openai"], **options, **recorder.providers)
    yield recorder
    genscope.uninstrument()


@asynccontextmanager
async def application(simulator: Simulator, chat: str = "tools", embeddings: str = "ok") -> AsyncIterator[Any]:
    """The application, filled, with a provider that behaves as these scenarios say."""
    from examples.rag_agent.app import app
    from examples.rag_agent.pipeline import Pipeline

    def client(scenario: str) -> AsyncOpenAI:
        return AsyncOpenAI(base_url=simulator.base_url(scenario), api_key="sk", max_retries=0)

    async with client("ok") as embedder, client(chat) as talker:
        app.state.pipeline = Pipeline(SimpleNamespace(embeddings=embedder.embeddings, chat=talker.chat))  # type: ignore[arg-type]
        await app.state.pipeline.fill()
        embedder.base_url = simulator.base_url(embeddings)
        yield app


def of_questions(recorder: Recorder) -> list[ReadableSpan]:
    """The spans that have ended, without those of the start."""
    recorder.settle()
    roots = {span.context.span_id for span in recorder.ended if span.name == "invoke_workflow index guides"}
    return [
        span
        for span in recorder.ended
        if span.context.span_id not in roots and not (span.parent and span.parent.span_id in roots)
    ]


def one(spans: list[ReadableSpan], name: str) -> ReadableSpan:
    (found,) = (span for span in spans if span.name == name)
    return found


def text(answer: bytes) -> str:
    said = re.findall(r"event: text\ndata: (.*)\n", answer.decode())
    return "".join(json.loads(data)["text"] for data in said)


async def test_whose_every_span_is(provider: Simulator, recorder: Recorder) -> None:
    async with application(provider) as app:
        await Browser(app).ask(QUESTION, x_user_id="u1", x_session_id="s1")
    spans = of_questions(recorder)
    assert len(spans) == 11
    assert {(span.attributes[USER], span.attributes[CONVERSATION]) for span in spans} == {("u1", "s1")}
    assert len({span.context.trace_id for span in spans}) == 1


async def test_nobody_has_to_say_who_they_are(provider: Simulator, recorder: Recorder) -> None:
    async with application(provider) as app:
        assert text(await Browser(app).ask(QUESTION)) == REPLY
    assert not any({USER, CONVERSATION} & set(span.attributes) for span in of_questions(recorder))


async def test_tools_are_executed_under_the_ids_that_the_model_has_given(
    provider: Simulator, recorder: Recorder
) -> None:
    async with application(provider) as app:
        await Browser(app).ask(QUESTION)
    spans = of_questions(recorder)
    first, last = sorted((span for span in spans if span.name == "chat gpt-4o-mini"), key=lambda span: span.start_time)
    (asked,) = json.loads(first.attributes["gen_ai.output.messages"])
    tools = {name: one(spans, f"execute_tool {name}") for name in ("read_guide", "get_order_status")}
    for part in asked["parts"]:
        assert tools[part["name"]].attributes["gen_ai.tool.call.id"] == part["id"]
        assert json.loads(tools[part["name"]].attributes["gen_ai.tool.call.arguments"]) == part["arguments"]
    answered = json.loads(last.attributes["gen_ai.input.messages"])[-2:]
    assert [message["parts"][0]["id"] for message in answered] == [part["id"] for part in asked["parts"]]
    order = json.loads(tools["get_order_status"].attributes["gen_ai.tool.call.result"])
    assert order["status"] == "on its way"


async def test_each_turn_is_beneath_the_agent_with_its_call_and_tools(provider: Simulator, recorder: Recorder) -> None:
    async with application(provider) as app:
        await Browser(app).ask(QUESTION)
    spans = of_questions(recorder)
    agent = one(spans, "invoke_agent shop assistant")
    turns = sorted((span for span in spans if span.name == "task turn"), key=lambda span: span.start_time)
    assert [turn.attributes["shop.turn"] for turn in turns] == [1, 2]
    assert {turn.parent and turn.parent.span_id for turn in turns} == {agent.context.span_id}
    beneath = [sorted(s.name for s in spans if s.parent and s.parent.span_id == turn.context.span_id) for turn in turns]
    tools = ["execute_tool get_order_status", "execute_tool read_guide"]
    assert beneath == [["chat gpt-4o-mini", *tools], ["chat gpt-4o-mini"]]
    assert agent.attributes["genscope.agent.turns"] == 2


async def test_the_conversation_goes_back_as_it_was(provider: Simulator) -> None:
    async with application(provider) as app:
        await Browser(app).ask(QUESTION)
    *_, asked, first, second = provider.requests[-1].json["messages"]
    assert asked["role"] == "assistant"
    assert [call.keys() for call in asked["tool_calls"]] == [{"id", "type", "function"}] * 2
    assert [call["id"] for call in asked["tool_calls"]] == [first["tool_call_id"], second["tool_call_id"]]
    assert json.loads(asked["tool_calls"][0]["function"]["arguments"]) == {"city": "Paris"}
    assert json.loads(first["content"]).startswith("Paris is the capital of France.")


async def test_what_was_asked_and_what_was_found(provider: Simulator, recorder: Recorder) -> None:
    async with application(provider) as app:
        await Browser(app).ask(QUESTION)
    spans = of_questions(recorder)
    workflow = one(spans, "invoke_workflow answer question").attributes
    assert json.loads(workflow["gen_ai.input.messages"])[0]["parts"][0]["content"] == QUESTION
    assert json.loads(workflow["gen_ai.output.messages"])[0]["parts"][0]["content"] == REPLY
    search = one(spans, "retrieval guides").attributes
    assert search["gen_ai.retrieval.query.text"] == QUESTION
    assert len(json.loads(search["gen_ai.retrieval.documents"])) == search["genscope.documents"] == 6
    reranked = json.loads(one(spans, "rerank shared words").attributes["genscope.call.result"])
    assert reranked[0].startswith("Paris is the capital of France.")


async def test_it_is_the_same_application_without_genscope(provider: Simulator) -> None:
    async def answered() -> tuple[bytes, list[Any]]:
        provider.reset()
        async with application(provider) as app:
            answer = await Browser(app).ask(QUESTION, x_user_id="u1")
        sent = json.dumps([(request.path, request.json) for request in provider.requests])
        return answer, re.sub(r"call_\d+", "call", sent)

    without = await answered()
    recorder = Recorder()
    genscope.instrument(only=["openai"], raise_faults=True, **recorder.providers)
    try:
        assert await answered() == without
        assert recorder.ended
    finally:
        genscope.uninstrument()
    expected = [f"event: text\ndata: {json.dumps({'text': token})}\n\n" for token in REPLY_TOKENS]
    assert without[0].decode() == "".join([*expected, "event: done\ndata: {}\n\n"])


async def test_two_at_the_same_time_do_not_mix(provider: Simulator, recorder: Recorder) -> None:
    questions = {"u1": "What is the capital of France?", "u2": "What is the capital of Spain?"}
    async with application(provider, embeddings="hang") as app:
        asked = [asyncio.create_task(Browser(app).ask(said, x_user_id=who)) for who, said in questions.items()]
        assert await asyncio.to_thread(provider.wait_until, lambda simulator: simulator.held == 2)
        provider.release()
        assert [text(answer) for answer in await asyncio.gather(*asked)] == [REPLY, REPLY]
    spans = of_questions(recorder)
    assert len(spans) == 22
    for workflow in (span for span in spans if span.name.startswith("invoke_workflow")):
        who = workflow.attributes[USER]
        mine = [span for span in spans if span.context.trace_id == workflow.context.trace_id]
        assert len(mine) == 11
        assert {span.attributes[USER] for span in mine} == {who}
        asked_for = [span.attributes["gen_ai.input.messages"] for span in mine if span.name.startswith("chat")]
        assert len(asked_for) == 2
        assert all(questions[who] in said for said in asked_for)
        assert workflow.attributes["genscope.subtree.llm_calls"] == 2
        assert workflow.attributes["genscope.subtree.tool_calls"] == 2


async def test_a_reader_who_leaves_is_no_error(provider: Simulator, recorder: Recorder) -> None:
    async with application(provider, chat="midhang") as app:
        browser = Browser(app, leave_after=2)
        asked = asyncio.create_task(browser.ask(QUESTION))
        assert await asyncio.to_thread(provider.wait_until, lambda simulator: simulator.held == 1)
        await browser.opened.wait()
        provider.release()
        assert text(await asked) == "".join(REPLY_TOKENS[:2])
    spans = of_questions(recorder)
    assert not [span.name for span in spans if span.status.status_code is StatusCode.ERROR]
    left = {span.name: span for span in spans if "genscope.stream.outcome" in span.attributes}
    assert left.keys() == AROUND_THE_ANSWER
    assert {span.attributes["genscope.stream.outcome"] for span in left.values()} == {"abandoned"}
    workflow = left["invoke_workflow answer question"]
    assert all(span.end_time <= workflow.end_time for span in spans)


async def test_one_who_leaves_before_the_first_word(provider: Simulator, recorder: Recorder) -> None:
    async with application(provider) as app:
        browser = Browser(app)
        browser.leave()
        assert await browser.ask(QUESTION) == b""
    assert not [span.name for span in of_questions(recorder) if span.status.status_code is StatusCode.ERROR]


async def test_a_provider_that_breaks_off(
    provider: Simulator, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    async with application(provider, chat="cut") as app:
        browser = Browser(app)
        answer = await browser.ask(QUESTION)
    assert browser.status == 200  # sent before the trouble
    assert text(answer) == "".join(REPLY_TOKENS[:2])
    assert answer.decode().splitlines()[-3:-1] == ["event: error", f"data: {json.dumps({'message': SORRY})}"]
    assert [record.message for record in caplog.records if record.name.startswith("examples.")] == [
        "a question was not answered"
    ]
    spans = of_questions(recorder)
    failed = {span.name for span in spans if span.status.status_code is StatusCode.ERROR}
    assert failed == AROUND_THE_ANSWER


async def test_a_provider_that_refuses(provider: Simulator, recorder: Recorder) -> None:
    async with application(provider, embeddings="unauthorized") as app:
        answer = await Browser(app).ask(QUESTION)
    assert answer.decode().startswith("event: error\n")
    assert "API key" not in answer.decode()  # that is for the log
    failed = {span.name for span in of_questions(recorder) if span.status.status_code is StatusCode.ERROR}
    assert failed == {"embeddings text-embedding-3-small", "invoke_workflow answer question"}


@pytest.mark.parametrize("question", ["", "   ", "x" * 2_001])
async def test_what_is_no_question(provider: Simulator, question: str) -> None:
    async with application(provider) as app:
        browser = Browser(app)
        await browser.ask(question)
    assert browser.status == 422


@pytest.mark.parametrize("question", ['"', "NEAR(AND OR", "'; DROP TABLE guide; --", "?!", "首都", "a\x00b"])
async def test_questions_are_not_taken_for_queries(provider: Simulator, question: str) -> None:
    async with application(provider) as app:
        assert text(await Browser(app).ask(question)) == REPLY


@pytest.mark.parametrize(
    "name, arguments, answer",
    [
        ("read_guide", '{"city": "paris"}', "Paris is the capital of France."),
        ("read_guide", '{"city": "Atlantis"}', "We have no guide to this city."),
        ("read_guide", '{"town": "Paris"}', "This cannot be called"),
        ("read_guide", '["Paris"]', "This cannot be called"),
        ("read_guide", '{"city": "Par', "This cannot be called"),
        ("read_guide", '{"city": ["Paris"]}', "This cannot be called"),
        ("get_order_status", '{"order_id": 7}', "There is no such order."),
        ("get_order_status", '{"order_id": {}}', "This cannot be called"),
        ("pay", "{}", "This cannot be called"),
    ],
)
def test_a_call_that_makes_no_sense_is_the_models_to_mend(name: str, arguments: str, answer: str) -> None:
    from examples.rag_agent.store import Store
    from examples.rag_agent.tools import Tools

    store = Store()
    store.fill({"Paris": "Paris is the capital of France."}, [[1.0, 0.0]])
    call: Any = SimpleNamespace(id="call_1", function=SimpleNamespace(name=name, arguments=arguments))
    message = Tools(store).use(call)
    assert (message["role"], message["tool_call_id"]) == ("tool", "call_1")
    assert json.loads(str(message["content"])).startswith(answer)
