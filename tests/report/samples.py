"""A store so small that its figures can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genscope import semconv
from genscope.features.cost.prices import Price, price
from genscope.local.report.asked import Asked
from genscope.local.report.figures import Figures
from genscope.local.report.from_store import read
from genscope.local.report.period import Period
from genscope.local.store.reading import Reader
from genscope.local.store.records import LogRecord, Source, SpanRecord
from genscope.local.store.writing import Store

SECOND = 10**9
HOUR = 3600 * SECOND
DAY = 24 * HOUR
BEGIN = 1_793_491_200 * SECOND
"""2026-11-01, midnight."""
WEEK = Period(BEGIN, BEGIN + 7 * DAY)
SHOP = Source({"service.name": "shop"})
DESK = Source({"service.name": "desk"})

# USD for a million tokens.
PRICES: Mapping[str, Mapping[str, Any]] = {
    "big": {"input": 10, "output": 20, "cache_read": 1, "cache_write": 12, "above": {"1000": {"input": 100}}},
    "small": {"input": 1, "output": 2, "cache_read": 0.5},
}


def price_of(provider: str | None, model: str | None, response_model: str | None) -> Price | None:
    said = PRICES.get(model or "")
    return None if said is None or provider != "acme" else price(said)


def span(number: int, at: int, seconds: float, **changes: Any) -> SpanRecord:
    """Of a trace of its own unless something else is said; `at` is nanoseconds after `BEGIN`."""
    values: dict[str, Any] = {
        "trace_id": f"{number:032x}",
        "span_id": f"{number:016x}",
        "parent_id": None,
        "name": "work",
        "kind": "internal",
        "start_ns": BEGIN + at,
        "end_ns": BEGIN + at + round(seconds * SECOND),
        "source": SHOP,
    }
    return SpanRecord(**values | changes)


def call(
    number: int,
    at: int,
    seconds: float = 1.0,
    *,
    model: str = "big",
    cost: float | None = 1.0,
    tokens: tuple[int, int] | None = (100, 10),
    said: Mapping[str, Any] | None = None,
    **changes: Any,
) -> SpanRecord:
    about: dict[str, Any] = {
        semconv.OPERATION_NAME: "chat",
        semconv.PROVIDER_NAME: "acme",
        semconv.REQUEST_MODEL: model,
        semconv.USER_ID: "ada",
    }
    if cost is not None:
        about |= {semconv.COST_AMOUNT: cost, semconv.COST_CURRENCY: "USD"}
    if tokens is not None:
        about |= {semconv.USAGE["input_tokens"]: tokens[0], semconv.USAGE["output_tokens"]: tokens[1]}
    given: dict[str, Any] = {"name": f"chat {model}", "kind": "client", "attributes": about | dict(said or {})}
    return span(number, at, seconds, **given | changes)


def failed(kind: str) -> dict[str, Any]:
    return {semconv.ERROR_KIND: kind, semconv.ERROR_TYPE: kind}


def verdict(number: int, at: int, score: float | None, name: str = "faithfulness") -> LogRecord:
    about = {semconv.EVALUATION_NAME: name} | ({} if score is None else {semconv.EVALUATION_SCORE: score})
    ids = {"trace_id": f"{number:032x}", "span_id": f"{number:016x}"}
    return LogRecord(BEGIN + at, SHOP, about, event=semconv.EVALUATION_EVENT, **ids)


def asked(**changes: Any) -> Asked:
    values: dict[str, Any] = {
        "period": WEEK,
        "compared": WEEK.earlier(7 * DAY),
        "made_ns": WEEK.until_ns,
    }
    return Asked(**values | changes)


def figures(path: Path, spans: list[SpanRecord], logs: list[LogRecord] | None = None, **changes: Any) -> Figures:
    store = Store(path)
    store.migrate()
    store.add_spans(spans)
    store.add_logs(logs or [])
    store.close()
    with Reader(path) as reader:
        return read(reader, asked(**changes), price_of)
