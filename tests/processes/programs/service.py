"""A service on uvicorn and Starlette that passes streams on: `python -m processes.programs.service SOCKET`."""

from __future__ import annotations

import gc
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import openai
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

import genscope

from .application import ask, client, client_options, set_up, tell


async def asynchronous(request: Request) -> StreamingResponse:
    async def chunks() -> AsyncIterator[str]:
        provider = openai.AsyncOpenAI(**client_options(request.path_params["scenario"]))
        async for _ in await ask(provider, request.path_params["model"], stream=True):
            yield "."

    return StreamingResponse(chunks())


def synchronous(request: Request) -> StreamingResponse:
    def chunks() -> Iterator[str]:
        for _ in ask(client(request.path_params["scenario"]), request.path_params["model"], stream=True):
            yield "."

    return StreamingResponse(chunks())


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    yield
    # After a SIGTERM uvicorn ends itself by that very signal, without exit handlers.
    gc.collect()  # what clients have left may be in a cycle
    genscope.flush()


routes = [Route("/async/{scenario}/{model}", asynchronous), Route("/sync/{scenario}/{model}", synchronous)]

if __name__ == "__main__":
    set_up()
    genscope.instrument()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(sys.argv[1])
        listening.listen()
        tell()
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes, lifespan=lifespan), log_level="error"))
        server.run([listening])
