"""Ten lines of async streaming. They do not know that they are traced."""

import asyncio

from openai import AsyncOpenAI


async def main() -> None:
    stream = await AsyncOpenAI().chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": "Name three oceans."}],
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in stream:
        print(chunk.choices[0].delta.content or "" if chunk.choices else "\n", end="")


asyncio.run(main())
