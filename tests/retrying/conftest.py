"""The SDKs with genscope on them, against the simulator, and a clock that nobody waits for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest
from contract.recorder import Recorder

import genscope
from genscope.local.simulator import Simulator
from genscope.retrying import clock, story


class Clock:
    """Sleeping takes no time, and advances it."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(float(seconds))
        self.time += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(clock, "sleep", found.sleep)
    monkeypatch.setattr(clock, "asleep", found.asleep)
    monkeypatch.setattr(clock, "monotonic", found.now)
    monkeypatch.setattr(clock, "now", found.now)
    return found


@pytest.fixture(autouse=True)
def unsaid(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said once is said anew in each test."""
    monkeypatch.setattr(story, "_said", set())


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    genscope.instrument(only=["openai", "anthropic"], raise_faults=True, threads=False, **recorder.providers)
    yield recorder
    genscope.uninstrument()


MESSAGES: Any = [{"role": "user", "content": "Hello"}]
MODELS = {"openai": "gpt-4o-mini", "anthropic": "claude-haiku-4-5"}
CLIENTS: Any = {
    "openai": (openai.OpenAI, openai.AsyncOpenAI),
    "anthropic": (anthropic.Anthropic, anthropic.AsyncAnthropic),
}
API_ERROR: Any = {"openai": openai.APIError, "anthropic": anthropic.APIError}
RATE_LIMITED: Any = {"openai": openai.RateLimitError, "anthropic": anthropic.RateLimitError}

Ask = Callable[..., Any]
"""`(scenario, model=..., stream=..., max_retries=..., **options of the scenario)`: one call by a client for that."""


@pytest.fixture(params=["openai", "anthropic"])
def sdk(request: pytest.FixtureRequest, simulator: Simulator) -> str:
    simulator.reset()
    return request.param


def send(client: Any, model: str, **options: Any) -> Any:
    """One call; a coroutine where the client is asynchronous."""
    if isinstance(client, (openai.OpenAI, openai.AsyncOpenAI)):
        return client.chat.completions.create(model=model, messages=MESSAGES, **options)
    return client.messages.create(model=model, messages=MESSAGES, max_tokens=20, **options)


@pytest.fixture
def ask(sdk: str, simulator: Simulator) -> Iterator[Ask]:
    clients: dict[Any, Any] = {}

    def ask(
        scenario: str, model: str | None = None, *, max_retries: int = 0, stream: bool = False, **options: Any
    ) -> Any:
        url = simulator.base_url(scenario, **options)
        if (url, max_retries) not in clients:
            clients[url, max_retries] = CLIENTS[sdk][0](base_url=url, api_key="sk-none", max_retries=max_retries)
        return send(clients[url, max_retries], model or MODELS[sdk], **({"stream": True} if stream else {}))

    yield ask
    for client in clients.values():
        client.close()


@pytest.fixture
async def aask(sdk: str, simulator: Simulator) -> AsyncIterator[Ask]:
    clients: dict[Any, Any] = {}

    async def ask(scenario: str, model: str | None = None, *, max_retries: int = 0, **options: Any) -> Any:
        url = simulator.base_url(scenario, **options)
        if (url, max_retries) not in clients:
            clients[url, max_retries] = CLIENTS[sdk][1](base_url=url, api_key="sk-none", max_retries=max_retries)
        return await send(clients[url, max_retries], model or MODELS[sdk])

    yield ask
    for client in clients.values():
        await client.close()


def of_ours(recorder: Recorder, word: str) -> list[Any]:
    """The spans of `genscope.retry` and the like."""
    recorder.settle()
    return [span for span in recorder.spans() if span.attributes.get("genscope.operation.name") == word]


class Failing:
    """Fails so many times, and then says how often it was called."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return (self.calls, args, kwargs)


def lost(n: int = 1) -> list[ConnectionError]:
    return [ConnectionError("gone") for _ in range(n)]


def logical(recorder: Recorder) -> Any:
    """The one span that is no call and no attempt, around all others."""
    recorder.settle()
    (root,) = [span for span in recorder.spans() if span.parent is None]
    return root


def calls(recorder: Recorder) -> list[Any]:
    return [span for span in recorder.spans() if span.name.startswith("chat ")]
