"""What the page asks: `GET /api/...`, JSON. docs/ui.md tells it in words; the shapes are those of `store.results`.

Every question opens the file anew, which takes less than a millisecond: it may have been replaced.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from genscope import __version__
from genscope.local.store.filters import Filters
from genscope.local.store.reading import Reader
from genscope.local.store.results import Span, WholeSpan
from genscope.local.store.troubles import StoreError
from genscope.local.ui.asked import FILTERS, Asked, parameters
from genscope.local.ui.refusals import Refusal

_LIMIT: Final = range(1, 501)
_PAGE: Final = 50
_SPANS: Final = 2000
"""Of one trace."""
_CALLS: Final = 200
"""Of one conversation."""
_WHOLE: Final = 4 * 2**20
"""Characters of content and attributes in one answer; spans beyond come without theirs."""
_WHOLE_SPANS: Final = 500
_AT_THE_SAME_TIME: Final = 4
"""Questions that are answered; others wait, so that those who send need not."""

Question = Callable[[Reader, Asked], Any]


def _id(said: str, length: int) -> str:
    if len(said) != length or not re.fullmatch("[0-9a-f]*", said):
        raise ValueError(f"{said!r} is no id: {length} digits of 0-9a-f")
    return said


def _info(reader: Reader, asked: Asked) -> Any:
    return {"version": __version__, "position": reader.position(), **_fields(reader.info())}


def _paged(ask: Callable[[Reader], Callable[..., Any]]) -> Question:
    def page(reader: Reader, asked: Asked) -> Any:
        position = reader.position()  # before: what comes in between is told twice rather than never
        limit = asked.number("limit", _LIMIT, _PAGE)
        found = ask(reader)(asked.filters(), limit=limit, after=asked.said.get("after"))
        return {**_fields(found), "position": position}

    return page


def _trace(reader: Reader, asked: Asked) -> Any:
    trace_id = _id(asked.path["trace_id"], 32)
    position = reader.position()
    found = reader.spans_of(trace_id, limit=_SPANS + 1)
    spans = found[:_SPANS]
    logs = reader.logs(trace_id)
    if not spans and not logs:
        raise Refusal(404, f"There is no trace {trace_id}")
    start = min((span.start_ns for span in spans), default=logs[0].time_ns if logs else 0)
    return {
        "trace_id": trace_id,
        "start_ns": start,
        "duration_ns": max((span.start_ns + span.duration_ns for span in spans), default=start) - start,
        "spans": _with_content(spans, _wholes(reader, spans), start),
        "cut": len(found) > len(spans),
        "logs": logs,
        "evaluations": reader.evaluations(trace_id),
        "position": position,
    }


def _span(reader: Reader, asked: Asked) -> Any:
    return _one_span(reader, asked.path["trace_id"], asked.path["span_id"])


def _one_span(reader: Reader, trace_id: str, span_id: str) -> Any:
    trace_id, span_id = _id(trace_id, 32), _id(span_id, 16)
    whole = _whole(reader, trace_id, span_id)
    if whole is None:
        raise Refusal(404, f"There is no span {span_id} in trace {trace_id}")
    return {
        **_flat(whole),
        "logs": reader.logs(trace_id, span_id),
        "evaluations": reader.evaluations(trace_id, span_id),
    }


def _whole(reader: Reader, trace_id: str, span_id: str) -> WholeSpan | None:
    return next(iter(reader.all_spans(Filters(trace_id=trace_id, span_id=span_id))), None)


def _wholes(reader: Reader, spans: Sequence[Span]) -> Iterator[WholeSpan]:
    """One by one, as long as somebody wants more."""
    for span in spans[:_WHOLE_SPANS]:
        if (whole := _whole(reader, span.trace_id, span.span_id)) is not None:
            yield whole


def _compare(reader: Reader, asked: Asked) -> Any:
    """Two calls, `a` and `b`, each as `TRACE_ID.SPAN_ID`."""
    places = [asked.required(name).partition(".") for name in ("a", "b")]
    position = reader.position()
    return {
        "calls": [_one_span(reader, trace_id, span_id) for trace_id, _, span_id in places],
        "position": position,
    }


def _conversation(reader: Reader, asked: Asked) -> Any:
    id, position = asked.required("id"), reader.position()
    limit = asked.number("limit", _LIMIT, _CALLS)
    calls = reader.conversation(id, limit=limit)
    if not calls:
        raise Refusal(404, "There is no such conversation")
    start = calls[0].span.start_ns
    evaluations = {trace_id: reader.evaluations(trace_id) for trace_id in {call.span.trace_id for call in calls}}
    return {
        "conversation": id,
        "start_ns": start,
        "calls": _with_content([call.span for call in calls], iter(calls), start),
        "cut": len(calls) == limit,
        "evaluations": [one for found in evaluations.values() for one in found],
        "position": position,
    }


def _totals(reader: Reader, asked: Asked) -> Any:
    position = reader.position()
    limit = asked.number("limit", _LIMIT, _LIMIT[-1])
    return {"totals": reader.totals(asked.said.get("by"), asked.filters())[:limit], "position": position}


def _chart(reader: Reader, asked: Asked) -> Any:
    step = asked.number("step", range(1, 100_000_000), 0) or None
    position = reader.position()
    return {**_fields(reader.chart(asked.said.get("by"), asked.filters(), step=step)), "position": position}


def _values(reader: Reader, asked: Asked) -> Any:
    return {"values": reader.values(asked.required("of"), asked.filters())}


def _scores(reader: Reader, asked: Asked) -> Any:
    filters = asked.filters()
    by, since, until = asked.said.get("by"), filters.since_ns, filters.until_ns
    return {"scores": reader.scores(by, since_ns=since, until_ns=until, service=filters.service)}


def _repeated(reader: Reader, asked: Asked) -> Any:
    return {"prompts": reader.repeated(asked.filters(), limit=asked.number("limit", _LIMIT, _PAGE))}


QUESTIONS: Final[Mapping[str, tuple[Question, Sequence[str]]]] = {
    "/api/info": (_info, ()),
    "/api/traces": (_paged(lambda reader: reader.traces), (*FILTERS, "limit", "after")),
    "/api/traces/{trace_id}": (_trace, ()),
    "/api/traces/{trace_id}/spans/{span_id}": (_span, ()),
    "/api/calls": (_paged(lambda reader: reader.calls), (*FILTERS, "limit", "after")),
    "/api/spans": (_paged(lambda reader: reader.spans), (*FILTERS, "limit", "after")),
    "/api/compare": (_compare, ("a", "b")),
    "/api/conversation": (_conversation, ("id", "limit")),
    "/api/totals": (_totals, (*FILTERS, "by", "limit")),
    "/api/chart": (_chart, (*FILTERS, "by", "step")),
    "/api/values": (_values, (*FILTERS, "of")),
    "/api/scores": (_scores, ("since", "until", "service", "by")),
    "/api/repeated": (_repeated, (*FILTERS, "limit")),
}
"""By path: what answers, and the parameters that it knows."""


def routes(store: Path) -> list[Route]:
    turn = asyncio.Semaphore(_AT_THE_SAME_TIME)
    return [
        Route(path, _endpoint(store, turn, ask, known), methods=["GET"]) for path, (ask, known) in QUESTIONS.items()
    ]


def _endpoint(store: Path, turn: asyncio.Semaphore, ask: Question, known: Sequence[str]) -> Any:
    def answer(asked: Asked) -> bytes:
        with Reader(store) as reader:
            return encoded(ask(reader, asked))

    async def endpoint(request: Request) -> Response:
        try:
            said = parameters(request.query_params, known)
            async with turn:
                return json_response(await run_in_threadpool(answer, Asked(said, request.path_params)))
        except ValueError as reason:
            raise Refusal(400, str(reason)) from None
        except StoreError as reason:
            raise Refusal(503, f"The store {reason}", 5) from None

    return endpoint


def json_response(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_fields).encode(errors="replace")


def _with_content(spans: Sequence[Span], wholes: Iterator[WholeSpan], start_ns: int) -> list[dict[str, Any]]:
    """Those first that the budget of one answer takes, whole; `whole` tells of each, `offset_ns` where it begins."""
    left = _WHOLE
    found: dict[str, dict[str, Any]] = {}
    for one in wholes:
        left -= _size((one.attributes, one.content, one.events, one.links)) + _size(one.resource)
        if left < 0:
            break
        found[one.span.trace_id + one.span.span_id] = _flat(one)
    return [
        {
            **(found.get(span.trace_id + span.span_id) or {**_fields(span), "whole": False}),
            "offset_ns": span.start_ns - start_ns,
        }
        for span in spans
    ]


def _flat(whole: WholeSpan) -> dict[str, Any]:
    about = _fields(whole)
    return {**_fields(about.pop("span")), **about, "whole": True}


def _size(value: Any) -> int:
    """Of a value from JSON, about what it takes there."""
    if isinstance(value, str):
        return len(value) + 3
    if isinstance(value, Mapping):
        return sum(_size(key) + _size(item) for key, item in cast("Mapping[Any, Any]", value).items()) + 2
    if isinstance(value, (list, tuple)):
        return sum(map(_size, cast("Sequence[Any]", value))) + 2
    return 8


def _fields(value: Any) -> dict[str, Any]:
    """A record as a mapping, one level deep: `encoded` asks again for what is in it."""
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} is no JSON")
    return {field.name: getattr(value, field.name) for field in fields(value)}
