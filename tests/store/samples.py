"""Spans as an application leaves them, many and all different in the ways that matter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from genscope import semconv
from genscope.local.store.records import LogRecord, Source, SpanRecord

START = 1_790_000_000_000_000_000
SECOND = 10**9
MODELS = ("gpt-4o", "gpt-4o-mini", "claude-haiku-4-5", "text-embedding-3-small")
WORDS = ("where", "is", "my", "parcel", "the", "order", "was", "late", "please", "refund", "invoice", "address")
SHOP = Source({"service.name": "shop"}, "genscope", "0.1.0")
DESK = Source({"service.name": "desk"}, "genscope", "0.1.0")


def trace_id(number: int) -> str:
    return f"{number:032x}"


def span_id(number: int) -> str:
    return f"{number:016x}"


def messages(text: str) -> str:
    return json.dumps([{"role": "user", "parts": [{"type": "text", "content": text}]}], separators=(",", ":"))


def span(number: int, **changes: Any) -> SpanRecord:
    """A span of a trace of its own, one second long."""
    values: dict[str, Any] = {
        "trace_id": trace_id(number),
        "span_id": span_id(number),
        "parent_id": None,
        "name": "work",
        "kind": "internal",
        "start_ns": START + number * SECOND,
        "end_ns": START + (number + 1) * SECOND,
        "source": SHOP,
    }
    return SpanRecord(**values | changes)


def call(number: int, attributes: Mapping[str, Any] | None = None, **changes: Any) -> SpanRecord:
    """A call of a model."""
    usual = {
        semconv.OPERATION_NAME: "chat",
        semconv.PROVIDER_NAME: "openai",
        semconv.REQUEST_MODEL: "gpt-4o",
    }
    given = {"name": "chat gpt-4o", "kind": "client", "attributes": usual | dict(attributes or {})}
    return span(number, **given | changes)


def verdict(number: int, score: float | None, label: str | None = None, **changes: Any) -> LogRecord:
    """On the call of that number."""
    said = {semconv.EVALUATION_NAME: "faithfulness", semconv.EVALUATION_SCORE: score, semconv.EVALUATION_LABEL: label}
    values: dict[str, Any] = {
        "time_ns": START + (number + 2) * SECOND,
        "source": SHOP,
        "attributes": {name: value for name, value in said.items() if value is not None},
        "event": semconv.EVALUATION_EVENT,
        "trace_id": trace_id(number),
        "span_id": span_id(number),
    }
    return LogRecord(**values | changes)


def many(count: int, *, content: bool = True) -> Iterator[SpanRecord]:
    """Traces of five spans each: a request, a workflow, an HTTP request and two calls; over a week."""
    chance = Random(1)
    step = 7 * 86_400 * SECOND // count
    for number in range(0, count, 5):
        trace, start = trace_id(number + 1), START + number * step
        source = SHOP if number % 3 else DESK
        whom = {semconv.USER_ID: f"user-{number % 500}", semconv.CONVERSATION_ID: f"conversation-{number % 5000}"}
        for place in range(5):
            about: dict[str, Any] = dict(whom)
            name, kind = ("POST /ask", "server"), "client"
            if place == 1:
                about |= {semconv.OPERATION_NAME: "invoke_workflow", semconv.WORKFLOW_NAME: f"flow-{number % 4}"}
            if place == 2:
                about |= {semconv.SERVER_ADDRESS: "api.example.com", semconv.HTTP_STATUS: 200}
            if place > 2:
                about |= _call(chance, number, content)
            name = ("POST /ask", "invoke_workflow answer", "GET", "chat gpt-4o", "chat gpt-4o")[place]
            yield SpanRecord(
                trace_id=trace,
                span_id=span_id(number + place + 1),
                parent_id=span_id(number + (1 if place == 1 else 2)) if place else None,
                name=name,
                kind=kind,
                start_ns=start + place * SECOND // 10,
                end_ns=start + place * SECOND // 10 + chance.randint(SECOND // 100, 5 * SECOND),
                source=source,
                attributes=about,
                status="error" if semconv.ERROR_KIND in about else "unset",
            )


def _call(chance: Random, number: int, content: bool) -> dict[str, Any]:
    model = chance.choice(MODELS)
    about: dict[str, Any] = {
        semconv.OPERATION_NAME: "embeddings" if "embedding" in model else "chat",
        semconv.PROVIDER_NAME: "anthropic" if "claude" in model else "openai",
        semconv.REQUEST_MODEL: model,
        semconv.RESPONSE_MODEL: f"{model}-2026-01-01",
        semconv.RESPONSE_ID: f"response-{chance.getrandbits(64):x}",
        semconv.RESPONSE_FINISH_REASONS: ("stop",),
        semconv.SERVER_ADDRESS: "api.example.com",
        semconv.SERVER_PORT: 443,
        semconv.USAGE["input_tokens"]: chance.randint(10, 4000),
        semconv.USAGE["output_tokens"]: chance.randint(1, 800),
        semconv.USAGE["cache_read_input_tokens"]: 5,
        semconv.COST_AMOUNT: chance.random() / 100,
        semconv.COST_CURRENCY: "USD",
        semconv.COST_SOURCE: "embedded",
        semconv.TIME_TO_FIRST_TOKEN: chance.random(),
        semconv.RESPONSE_TIME_TO_FIRST_CHUNK: 0.1,
        semconv.STREAM_OUTCOME: "completed",
        semconv.STREAM_CHUNKS: 40,
        semconv.CONTENT_HASH: f"{chance.randint(0, 20_000):016x}",
    }
    if chance.random() < 0.03:
        about |= {semconv.ERROR_KIND: chance.choice(("rate_limit", "timeout")), semconv.ERROR_TYPE: "429"}
    if content:
        text = " ".join(chance.choices(WORDS, k=150)) + f" number {number}"
        about |= {semconv.INPUT_MESSAGES: messages(text), semconv.OUTPUT_MESSAGES: messages(text[:300])}
    return about
