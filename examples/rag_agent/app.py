"""A shop assistant that has read the guides: FastAPI, the openai SDK, sqlite-vec.

    opentelemetry-instrument uvicorn examples.rag_agent.app:app

OPENAI_API_KEY and OPENAI_BASE_URL are the SDK's. Without `opentelemetry-instrument` it is the same application.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Request
from openai import AsyncOpenAI
from pydantic import BaseModel, StringConstraints

import genscope.web

from .pipeline import Pipeline
from .sse import EventStream, event

_PATIENCE = 30.0
"""Seconds that a provider may be silent."""

logger = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncOpenAI(timeout=_PATIENCE) as client:
        app.state.pipeline = Pipeline(client)
        await app.state.pipeline.fill()
        yield


app = FastAPI(title="Guide shop", lifespan=lifespan)
# In production these come from whatever has checked who the user is.
app.add_middleware(genscope.web.IdentityMiddleware, user_id="x-user-id", conversation_id="x-session-id")


class Question(BaseModel):
    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


@app.post("/ask")
async def ask(asked: Question, request: Request) -> EventStream:
    """The answer as events: `text` as often as there is some, then `done`, or `error`."""
    return EventStream(events(request.app.state.pipeline.answer(asked.question)))


async def events(pieces: AsyncGenerator[str]) -> AsyncGenerator[bytes]:
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                yield event("text", text=piece)
    except Exception:  # the status has been sent: all that is left is to say so
        logger.exception("a question was not answered")
        yield event("error", message="Sorry, this went wrong. Please ask again.")
    else:
        yield event("done")
