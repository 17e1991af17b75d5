"""What `genscope.retry` takes: functions of every kind, and options that make sense."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import inspect
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import genscope

from .conftest import Failing, lost

pytest.importorskip("tenacity", reason="genscope.retry needs tenacity")


def test_every_kind_of_function() -> None:
    class Shop:
        failing: Failing

        @genscope.retry
        def method(self, x: int, *, y: int = 2) -> Any:
            """Says what it was given."""
            return self.failing(x, y=y)

        @classmethod
        @genscope.retry(attempts=2)
        def inside(cls, x: int) -> Any:
            return cls.failing(x)

        @genscope.retry
        @classmethod
        def outside(cls, x: int) -> Any:
            return cls.failing(x)

        @genscope.retry
        @staticmethod
        def static(x: int) -> Any:
            return Shop.failing(x)

    Shop.failing = Failing(*lost(1))
    assert Shop().method(1, y=3) == (2, (1,), {"y": 3})
    for function in (Shop.inside, Shop().inside, Shop.outside, Shop().outside, Shop.static, Shop().static):
        Shop.failing = Failing(*lost(1))
        assert function(1) == (2, (1,), {})
    assert Shop.method.__doc__ == "Says what it was given."
    assert str(inspect.signature(Shop.method)) == "(self, x: 'int', *, y: 'int' = 2) -> 'Any'"


def test_callables_that_are_no_functions() -> None:
    assert genscope.retry(Failing(*lost(2)))(1) == (3, (1,), {})  # type: ignore[type-var]
    assert genscope.retry(functools.partial(Failing(*lost(2)), 1, a=2))(3) == (3, (1, 3), {"a": 2})

    class Coroutine:
        failing = Failing(*lost(1))

        async def __call__(self) -> Any:
            return self.failing()

    async def coroutine(failing: Failing) -> Any:
        return failing()

    assert asyncio.run(genscope.retry(Coroutine())())[0] == 2
    wrapped = genscope.retry(functools.partial(coroutine, Failing(*lost(1))))
    assert inspect.iscoroutinefunction(wrapped)
    assert asyncio.run(wrapped())[0] == 2
    assert asyncio.run(genscope.retry(lambda: coroutine(Failing(*lost(0))))())[0] == 1


def test_a_coroutine_function_stays_one() -> None:
    @genscope.retry
    async def one() -> None: ...

    assert inspect.iscoroutinefunction(one)


def test_generators_are_refused_when_they_are_decorated() -> None:
    def generator() -> Iterator[int]:
        yield 1

    async def async_generator() -> AsyncIterator[int]:
        yield 1

    class Callable:
        def __call__(self) -> Iterator[int]:
            yield 1

    for function in (generator, async_generator, Callable()):
        with pytest.raises(TypeError, match=r"is a generator function.*docs/retries\.md"):
            genscope.retry(attempts=2)(function)  # type: ignore[type-var]


@pytest.mark.parametrize("wrong", [int, "4", None, 1.5])
def test_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match="is no function"):
        genscope.retry(wrong)


def test_the_result_is_the_very_same_object() -> None:
    sentinel = object()
    future: concurrent.futures.Future[int] = concurrent.futures.Future()
    assert genscope.retry(lambda: sentinel)() is sentinel
    assert genscope.retry(lambda: future)() is future


@pytest.mark.parametrize(
    "options, said",
    [
        ({"attempts": 0}, "attempts=0"),
        ({"attempts": -1}, "attempts=-1"),
        ({"attempts": True}, "attempts=True; accepted: a whole number from 1"),
        ({"deadline": "30"}, "deadline='30'; accepted: seconds"),
        ({"max_wait": "1"}, "max_wait='1'; accepted: seconds"),
        ({"deadline": 0}, "deadline=0"),
        ({"deadline": float("nan")}, "deadline=nan"),
        ({"max_wait": -1}, "max_wait=-1"),
        ({"max_wait": float("inf")}, "max_wait=inf"),
        ({"max_wait": float("nan")}, "max_wait=nan"),
        ({"retry_on": "slow"}, "'slow' is no kind.*there are: rate_limit, quota"),
        ({"retry_on": ["rate_limit", 5]}, "5 is no kind"),
        ({"retry_on": "cancelled"}, "'cancelled' is no kind"),
        ({"retry_on": ["budget_exceeded"]}, "'budget_exceeded' is no kind"),
    ],
)
def test_options_of_no_sense(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        genscope.retry(**options)


@pytest.mark.parametrize("wrong", [ValueError, 5, (ValueError, KeyError)])
def test_exception_classes_are_no_choice(wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="retry_on"):
        genscope.retry(retry_on=wrong)


def test_without_tenacity(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "tenacity"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "genscope.retrying.pacing", raising=False)
    for asked in (lambda: genscope.retry(attempts=2), lambda: genscope.retry(print)):
        with pytest.raises(ImportError, match=r"pip install 'genscope\[retry\]'"):
            asked()
    assert genscope.fallback(["a"])(lambda model: model)() == "a"
