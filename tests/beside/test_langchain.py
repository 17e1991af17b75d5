"""LangChain over the SDK: it sends by raw responses, reads ahead, hands streams on. One span for each model call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from contract.openai_sdk import OPENAI, http_client
from contract.recorder import Recorder, instrumented
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from opentelemetry.sdk.trace import ReadableSpan
from pydantic import BaseModel, SecretStr

from genscope.local.simulator import REPLY, USAGE, Simulator

from .neighbours import OURS, spans

APIS = pytest.mark.parametrize("responses", [False, True], ids=["chat", "responses"])


class City(BaseModel):
    """A city."""

    city: str


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"{city}: rain"


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with instrumented(OPENAI) as recorder:
        yield recorder


def chat(simulator: Simulator, scenario: str = "ok", **options: Any) -> ChatOpenAI:
    return ChatOpenAI(
        model="gpt-4o", api_key=SecretStr("sk-any"), base_url=simulator.base_url(scenario), max_retries=0, **options
    )


def one(recorder: Recorder, *, streamed: bool) -> ReadableSpan:
    """The one span, of ours, with what the call cost."""
    (span,) = spans(recorder)
    attributes = span.attributes or {}
    assert recorder.spans(OURS) == [span]
    assert span.name == "chat gpt-4o"
    assert attributes["gen_ai.usage.input_tokens"] == USAGE.prompt  # LangChain asks for it, of streams too
    assert attributes["gen_ai.usage.output_tokens"] == USAGE.completion
    assert attributes.get("genscope.stream.outcome") == ("completed" if streamed else None)
    return span


@APIS
def test_invoke(responses: bool, recorder: Recorder, simulator: Simulator) -> None:
    assert chat(simulator, use_responses_api=responses).invoke("Which city?").text == REPLY
    one(recorder, streamed=False)


@APIS
async def test_ainvoke(responses: bool, recorder: Recorder, simulator: Simulator) -> None:
    async with http_client("async") as http:
        model = chat(simulator, use_responses_api=responses, http_async_client=http)
        assert (await model.ainvoke("Which city?")).text == REPLY
    one(recorder, streamed=False)


@APIS
def test_stream(responses: bool, recorder: Recorder, simulator: Simulator) -> None:
    chunks = list(chat(simulator, use_responses_api=responses, stream_usage=True).stream("Which city?"))
    assert "".join(chunk.text for chunk in chunks) == REPLY
    one(recorder, streamed=True)


@APIS
async def test_astream(responses: bool, recorder: Recorder, simulator: Simulator) -> None:
    async with http_client("async") as http:
        model = chat(simulator, use_responses_api=responses, stream_usage=True, http_async_client=http)
        assert "".join([chunk.text async for chunk in model.astream("Which city?")]) == REPLY
    one(recorder, streamed=True)


@APIS
def test_a_stream_that_is_left(responses: bool, recorder: Recorder, simulator: Simulator) -> None:
    stream = chat(simulator, use_responses_api=responses).stream("Which city?")
    next(stream)
    stream.close()
    recorder.settle()
    (span,) = recorder.spans(OURS)
    assert (span.attributes or {})["genscope.stream.outcome"] == "abandoned"


def _structured(simulator: Simulator) -> Any:
    return chat(simulator).with_structured_output(City, method="json_schema").invoke("Which city?")


def _batch(simulator: Simulator) -> Any:
    return chat(simulator).batch(["Which city?"] * 3, config={"max_concurrency": 3})


@pytest.mark.parametrize("work, calls", [(_structured, 1), (_batch, 3)])
def test_other_ways(work: Callable[[Simulator], Any], calls: int, recorder: Recorder, simulator: Simulator) -> None:
    try:
        work(simulator)
    finally:
        found = recorder.spans(OURS)
        assert len(found) == len(recorder.started) == calls
        assert {(span.attributes or {})["gen_ai.usage.input_tokens"] for span in found} == {USAGE.prompt}


def test_with_tools(recorder: Recorder, simulator: Simulator) -> None:
    """The model asks for a tool, gets what it brings, and answers: two model calls, both the application's children."""
    model = chat(simulator, "tools").bind_tools([weather])
    asked: list[Any] = [HumanMessage("How is the weather?")]
    with recorder.tracer.start_as_current_span("turn") as turn:
        wish = model.invoke(asked)
        assert wish.tool_calls
        results = [ToolMessage("rain", tool_call_id=call["id"]) for call in wish.tool_calls]
        chat(simulator).bind_tools([weather]).invoke([*asked, wish, *results])
    first, second = recorder.spans(OURS)
    assert [span.parent and span.parent.span_id for span in (first, second)] == [turn.get_span_context().span_id] * 2
    assert (first.attributes or {})["gen_ai.response.finish_reasons"] == ("tool_calls",)
    assert (second.attributes or {})["gen_ai.response.finish_reasons"] == ("stop",)


async def test_in_a_chain(recorder: Recorder, simulator: Simulator) -> None:
    """The steps of a chain run in threads and tasks of their own."""

    def before(text: str) -> str:
        return f"{text}?"

    async with http_client("async") as http:
        model = chat(simulator, http_async_client=http)
        chain = RunnableLambda(before) | model | RunnableLambda(lambda message: message.text)
        with recorder.tracer.start_as_current_span("turn") as turn:
            assert chain.invoke("Which city") == REPLY
            assert await chain.ainvoke("Which city") == REPLY
    ours = recorder.spans(OURS)
    assert [span.parent and span.parent.span_id for span in ours] == [turn.get_span_context().span_id] * 2


def test_a_failure(recorder: Recorder, simulator: Simulator) -> None:
    with pytest.raises(Exception, match="429"):
        chat(simulator, "rate_limit").invoke("Which city?")
    (span,) = spans(recorder)
    assert (span.attributes or {})["genscope.error.kind"] == "rate_limit"


def embeddings(simulator: Simulator, **options: Any) -> OpenAIEmbeddings:
    return OpenAIEmbeddings(
        model="text-embedding-3-small",
        api_key=SecretStr("sk-any"),
        base_url=simulator.base_url("ok"),
        check_embedding_ctx_length=False,  # else it fetches a tokenizer from the network
        **options,
    )


async def test_embeddings(recorder: Recorder, simulator: Simulator) -> None:
    embeddings(simulator).embed_query("a")
    async with http_client("async") as http:
        await embeddings(simulator, http_async_client=http).aembed_documents(["a", "b"])
    assert [span.name for span in spans(recorder)] == ["embeddings text-embedding-3-small"] * 2
    assert len(recorder.spans(OURS)) == 2
