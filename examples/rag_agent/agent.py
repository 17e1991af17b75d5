"""A model in a loop with tools."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

import genscope

from .tools import SCHEMAS, Tools, as_asked

MODEL = "gpt-4o-mini"
_TURNS = 5
_INSTRUCTIONS = "You work in a shop for city guides. Answer in one or two sentences, by these passages and your tools."


@genscope.agent("shop assistant")
async def assist(client: AsyncOpenAI, tools: Tools, question: str, passages: Sequence[str]) -> AsyncIterator[str]:
    """The answer, piece by piece. Nobody knows beforehand which turn is the last: all of them are streamed."""
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": "\n".join([_INSTRUCTIONS, *passages])},
        {"role": "user", "content": question},
    ]
    for number in range(1, _TURNS + 1):
        with genscope.task("turn", attributes={"shop.turn": number}):
            asked = client.chat.completions.stream(
                model=MODEL, messages=messages, tools=SCHEMAS, stream_options={"include_usage": True}
            )
            async with asked as answer:
                async for event in answer:
                    if event.type == "content.delta" and event.delta:
                        yield event.delta
                message = (await answer.get_final_completion()).choices[0].message
            if not message.tool_calls:
                return
            calls = [as_asked(call) for call in message.tool_calls]
            messages.append({"role": "assistant", "content": message.content, "tool_calls": calls})
            messages += await asyncio.gather(*(asyncio.to_thread(tools.use, call) for call in message.tool_calls))
    yield "I could not find it out."
