"""OpenAI with genscope on it, against the simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from contract.recorder import Recorder

import genscope
from genscope.local.simulator import Simulator

Ask = Callable[..., Any]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    genscope.instrument(only=["openai"], raise_faults=True, threads=False, **recorder.providers)
    yield recorder
    genscope.uninstrument()


@pytest.fixture
def captured() -> Iterator[Recorder]:
    """With content."""
    recorder = Recorder()
    options: dict[str, Any] = {"capture_message_content": "SPAN_ONLY", "raise_faults": True, "threads": False}
    genscope.instrument(only=["openai"], **options, **recorder.providers)
    yield recorder
    genscope.uninstrument()


@pytest.fixture
def client(simulator: Simulator) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=simulator.base_url(), api_key="sk-none", max_retries=0) as client:
        yield client


@pytest.fixture
def ask(client: openai.OpenAI) -> Ask:
    """One call of the model `gpt-4o-mini`: 23 tokens in, 7 out."""

    def ask(**options: Any) -> Any:
        messages: Any = [{"role": "user", "content": "Hello"}]
        return client.chat.completions.create(model="gpt-4o-mini", messages=messages, **options)

    return ask
