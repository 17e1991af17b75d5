"""How long is waited: what the server says, else a backoff by chance; and never beyond the deadline."""

from __future__ import annotations

import random
from email.utils import formatdate
from typing import Any

import anthropic
import openai
import pytest
from contract.recorder import Recorder
from hypothesis import given
from hypothesis import strategies as st

import genscope
from genscope.retrying.server_waits import asked_wait, forbids_retry

from .conftest import Clock, of_ours

pytest.importorskip("tenacity", reason="genscope.retry needs tenacity")

NOW = 1_000_000.0


class HttpError(Exception):
    """As SDKs raise it."""

    def __init__(self, headers: Any, status: int = 429) -> None:
        super().__init__("no")
        self.status_code = status
        self.response = type("Response", (), {"status_code": status, "headers": headers})()


SAID: list[tuple[dict[str, str], float | None]] = [
    ({"Retry-After": "20"}, 20),
    ({"retry-after": "0.5"}, 0.5),
    ({"retry-after": " 7 "}, 7),
    ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
    ({"retry-after-ms": "soon", "retry-after": "3"}, 3),
    ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30),
    ({"retry-after": formatdate(NOW + 30, usegmt=True), "date": formatdate(NOW + 10, usegmt=True)}, 20),
    ({"retry-after": formatdate(NOW + 30, usegmt=True), "date": "today"}, 30),
    ({"retry-after": formatdate(NOW - 30, usegmt=True)}, None),
    ({"retry-after": "Wed, 99 Foo 2099 99:99:99 GMT"}, None),
    ({"retry-after": "0"}, None),
    ({"retry-after": "-5"}, None),
    ({"retry-after": "nan"}, None),
    ({"retry-after": "soon"}, None),
    ({"retry-after": ""}, None),
    ({}, None),
    # OpenAI and Groq: durations; of the limits that are used up
    ({"x-ratelimit-reset-requests": "20ms"}, 0.02),
    ({"x-ratelimit-reset-requests": "1s"}, 1),
    ({"x-ratelimit-reset-tokens": "6m0s"}, 360),
    ({"x-ratelimit-reset-tokens": "2m59.56s"}, 179.56),
    ({"x-ratelimit-reset-tokens": "1d2h3m4s5ms"}, 93_784.005),
    ({"x-ratelimit-reset-tokens": "1.5"}, 1.5),
    ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "3s"}, 3),
    ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-tokens": "3s", "x-ratelimit-remaining-tokens": "17"}, 1),
    ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-remaining-requests": "3"}, None),
    ({"x-ratelimit-reset-requests": "later"}, None),
    ({"x-ratelimit-reset-requests": "0s"}, None),
    # moments: seconds, milliseconds (OpenRouter)
    ({"X-RateLimit-Reset": "1700000000"}, 1_700_000_000 - NOW),
    ({"X-RateLimit-Reset": "1700000000500"}, 1_700_000_000.5 - NOW),
    # the plain word goes before them
    ({"retry-after": "2", "x-ratelimit-reset-requests": "9s"}, 2),
    ({"retry-after": "soon", "x-ratelimit-reset-requests": "9s"}, 9),
]  # fmt: skip


@pytest.mark.parametrize("headers, wait", SAID, ids=str)
def test_what_the_server_says(headers: dict[str, str], wait: float | None) -> None:
    assert asked_wait(HttpError(headers), "rate_limit") == (wait if wait is None else pytest.approx(wait))


def test_a_rate_limit_is_not_what_an_overloaded_server_waits_for() -> None:
    error = HttpError({"x-ratelimit-reset-requests": "9s"}, 503)
    assert asked_wait(error, "overloaded") is None
    assert asked_wait(HttpError({"retry-after": "9"}, 503), "overloaded") == 9


@pytest.mark.parametrize("library", ["openai", "anthropic"])
def test_headers_as_the_sdks_have_them(library: str) -> None:
    module: Any = {"openai": openai, "anthropic": anthropic}[library]
    http: Any = getattr(module._base_client, "httpx2", None) or module._base_client.httpx
    request = http.Request("POST", "https://example.com")
    response = http.Response(429, headers={"Retry-After": "4", "x-should-retry": "false"}, request=request)
    error = module.RateLimitError("no", response=response, body=None)
    assert asked_wait(error, "rate_limit") == 4
    assert forbids_retry(error)
    assert asked_wait(module.APIConnectionError(request=request), "connection") is None


