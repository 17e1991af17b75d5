"""Tools that a model asks for: on both calls of a round trip, and on the span of what executes them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from contextvars import copy_context
from typing import Any

import anthropic
import openai
import pytest
from contract.recorder import Recorder

import genscope
from genscope.core.call import Call
from genscope.core.operation import Operation, ToolCall
from genscope.core.pipeline import Faults, Pipeline
from genscope.core.tool_calls import AskedFor
from genscope.local.simulator import Simulator
from genscope.wire import chat_completions

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
QUESTION: dict[str, Any] = {"role": "user", "content": "How are Paris and Rome?"}
CONTENT = pytest.mark.parametrize("content", ["NO_CONTENT", "SPAN_ONLY"])
STREAMED = pytest.mark.parametrize("streamed", [False, True])

Turn = tuple[list[Any], list[tuple[str, str, dict[str, Any]]]]
"""The messages so far, and the calls that were asked for: id, name, arguments."""


_clients: list[Any] = []


def closed(client: Any) -> Any:
    """A client, which is closed when the test is over."""
    _clients.append(client)
    return client


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    genscope.uninstrument()
    while _clients:
        _clients.pop().close()


def instrument(recorder: Recorder, content: str = "NO_CONTENT") -> None:
    genscope.instrument(
        only=["openai", "anthropic"],
        raise_faults=True,
        threads=False,
        capture_message_content=content,
        **recorder.providers,
    )


class Chat:
    """Chat completions."""

    def __init__(self, simulator: Simulator, streamed: bool, names: tuple[str, ...]) -> None:
        self.client = closed(openai.OpenAI(api_key="k", base_url=simulator.base_url("tools")))
        self.streamed = streamed
        self.tools: Any = [{"type": "function", "function": {"name": name, "parameters": CITY}} for name in names]

    def ask(self, messages: list[Any]) -> Turn:
        options: Any = {"model": "gpt-4o-mini", "messages": messages, "tools": self.tools}
        if self.streamed:
            said: dict[int, Any] = {}
            for chunk in self.client.chat.completions.create(**options, stream=True):
                for choice in chunk.choices:
                    for piece in choice.delta.tool_calls or ():
                        call = said.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
                        call["id"] += piece.id or ""
                        call["name"] += piece.function.name or ""
                        call["arguments"] += piece.function.arguments or ""
            calls = [(call["id"], call["name"], call["arguments"]) for call in said.values()]
        else:
            message = self.client.chat.completions.create(**options).choices[0].message
            calls = [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ()]
        asked = [
            {"id": id, "type": "function", "function": {"name": name, "arguments": text}} for id, name, text in calls
        ]
        return [*messages, {"role": "assistant", "tool_calls": asked}], [
            (id, name, json.loads(text)) for id, name, text in calls
        ]

    def answer(self, messages: list[Any], results: dict[str, str]) -> list[Any]:
        return [*messages, *({"role": "tool", "tool_call_id": id, "content": text} for id, text in results.items())]


class Responses:
    """The Responses API."""

    def __init__(self, simulator: Simulator, streamed: bool, names: tuple[str, ...]) -> None:
        self.client: Any = closed(openai.OpenAI(api_key="k", base_url=simulator.base_url("tools")))
        if not hasattr(self.client, "responses"):
            pytest.skip("this release of openai has no Responses API")
        self.streamed = streamed
        self.tools: Any = [{"type": "function", "name": name, "parameters": CITY, "strict": False} for name in names]

    def ask(self, messages: list[Any]) -> Turn:
        options: Any = {"model": "gpt-4o-mini", "input": messages, "tools": self.tools}
        if self.streamed:
            with self.client.responses.stream(**options) as stream:
                response: Any = stream.until_done().get_final_response()
        else:
            response = self.client.responses.create(**options)
        calls = [item for item in response.output if item.type == "function_call"]
        items = [call.model_dump(exclude={"parsed_arguments"}, exclude_none=True) for call in calls]
        return [*messages, *items], [(call.call_id, call.name, json.loads(call.arguments)) for call in calls]

    def answer(self, messages: list[Any], results: dict[str, str]) -> list[Any]:
        outputs = [{"type": "function_call_output", "call_id": id, "output": text} for id, text in results.items()]
        return [*messages, *outputs]


class Messages:
    """Anthropic's."""

    def __init__(self, simulator: Simulator, streamed: bool, names: tuple[str, ...]) -> None:
        self.client = closed(anthropic.Anthropic(api_key="k", base_url=simulator.base_url("tools").removesuffix("/v1")))
        self.streamed = streamed
        self.tools: Any = [{"name": name, "input_schema": CITY} for name in names]

    def ask(self, messages: list[Any]) -> Turn:
        options: Any = {"model": "claude-opus-4-8", "messages": messages, "tools": self.tools, "max_tokens": 99}
        if self.streamed:
            with self.client.messages.stream(**options) as stream:
                message: Any = stream.get_final_message()
        else:
            message = self.client.messages.create(**options)
        blocks = [block for block in message.content if block.type == "tool_use"]
        said = [{"type": "tool_use", "id": b.id, "name": b.name, "input": b.input} for b in blocks]
        turn = [*messages, {"role": "assistant", "content": said}]
        return turn, [(block.id, block.name, block.input) for block in blocks]

    def answer(self, messages: list[Any], results: dict[str, str]) -> list[Any]:
        blocks = [{"type": "tool_result", "tool_use_id": id, "content": text} for id, text in results.items()]
        return [*messages, {"role": "user", "content": blocks}]


