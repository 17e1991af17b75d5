"""What is tried again, and what passes at once whatever is chosen."""

from __future__ import annotations

import asyncio
import concurrent.futures
from types import MappingProxyType
from typing import Any

import pytest
from contract.recorder import Recorder
from opentelemetry.trace import StatusCode

import genscope

from .conftest import Clock, Failing, lost, of_ours

pytest.importorskip("tenacity", reason="genscope.retry needs tenacity")


@pytest.mark.parametrize("kinds", ["invalid_response", ["invalid_response", "timeout"]])
def test_kinds_of_ones_own(kinds: Any) -> None:
    failing = Failing(UnicodeDecodeError("utf-8", b"", 0, 1, "no"))
    assert genscope.retry(retry_on=kinds)(lambda: failing())()[0] == 2
    lonely = Failing(*lost(1))
    with pytest.raises(ConnectionError):
        genscope.retry(retry_on=kinds)(lambda: lonely())()
    assert lonely.calls == 1


def test_a_function_of_the_exception() -> None:
    asked: list[Exception] = []

    def choose(error: Exception) -> bool:
        asked.append(error)
        return isinstance(error, KeyError)

    first, last = KeyError("a"), ValueError("b")
    failing = Failing(first, last)
    with pytest.raises(ValueError) as caught:
        genscope.retry(retry_on=choose)(lambda: failing())()
    assert caught.value is last
    assert asked == [first, last]


def test_a_function_of_the_exception_that_fails_does_not_hide_it(caplog: pytest.LogCaptureFixture) -> None:
    failing = Failing(*lost(1))
    with pytest.raises(ConnectionError):
        genscope.retry(retry_on=lambda error: error.code == 5)(lambda: failing())()  # type: ignore[attr-defined]
    assert failing.calls == 1
    assert "the function retry_on failed (AttributeError)" in caplog.text


class Told(Exception):
    status_code = 503

    class response:
        status_code = 503
        headers = MappingProxyType({"X-Should-Retry": "false"})


def test_what_the_server_says_not_to_repeat() -> None:
    failing = Failing(Told())
    with pytest.raises(Told):
        genscope.retry(lambda: failing())()
    assert failing.calls == 1


class Stop(BaseException):
    """Of an application's own."""


INTERRUPTS: list[BaseException] = [
    Stop(),
    KeyboardInterrupt(),
    SystemExit(1),
    asyncio.CancelledError(),
    concurrent.futures.CancelledError(),
    genscope.BudgetExceeded("no"),
]


@pytest.mark.parametrize("error", INTERRUPTS, ids=lambda error: type(error).__name__)
def test_what_passes_at_once_whatever_is_chosen(error: BaseException, recorder: Recorder, waits: Clock) -> None:
    failing = Failing(error)
    with pytest.raises(type(error)) as caught:
        genscope.retry(retry_on=lambda _: True)(lambda: failing())()
    assert caught.value is error
    assert failing.calls == 1
    (span,) = of_ours(recorder, "retry")
    assert span.status.status_code is StatusCode.ERROR
    kinds = {"BudgetExceeded": "budget_exceeded", "Stop": "unknown"}
    assert span.attributes["genscope.error.kind"] == kinds.get(type(error).__name__, "cancelled")
    assert waits.slept == []
