"""`genscope.fallback` by itself: what another model may mend, and what it takes."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from contract.recorder import Recorder

import genscope
from genscope.budget import Limit
from genscope.core.errors import KINDS
from genscope.retrying import FALLBACK_KINDS

from .conftest import Ask, of_ours


def told(recorder: Recorder) -> dict[str, Any]:
    (span,) = of_ours(recorder, "fallback")
    assert span.kind.name == "INTERNAL"
    return {name.removeprefix("genscope.fallback."): value for name, value in span.attributes.items()}


class Kind(Exception):
    """An exception of a kind."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


CODES = {
    "rate_limit": "rate_limit_exceeded",
    "quota": "insufficient_quota",
    "timeout": "timeout",
    "authentication": "invalid_api_key",
    "permission": "permission_error",
    "model_not_found": "model_not_found",
    "context_length": "context_length_exceeded",
    "content_filter": "content_filter",
    "invalid_request": "invalid_value",
    "overloaded": "overloaded_error",
    "server_error": "server_error",
    "invalid_response": "json_validate_failed",
    "unknown": "what",
}
ERRORS = {kind: Kind(code) for kind, code in CODES.items()} | {
    "connection": ConnectionError(),
    "cancelled": asyncio.CancelledError(),
    "budget_exceeded": genscope.BudgetExceeded(),
}


def models_asked(error: BaseException, **options: Any) -> int:
    asked: list[str] = []

    @genscope.fallback(["first", "second"], **options)
    def answer(*, model: str) -> None:
        asked.append(model)
        if model == "first":
            raise error

    try:
        answer()
    except type(error) as caught:
        if caught is not error:
            raise
    return len(asked)


def test_every_kind_is_decided_about() -> None:
    assert ERRORS.keys() == set(KINDS)
    assert {kind for kind, error in ERRORS.items() if models_asked(error) == 2} == set(FALLBACK_KINDS)


def test_kinds_and_functions_of_ones_own() -> None:
    assert models_asked(ERRORS["content_filter"], on=[*FALLBACK_KINDS, "content_filter"]) == 2
    assert models_asked(ERRORS["rate_limit"], on="content_filter") == 1
    assert models_asked(ERRORS["unknown"], on=lambda error: error.code == "what") == 2
    assert models_asked(ERRORS["cancelled"], on=lambda error: True) == 1
    assert models_asked(ERRORS["budget_exceeded"], on=lambda error: True) == 1


BUDGETS: list[tuple[dict[str, Any], int]] = [
    ({}, 1),
    ({"per": ["user"]}, 1),
    ({"per": ["model"]}, 2),
    ({"where": {"model": "gpt-4o"}}, 2),
    ({"where": {"provider": "openai"}, "per": ["user"]}, 2),
]


@pytest.mark.parametrize("of, asked", BUDGETS, ids=str)
def test_a_budget_for_a_model_is_not_one_for_the_next(of: dict[str, Any], asked: int) -> None:
    error = genscope.BudgetExceeded(limit=Limit(5, "usd", "day", **of))
    assert models_asked(error) == asked


def test_a_budget_of_one_model_at_work(ask: Ask) -> None:
    recorder = Recorder()
    limit = "0 requests/total for model=forbidden"
    options: dict[str, Any] = {"budget": limit, "budget_mode": "deny", "threads": False}
    genscope.instrument(only=["openai", "anthropic"], **options, **recorder.providers)
    try:
        assert genscope.fallback(["forbidden", "allowed"])(lambda model: ask("ok", model))()
    finally:
        genscope.uninstrument()
    assert told(recorder)["errors"] == ("budget_exceeded",)


def test_an_iterable_is_gone_through_once() -> None:
    fallback = genscope.fallback(model for model in ("a", "b"))
    for _ in range(2):
        assert [name for model in fallback for name in [enter(model)]] == ["a", "b"]


def enter(model: Any) -> str:
    """It fails in a way that the next one may mend."""
    with model as name:
        raise_or_not = name == "a"
        if raise_or_not:
            raise ConnectionError
    return name


@pytest.mark.parametrize("models", [[], (), "", ["a", 5], [None], [""], None, 5])
def test_no_models(models: Any) -> None:
    with pytest.raises(ValueError, match="names of models"):
        genscope.fallback(models)
    with pytest.raises(TypeError):
        genscope.fallback()  # type: ignore[call-arg]


def test_one_model_by_name() -> None:
    assert genscope.fallback("gpt-4o")(lambda model: model)() == "gpt-4o"


def test_functions_that_cannot_be_told_the_model() -> None:
    def answer(prompt: str) -> str:
        return prompt

    def positional(model: str, /) -> str:
        return model

    for function in (answer, positional):
        with pytest.raises(TypeError, match="takes no argument `model`"):
            genscope.fallback(["a"])(function)
    assert genscope.fallback(["a"])(lambda **kwargs: kwargs)() == {"model": "a"}
    assert genscope.fallback(["a"])(lambda prompt, model="b": (prompt, model))("p") == ("p", "a")


def test_a_caller_does_not_choose_the_model() -> None:
    answer = genscope.fallback(["a"])(lambda model: model)
    with pytest.raises(TypeError, match="multiple values"):
        answer(model="b")


def test_generators_are_refused() -> None:
    def stream(*, model: str) -> Iterator[str]:
        yield model

    async def astream(*, model: str) -> AsyncIterator[str]:
        yield model

    for function in (stream, astream):
        with pytest.raises(TypeError, match="is a generator function"):
            genscope.fallback(["a"])(function)


def test_methods_of_every_kind() -> None:
    class Shop:
        @genscope.fallback(["a", "b"])
        def method(self, prompt: str, *, model: str) -> str:
            """Asks."""
            if model == "a":
                raise ConnectionError
            return f"{prompt} {model}"

        @classmethod
        @genscope.fallback(["a"])
        def inside(cls, *, model: str) -> str:
            return model

        @genscope.fallback(["a"])
        @staticmethod
        def static(*, model: str) -> str:
            return model

    assert Shop().method("x") == "x b"
    assert Shop.inside() == Shop().inside() == Shop.static() == Shop().static() == "a"
    assert Shop.method.__doc__ == "Asks."
    assert "model" in inspect.signature(Shop.method).parameters


def test_interrupts_pass_at_once() -> None:
    for error in (KeyboardInterrupt(), SystemExit(), GeneratorExit()):
        assert models_asked(error, on=lambda _: True) == 1


def test_a_loop_that_is_left(recorder: Recorder) -> None:
    for model in genscope.fallback(["first", "second"]):
        with model:
            raise ConnectionError
        break
    said = told(recorder)
    assert (said["models"], said["errors"]) == (("first",), ("connection",))
    assert "model" not in said
