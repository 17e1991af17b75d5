"""The cases that exist: every combination that makes sense, and none that would only be skipped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from inspect import signature
from typing import Any

import pytest

from .anthropic_sdk import ANTHROPIC
from .cerebras_sdk import CEREBRAS
from .groq_sdk import GROQ
from .openai_sdk import OPENAI
from .together_sdk import TOGETHER
from .vocabulary import MODES, Api, Case, Mode, Outcome, Sdk, Shape
from .writer_sdk import WRITER

SDKS = (OPENAI, ANTHROPIC)
"""They meet every rule."""
FAMILY = (GROQ, TOGETHER, CEREBRAS, WRITER)
"""Like the first one of those, inside and in what they send: they meet all ways of calling and all endings, no more."""
BRIEF = ("plain", "stream", "raw_stream_bytes", "streaming_response_lines")
"""The shapes in which an API that is like another one meets what can go wrong."""
MAIN = ("chat", "messages")
"""The API for which an SDK is mostly used, by the names that it has."""


def has(sdk: Sdk, api: Api, shape: Shape) -> bool:
    """Whether the installed release of the SDK has this way to call this API."""
    return _missing(sdk, api) is None and shape.name not in _missing_shapes(sdk, api)


def cases(
    outcomes: Iterable[Outcome],
    *,
    sdks: Sequence[Sdk] | None = None,
    apis: Sequence[str] | None = None,
    shapes: Sequence[str] | None = None,
    clients: bool = False,
) -> list[Any]:
    """Parameters of pytest: the valid cases, of all APIs and shapes or those that are named; `clients`: of all kinds.

    Those of the family only where they or all are wanted; so is an API that the installed SDK lacks, as a skipped case.
    """
    outcomes, found = list(outcomes), []
    for sdk in sdks or (SDKS if apis or shapes else (*SDKS, *FAMILY)):
        for api in sdk.apis:
            if apis is not None and api.name not in apis:
                continue
            if missing := _missing(sdk, api):
                if apis is None and shapes is None:
                    found.append(pytest.param(None, id=api.name, marks=pytest.mark.skip(reason=missing)))
                continue
            kinds = tuple(sdk.clients) if clients else ("own",)
            found += [pytest.param(case, id=str(case)) for case in _of(sdk, api, outcomes, shapes, kinds)]
    return found


def _of(
    sdk: Sdk, api: Api, outcomes: Iterable[Outcome], shapes: Sequence[str] | None, clients: Sequence[str]
) -> Iterator[Case]:
    missing = _missing_shapes(sdk, api)
    for outcome in outcomes:
        for shape in sdk.shapes:
            if not (shape.suits(api) and outcome.suits(shape) and (shapes is None or shape.name in shapes)):
                continue
            if shape.name in missing:
                continue
            if api.brief and outcome.name != "ok" and shape.name not in BRIEF:
                continue
            if outcome.unanswered and api is not sdk.apis[0] and shape.name not in BRIEF[:2]:
                continue
            for mode in MODES:
                if mode in outcome.modes:
                    for client in clients:
                        if client == "module" and mode == "async":  # an SDK's module is a client, of one kind only
                            continue
                        if api.name not in sdk.lacking.get(client, ()):
                            yield Case(sdk, api, mode, shape, outcome, client)


def case(sdk: Sdk, api: str, mode: Mode, shape: str, outcome: Outcome, client: str = "own") -> Case:
    """One case by the names of its API and shape; skips the test when the installed SDK lacks that."""
    (found,) = (candidate for candidate in sdk.apis if candidate.name == api)
    (way,) = (candidate for candidate in sdk.shapes if candidate.name == shape)
    if missing := _missing(sdk, found):
        pytest.skip(missing)
    if shape in _missing_shapes(sdk, found):
        pytest.skip(f"this release of {sdk.name} has no {api} {shape}")
    return Case(sdk, found, mode, way, outcome, client)


@cache
def _client(name: str) -> object:
    sdk = next(sdk for sdk in (*SDKS, *FAMILY) if sdk.name == name)
    return sdk.client("sync", "http://127.0.0.1:1", sdk.stand_in("sync", lambda request: None))


def _missing(sdk: Sdk, api: Api) -> str | None:
    try:
        getattr(api.of(_client(sdk.name)), api.method)
    except AttributeError as error:
        return f"this release of {sdk.name} has no {api.resource}.{api.method}: {error}"
    return None


def _missing_shapes(sdk: Sdk, api: Api) -> Sequence[str]:
    resource = api.of(_client(sdk.name))
    missing = [name for name, method in (("parse", "parse"), ("helper", "stream")) if not hasattr(resource, method)]
    if "stream" not in signature(getattr(resource, api.method)).parameters:
        missing += [shape.name for shape in sdk.shapes if shape.streams]
    return missing