APIS = pytest.mark.parametrize("api", [Chat, Responses, Messages])


def ids_of(recorder: Recorder) -> list[tuple[Any, Any]]:
    """Of each call to a model: what it answers, and what the model asks for."""
    found = [dict(span.attributes or {}) for span in recorder.spans()]
    calls = [one for one in found if "gen_ai.request.model" in one]
    names = ("genscope.request.tool_call_ids", "genscope.response.tool_call_ids")
    return [tuple(call.get(name) for name in names) for call in calls]  # type: ignore[misc]


@genscope.tool
def weather(city: str) -> str:
    return f"sunny in {city}"


@genscope.tool
def traffic(city: str) -> str:
    return f"much of it in {city}"


FUNCTIONS: dict[str, Callable[..., str]] = {"weather": weather, "traffic": traffic}


def tools_of(recorder: Recorder) -> list[Any]:
    """The ids of the tools that were executed."""
    found = [dict(span.attributes or {}) for span in recorder.spans()]
    return [one.get("gen_ai.tool.call.id") for one in found if one["gen_ai.operation.name"] == "execute_tool"]


@APIS
@STREAMED
@CONTENT
def test_the_round_trip_is_on_both_calls(
    api: Any, streamed: bool, content: str, simulator: Simulator, recorder: Recorder
) -> None:
    instrument(recorder, content)
    service = api(simulator, streamed, tuple(FUNCTIONS))
    messages, calls = service.ask([QUESTION])
    ids = tuple(id for id, _, _ in calls)
    assert len(ids) == 2
    service.ask(service.answer(messages, dict.fromkeys(ids, "fine")))
    assert ids_of(recorder) == [(None, ids), (ids, None)]


@APIS
@STREAMED
def test_a_tool_has_the_id_it_was_asked_for_with(
    api: Any, streamed: bool, simulator: Simulator, recorder: Recorder
) -> None:
    instrument(recorder)

    @genscope.tool
    def unasked() -> None:
        return None

    _, calls = api(simulator, streamed, tuple(FUNCTIONS)).ask([QUESTION])
    unasked()
    for _, name, arguments in reversed(calls):
        FUNCTIONS[name](**arguments)
    weather("Oslo")  # of the application's own accord
    assert tools_of(recorder) == [None, *(id for id, _, _ in reversed(calls)), None]


@pytest.mark.parametrize("api", [Chat, Responses])
def test_calls_of_the_same_tool_are_told_apart_by_their_arguments(
    api: Any, simulator: Simulator, recorder: Recorder
) -> None:
    instrument(recorder)

    _, calls = api(simulator, False, ("weather",)).ask([QUESTION])
    (first, _, one), (second, _, other) = calls
    assert one != other
    weather("Oslo")
    weather(**other)
    weather(**one)
    assert tools_of(recorder) == [None, second, first]


def test_an_agent_has_its_own(simulator: Simulator, recorder: Recorder) -> None:
    """Two at once, with tools in threads that know the agent and not the call."""
    instrument(recorder)

    expected: dict[str, set[str]] = {}

    @genscope.agent
    def one(name: str) -> None:
        context = copy_context()
        asked = ThreadPoolExecutor(1).submit(context.run, Chat(simulator, False, tuple(FUNCTIONS)).ask, [QUESTION])
        calls = asked.result()[1]
        expected[name] = {id for id, _, _ in calls}
        for _, called, arguments in calls:
            FUNCTIONS[called](**arguments)

    @genscope.workflow
    async def both() -> None:
        await asyncio.gather(asyncio.to_thread(one, "a"), asyncio.to_thread(one, "b"))

    asyncio.run(both())
    spans = recorder.spans()
    agents = {span.context.span_id: span for span in spans if span.name == "invoke_agent one"}  # type: ignore[union-attr]
    of_agent: dict[int, set[Any]] = {}
    for span in spans:
        if span.name.startswith("execute_tool"):
            assert span.parent is not None
            of_agent.setdefault(span.parent.span_id, set()).add((span.attributes or {}).get("gen_ai.tool.call.id"))
    assert of_agent.keys() == agents.keys()
    assert sorted(map(sorted, of_agent.values())) == sorted(map(sorted, expected.values()))


