"""Laws 1, 3 and 4 for every API, mode, shape and outcome, and every kind of client; the telemetry is compared whole."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from opentelemetry import trace

from genscope.local.simulator import Simulator

from .cases import SDKS, cases
from .expected import check
from .outcomes import CALLS, OUTCOMES
from .play import new_client, play, refused_address
from .recorder import CALLER, instrumented
from .sights import differences
from .vocabulary import Case


@pytest.fixture
def _sdks_as_they_were() -> Iterator[None]:
    yield
    for sdk in SDKS:
        sdk.reset()


@pytest.mark.parametrize("case", cases(OUTCOMES))
def test_the_application_sees_no_difference_and_the_span_is_true(case: Case, simulator: Simulator) -> None:
    bare = play(case, simulator)
    with instrumented(case.sdk) as recorder:
        with recorder.tracer.start_as_current_span(CALLER) as caller:
            seen = play(case, simulator)
            assert trace.get_current_span() is caller
    recorder.settle()

    assert differences(vars(bare), vars(seen)) == []
    assert seen.logs == [] == seen.unraisable
    address = refused_address() if case.outcome.refused else simulator.url
    check(case, seen, recorder, caller.get_span_context(), case.sdk.provider, urlsplit(address).port)


@pytest.mark.parametrize("case", cases(CALLS[:1], shapes=("plain", "stream"), clients=True))
@pytest.mark.usefixtures("_sdks_as_they_were")
def test_every_kind_of_client(case: Case, simulator: Simulator) -> None:
    owner = case.sdk.owners.get(case.client)
    bare = play(case, simulator)
    with instrumented(case.sdk, providers={} if owner else {"127.0.0.1": case.sdk.provider}) as recorder:
        seen = play(case, simulator)

    assert differences(vars(bare), vars(seen)) == []
    check(case, seen, recorder, None, owner or case.sdk.provider, urlsplit(simulator.url).port)


@pytest.mark.parametrize("case", cases(CALLS[:1], shapes=("plain", "stream")))
def test_a_client_that_was_there_before(case: Case, simulator: Simulator) -> None:
    bare = play(case, simulator)
    http = case.sdk.http_client(case.mode)
    client = new_client(case, simulator, http)
    with instrumented(case.sdk) as recorder:
        seen = play(case, simulator, client, http)

    assert differences(vars(bare), vars(seen)) == []
    check(case, seen, recorder, None, case.sdk.provider, urlsplit(simulator.url).port)
