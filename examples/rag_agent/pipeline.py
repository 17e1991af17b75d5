"""From a question to its answer: embedding, search, rerank, agent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from openai import AsyncOpenAI

import genscope

from .agent import assist
from .guides import GUIDES
from .store import Store
from .tools import Tools

EMBEDDING_MODEL = "text-embedding-3-small"
_CANDIDATES = 6
_PASSAGES = 3


class Pipeline:
    """Answers questions about the guides. `fill` it first."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client
        self._store = Store()
        self._tools = Tools(self._store)

    @genscope.workflow("index guides")
    async def fill(self) -> None:
        self._store.fill(GUIDES, await self._vectors(list(GUIDES.values())))

    @genscope.workflow("answer question")
    async def answer(self, question: str) -> AsyncIterator[str]:
        """The answer, piece by piece."""
        (vector,) = await self._vectors([question])
        found = await asyncio.to_thread(self._search, question, vector)
        # Closed here, and not some time by the garbage collector: when the reader leaves, the call is over.
        async with aclosing(assist(self._client, self._tools, question, rerank(question, found))) as pieces:
            async for piece in pieces:
                yield piece

    async def _vectors(self, texts: Sequence[str]) -> list[list[float]]:
        answer = await self._client.embeddings.create(model=EMBEDDING_MODEL, input=list(texts))
        return [item.embedding for item in answer.data]

    @genscope.retrieval("guides", top_k=_CANDIDATES)
    def _search(self, query: str, vector: Sequence[float]) -> list[str]:
        return self._store.search(query, vector, _CANDIDATES)


@genscope.rerank("shared words")
def rerank(question: str, passages: Sequence[str]) -> list[str]:
    """The passages with most of the question's words. Words that few passages have weigh more, short ones nothing."""
    said = [_words(passage) for passage in passages]
    weights = {word: 1 / (1 + sum(word in other for other in said)) for word in _words(question)}
    by_score = sorted(passages, key=lambda passage: -sum(weights.get(word, 0) for word in _words(passage)))
    return by_score[:_PASSAGES]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w{4,}", text.lower()))
