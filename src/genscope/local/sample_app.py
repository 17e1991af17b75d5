"""A small application on the openai and anthropic SDKs, written as any is: it knows nothing about genscope.

opentelemetry-instrument --traces_exporter genscope_console python sample_app.py

The SDKs read OPENAI_API_KEY and OPENAI_BASE_URL, ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL. What needs Anthropic is left
out where its SDK or its key is not there. `genscope demo` also sets SAMPLE_SCENARIOS, base URLs (JSON, by name) where a
simulated provider behaves in a certain way; without it every call goes to the same place, and nothing fails.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

from openai import AsyncOpenAI, BadRequestError, OpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

# Nested spans: a web framework opens a span for each request; this program has none, and opens its own.
from opentelemetry import trace

try:
    from anthropic import Anthropic
except ImportError:
    Anthropic = None
if TYPE_CHECKING:
    import anthropic
    from anthropic.types import MessageParam, ToolParam, ToolResultBlockParam

request = trace.get_tracer("sample_app").start_as_current_span

MODEL = os.environ.get("SAMPLE_MODEL", "gpt-4o-mini")
CLAUDE = os.environ.get("SAMPLE_CLAUDE", "claude-haiku-4-5")
SCENARIOS: dict[str, str] = json.loads(os.environ.get("SAMPLE_SCENARIOS", "{}"))
WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city now",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def user(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


def look_up(client: OpenAI) -> None:
    """An embedding for the search, then an answer."""
    vector = client.embeddings.create(model="text-embedding-3-small", input="capital of France").data[0].embedding
    print("embedding  ", len(vector), "dimensions")
    answer = client.chat.completions.create(model=MODEL, messages=user("What is the capital of France?"), max_tokens=50)
    print("chat       ", answer.choices[0].message.content)


async def compare(questions: list[str]) -> None:
    """Streamed answers, at the same time."""

    async def ask(client: AsyncOpenAI, question: str) -> str:
        stream = await client.chat.completions.create(
            model=MODEL, messages=user(question), stream=True, stream_options={"include_usage": True}
        )
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    async with AsyncOpenAI() as client:
        for text in await asyncio.gather(*(ask(client, question) for question in questions)):
            print("streamed   ", text)


def reason(client: OpenAI) -> None:
    """The Responses API, streamed; a model that reasons does so before its answer."""
    with client.responses.create(model=MODEL, input="Why is the sky blue? One sentence.", stream=True) as events:
        print("responses  ", "".join(event.delta for event in events if event.type == "response.output_text.delta"))


def use_tools(client: OpenAI) -> None:
    """The model asks for tools, the application answers, the model concludes."""
    messages: list[Any] = user("How is the weather in Paris and in London?")
    message = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER]).choices[0].message
    messages.append(message)
    for call in message.tool_calls or []:
        if call.type == "function":
            print("tool       ", call.function.name, call.function.arguments)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": "18 degrees, sunny"})
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    print("with tools ", answer.choices[0].message.content)


def stop_early(client: OpenAI) -> None:
    """Enough after the first words."""
    with client.chat.completions.create(model=MODEL, messages=user("Count to a hundred."), stream=True) as stream:
        for chunk in stream:
            if chunk.choices[0].delta.content:
                print("stopped at ", chunk.choices[0].delta.content)
                break


def meet_trouble(busy: OpenAI, small: OpenAI) -> None:
    """A busy provider, where the SDK tries again by itself, and a prompt too long for the model."""
    answer = busy.chat.completions.create(model=MODEL, messages=user("Are you there?"))
    print("retried    ", answer.choices[0].message.content)
    try:
        small.chat.completions.create(model=MODEL, messages=user("a very long prompt"))
    except BadRequestError as error:
        print("too long   ", error.code)
    else:
        raise SystemExit("the prompt should have been too long")


def spend_too_much(client: OpenAI) -> None:
    """An answer as long as a bookshelf: more than the budget allows, so nothing is sent."""
    try:
        client.chat.completions.create(model=MODEL, messages=user("Write a library."), max_tokens=1_000_000)
    except RuntimeError as refusal:
        print("refused    ", refusal)
    else:
        raise SystemExit("the budget should have been too small")


def run_agent(client: anthropic.Anthropic) -> None:
    """One turn of an agent: the model asks for a tool until it has what it needs for an answer."""
    tool: ToolParam = {"name": "get_weather", "input_schema": WEATHER["function"].get("parameters", {})}
    messages: list[MessageParam] = [{"role": "user", "content": "How is the weather in Paris?"}]
    while True:
        answer = client.messages.create(model=CLAUDE, max_tokens=200, messages=messages, tools=[tool])
        calls = [block for block in answer.content if block.type == "tool_use"]
        if not calls:
            break
        print("agent asks ", ", ".join(f"{call.name} {call.input}" for call in calls))
        results: list[ToolResultBlockParam] = [
            {"type": "tool_result", "tool_use_id": call.id, "content": "18 degrees, sunny"} for call in calls
        ]
        messages.append({"role": "assistant", "content": answer.content})
        messages.append({"role": "user", "content": results})
    print("agent      ", "".join(block.text for block in answer.content if block.type == "text"))


def think(client: anthropic.Anthropic) -> None:
    """A streamed answer, with the thoughts that go before it."""
    with client.messages.stream(
        model=CLAUDE,
        max_tokens=2000,
        thinking={"type": "enabled", "budget_tokens": 1024},
        messages=[{"role": "user", "content": "Is 91 a prime number?"}],
    ) as stream:
        print("thought    ", "".join(stream.text_stream))


def main() -> None:
    client = OpenAI()

    def at(scenario: str) -> OpenAI:
        return client.with_options(base_url=SCENARIOS.get(scenario))

    with request("answer a question"):
        look_up(client)
    with request("compare answers"):
        asyncio.run(compare(["What is the capital of France?", "And of Spain?"]))
        reason(at("reasoning"))
    with request("plan a trip"):
        use_tools(at("tools"))
        stop_early(client)
    if Anthropic is not None and "ANTHROPIC_API_KEY" in os.environ:
        claude = Anthropic()
        with request("run an agent"):
            run_agent(claude.with_options(base_url=SCENARIOS.get("tools")))
            think(claude.with_options(base_url=SCENARIOS.get("reasoning")))
    if SCENARIOS:
        with request("meet trouble"):
            meet_trouble(busy=at("retry"), small=at("context_length"))
            spend_too_much(client)


if __name__ == "__main__":
    main()
