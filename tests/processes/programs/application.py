"""What all of these programs have in common: OpenTelemetry set up as its documentation says, and a client."""

from __future__ import annotations

import atexit
import os
import sys
from typing import Any

import openai
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

from processes.ledger import Ledger, Silence

kept: list[Any] = []
"""Streams that are open to the end of the process."""
# They are closed after all exit handlers that come later, the providers' and genscope's, and not in the interpreter's
# very last moments: there Python 3.13.0 crashes, with genscope and without.
atexit.register(kept.clear)

MESSAGES: Any = [{"role": "user", "content": "Which city?"}]


def set_up(batch: bool = True) -> TracerProvider:
    """Global providers for this process; the spans go to `$LEDGER`."""
    provider = provider_of_its_own(batch)
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(Silence())]))
    return provider


def provider_of_its_own(batch: bool = True) -> TracerProvider:
    ledger, provider = Ledger(os.environ["LEDGER"]), TracerProvider()
    provider.add_span_processor(ledger)
    provider.add_span_processor((BatchSpanProcessor if batch else SimpleSpanProcessor)(ledger))
    return provider


def tell() -> None:
    """Tell the test that this far all is done."""
    os.write(1, b"ready\n")


def tell_and_wait() -> None:
    """And wait until it has seen what it has to see."""
    tell()
    sys.stdin.readline()


def client_options(scenario: str = "ok", **options: float) -> Any:
    settings = "".join(f",{name}={value}" for name, value in options.items())
    base_url = f"{os.environ['SIMULATOR']}/s/{scenario}{settings}/v1"
    return {"api_key": "sk-processes", "base_url": base_url, "max_retries": 0}


def client(scenario: str = "ok", **options: float) -> openai.OpenAI:
    """A client that meets a scenario of the simulator at `$SIMULATOR`."""
    return openai.OpenAI(**client_options(scenario, **options))


def ask(client: Any, model: str, **more: Any) -> Any:
    """A call: its answer, its stream or, of an asynchronous client, its coroutine."""
    return client.chat.completions.create(model=model, messages=MESSAGES, **more)
