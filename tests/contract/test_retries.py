"""Retries inside the SDK, on the one span of the call: what failed, and how long was waited."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import pytest

from genscope.local.simulator import Simulator

from .cases import MAIN, SDKS, cases
from .outcomes import CALLS, read_all
from .play import Scene, new_client, play
from .recorder import Recorder, instrumented
from .sights import differences
from .stand_ins import recorded
from .vocabulary import Case, Outcome

OK = CALLS[0]
SHAPES = ("plain", "stream", "streaming_response_read", "raw")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDKs' own backoff, without the half second."""
    for name in (f"{sdk.name}.{module}" for sdk in SDKS for module in ("_constants", "_base_client")):
        monkeypatch.setattr(importlib.import_module(name), "INITIAL_RETRY_DELAY", 0.002, raising=False)


def attributes_of(recorder: Recorder) -> dict[str, Any]:
    return {name: value for name, value in (recorder.span().attributes or {}).items() if ".retry." in name}


def attempts(recorder: Recorder) -> dict[Any, int]:
    return {
        point.attributes.get("genscope.error.kind"): point.value
        for point in recorder.points("genscope.client.attempts")
    }


REFUSED = Outcome("refused", read_all, refused=True, client={"max_retries": 2})


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("case", cases([REFUSED], apis=MAIN, shapes=SHAPES))
def test_connections_that_are_refused(case: Case, simulator: Simulator) -> None:
    """Each attempt is told without an HTTP status; the last one is the failure of the call."""
    with instrumented(case.sdk) as recorder:
        seen = play(case, simulator)
    assert seen.sights[-1]["type"].endswith("APIConnectionError")
    told = attributes_of(recorder)
    delays = told["genscope.retry.delays"]
    assert told == {
        "genscope.retry.attempts": 3,
        "genscope.retry.kinds": ("connection",) * 2,
        "genscope.retry.statuses": (0, 0),
        "genscope.retry.delays": delays,
        "genscope.retry.backoff": sum(delays),
    }
    assert len(delays) == 2
    assert all(0 < delay < 1 for delay in delays)
    assert attempts(recorder) == {None: 0, "connection": 3}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("case", cases([OK], apis=MAIN, shapes=("plain", "stream")))
def test_one_thing_after_the_other(case: Case, simulator: Simulator) -> None:
    """A timeout, an overloaded server, a rate limit with its own delay, a lost connection, and then the answer."""
    library = case.sdk.http_library()
    body = recorded(case.sdk, case.api, simulator, stream=case.shape.streams)
    kind = "text/event-stream" if case.shape.streams else "application/json"
    error = {"error": {"message": "no", "type": "requests", "code": "rate_limit_exceeded"}}

    def script() -> Any:
        yield library.ReadTimeout("slow")
        yield library.Response(503, headers={"retry-after-ms": "1"}, json={"error": {"message": "busy"}})
        yield library.Response(429, headers={"retry-after-ms": "3"}, json=error)
        yield library.ConnectError("gone")
        yield library.Response(200, headers={"content-type": kind}, content=body)

    def run(recorder: Recorder | None) -> Any:
        steps = script()

        def handler(request: Any) -> Any:
            step = next(steps)
            if isinstance(step, Exception):
                raise step
            return step

        http = case.sdk.stand_in(case.mode, handler)
        patient = replace(case, outcome=replace(case.outcome, client={"max_retries": 4}))
        client = new_client(patient, simulator, http)
        if recorder is None:
            return play(patient, simulator, client, http)
        with instrumented(case.sdk, recorder):
            return play(patient, simulator, client, http)

    recorder = Recorder()
    assert differences(vars(run(None)), vars(run(recorder))) == []
    told = attributes_of(recorder)
    assert told["genscope.retry.attempts"] == 5
    assert told["genscope.retry.kinds"] == ("timeout", "overloaded", "rate_limit", "connection")
    assert told["genscope.retry.statuses"] == (0, 503, 429, 0)
    assert told["genscope.retry.delays"][1:3] == (0.001, 0.003)
    assert told["genscope.retry.backoff"] == pytest.approx(sum(told["genscope.retry.delays"]))
    span = recorder.span()
    assert span.status.is_unset
    assert span.end_time is not None
    assert span.start_time is not None
    assert (span.end_time - span.start_time) / 1e9 >= told["genscope.retry.backoff"]  # the waits are in the duration
    counted = attempts(recorder)
    assert counted == {None: 1, "timeout": 1, "overloaded": 1, "rate_limit": 1, "connection": 1}
    (duration,) = recorder.points("gen_ai.client.operation.duration")
    assert duration.count == 1


async def while_handling(scene: Scene) -> None:
    """The application asks while it handles an exception of its own: it falls back to this model, say."""
    try:
        raise ValueError("the application's own")
    except ValueError:
        await read_all(scene)


FALLBACK = replace(next(outcome for outcome in CALLS if outcome.name == "retried"), program=while_handling)


@pytest.mark.parametrize("case", cases([FALLBACK], apis=MAIN, shapes=("plain", "stream")))
def test_what_the_application_handles_is_not_what_failed(case: Case, simulator: Simulator) -> None:
    with instrumented(case.sdk) as recorder:
        play(case, simulator)
    told = attributes_of(recorder)
    assert told["genscope.retry.kinds"] == ("rate_limit",) * 2
    assert told["genscope.retry.statuses"] == (429,) * 2


PATIENT = Outcome("ok", read_all, client={"max_retries": 5})


@pytest.mark.parametrize("case", cases([PATIENT], apis=MAIN, shapes=("plain",)))
def test_no_retry_is_no_attribute(case: Case, simulator: Simulator) -> None:
    with instrumented(case.sdk) as recorder:
        play(case, simulator)
    assert attributes_of(recorder) == {}
    assert attempts(recorder) == {None: 1}