class Nasty(Exception):
    @property
    def response(self) -> Any:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "headers", [None, 5, [], ["retry-after"], {"retry-after": None}, {5: 5}, {b"retry-after": b"5"}]
)
def test_headers_of_any_kind(headers: Any) -> None:
    assert asked_wait(HttpError(headers), "rate_limit") is None
    assert not forbids_retry(HttpError(headers))


def test_an_exception_that_fails_itself() -> None:
    assert asked_wait(Nasty(), "rate_limit") is None
    assert not forbids_retry(Nasty())


WORDS = st.sampled_from(["retry-after", "retry-after-ms", "date", "x-ratelimit-reset", "x-ratelimit-reset-tokens"])


@given(st.dictionaries(WORDS, st.text("0123456789.dhms- :,TGMe", max_size=40) | st.floats().map(str)))
def test_any_header(headers: dict[str, str]) -> None:
    wait = asked_wait(HttpError(headers), "rate_limit")
    assert wait is None or wait > 0


# --- at work


def failing(times: int, headers: Any = None, status: int = 503) -> Any:
    left = [times]

    def fail() -> int:
        left[0] -= 1
        if left[0] >= 0:
            raise HttpError(headers or {}, status)
        return times + 1

    return fail


def test_the_backoff_doubles_up_to_its_bound_and_is_by_chance(waits: Clock) -> None:
    random.seed(4)
    for _ in range(200):
        genscope.retry(attempts=8, max_wait=10)(failing(7))()
    by_attempt = [waits.slept[n::7] for n in range(7)]
    for bound, slept in zip((1, 2, 4, 8, 10, 10, 10), by_attempt, strict=True):
        assert all(0 <= wait <= bound for wait in slept)
        assert min(slept) < 0.1 * bound
        assert max(slept) > 0.9 * bound


def test_no_wait_at_all(waits: Clock) -> None:
    assert genscope.retry(max_wait=0)(failing(3))() == 4
    assert waits.slept == [0, 0, 0]


def test_what_the_server_asks_for_is_waited_exactly(waits: Clock, recorder: Recorder) -> None:
    assert genscope.retry(failing(3, {"retry-after": "17"}))() == 4
    assert waits.slept == [17, 17, 17]
    (span,) = of_ours(recorder, "retry")
    assert span.attributes["genscope.retry.delays"] == (17, 17, 17)


@pytest.mark.parametrize("asked", ["61", "86400", "1e999", "inf"])
def test_where_the_server_asks_for_too_long_it_is_not_waited_at_all(
    asked: str, waits: Clock, recorder: Recorder
) -> None:
    with pytest.raises(HttpError):
        genscope.retry(failing(3, {"retry-after": asked}))()
    assert waits.slept == []
    (span,) = of_ours(recorder, "retry")
    assert span.attributes["genscope.retry.gave_up"] == "max_wait"


def test_the_deadline_is_never_exceeded_by_a_sleep(waits: Clock, recorder: Recorder) -> None:
    began = waits.time
    with pytest.raises(HttpError):
        genscope.retry(attempts=100, deadline=30)(failing(100, {"retry-after": "7"}))()
    assert waits.slept == [7] * 4
    assert waits.time <= began + 30
    (span,) = of_ours(recorder, "retry")
    assert span.attributes["genscope.retry.gave_up"] == "deadline"
    assert span.attributes["genscope.retry.attempts"] == 5


def test_the_time_that_attempts_take_counts(waits: Clock) -> None:
    calls: list[float] = []

    @genscope.retry(attempts=100, deadline=30)
    async def slow() -> None:
        calls.append(waits.time)
        waits.time += 12
        raise HttpError({"retry-after": "1"}, 503)

    coroutine = slow()
    with pytest.raises(HttpError):
        coroutine.send(None)
    assert [call - calls[0] for call in calls] == [0, 13, 26]


def test_the_span_says_how_long_by_chance(waits: Clock, recorder: Recorder) -> None:
    assert genscope.retry(failing(2))() == 3
    (span,) = of_ours(recorder, "retry")
    assert list(span.attributes["genscope.retry.delays"]) == waits.slept
    assert span.attributes["genscope.retry.backoff"] == sum(waits.slept)
    assert span.attributes["genscope.retry.kinds"] == ("overloaded", "overloaded")


def test_in_the_tests_of_an_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """As docs/retries.md says it."""
    monkeypatch.setattr("genscope.retrying.clock.sleep", lambda seconds: None)
    assert genscope.retry(failing(2, {"retry-after": "30"}))() == 3