def test_a_tool_in_a_with_block(simulator: Simulator, recorder: Recorder) -> None:
    instrument(recorder)
    _, calls = Chat(simulator, False, tuple(FUNCTIONS)).ask([QUESTION])
    with genscope.tool("traffic"):
        pass
    with genscope.tool("weather", call_id="mine"):
        pass
    assert tools_of(recorder) == [calls[1][0], "mine"]


@pytest.mark.parametrize("around", [nullcontext, lambda: genscope.agent("a")])
def test_what_was_answered_is_over(around: Any, simulator: Simulator, recorder: Recorder) -> None:
    instrument(recorder)
    with around():
        answer_and_execute(simulator)
    assert tools_of(recorder) == [None]


def answer_and_execute(simulator: Simulator) -> None:
    service = Chat(simulator, False, tuple(FUNCTIONS))
    messages, calls = service.ask([QUESTION])
    service.ask(service.answer(messages, {id: "fine" for id, _, _ in calls}))
    with genscope.tool("weather"):
        pass


@pytest.mark.parametrize(
    "messages",
    [
        [QUESTION, {"role": "tool"}],
        [QUESTION, {"role": "tool", "tool_call_id": None, "content": ""}],
        [{"role": "tool", "tool_call_id": "c1", "content": "fine"}, QUESTION],
        [QUESTION, {"role": "tool", "tool_call_id": "no id, but text", "content": ""}],
        [QUESTION, {"role": "tool", "tool_call_id": "x" * 129, "content": ""}],
    ],
)
def test_a_request_that_answers_nothing(messages: list[Any], simulator: Simulator, recorder: Recorder) -> None:
    instrument(recorder)
    Chat(simulator, False, ("weather",)).ask(messages)
    ((answered, _),) = ids_of(recorder)
    assert answered is None


def test_requests_that_share_a_context_do_not_share_calls(simulator: Simulator, recorder: Recorder) -> None:
    """As tasks of a server do, after a call at its start."""
    instrument(recorder)
    service = Chat(simulator, False, tuple(FUNCTIONS))
    service.ask([QUESTION])
    contexts = [copy_context(), copy_context()]
    asked = [context.run(service.ask, [QUESTION])[1] for context in contexts]

    def execute() -> None:
        with genscope.tool("weather"):
            pass

    for context in contexts:
        context.run(execute)
    assert tools_of(recorder) == [calls[0][0] for calls in asked]


# --- who is executed


def test_nobody_guesses() -> None:
    asked = AskedFor()
    asked.add([ToolCall("1", "f", {"a": 1}), ToolCall("2", "f", {"a": 2}), ToolCall("3", "g")])
    assert asked.take("h", None) is None
    assert asked.take("f", None) is None
    assert asked.take("f", lambda: {"a": 3}) is None
    assert asked.take("g", lambda: pytest.fail("they are not needed")) == "3"
    assert asked.take("g", None) is None
    assert asked.take("f", lambda: {"a": 2}) == "2"
    assert asked.take("f", lambda: {"a": 3}) == "1"  # the only one that is left


def test_what_nobody_executes_is_forgotten_in_the_end() -> None:
    asked = AskedFor()
    asked.add(ToolCall(str(number), f"f{number}") for number in range(1000))
    assert asked.take("f0", None) is None
    assert asked.take("f999", None) == "999"


class Shy(dict[str, Any]):
    """A body that does not like to be asked."""

    def __contains__(self, key: object) -> bool:
        raise RuntimeError("do not ask")


def test_a_body_that_raises_is_no_matter_of_the_callers(caplog: pytest.LogCaptureFixture) -> None:
    op = Operation("chat", "openai", "localhost", 1, False)
    call = Call(op, chat_completions, Pipeline((), Faults(raised=False)))
    call.begin(Shy(model="gpt-4o-mini"))
    call.complete()
    assert op.model == "gpt-4o-mini"
    assert "reading a chat request" in caplog.text
