"""Laws 1, 3 and 4 for every API, mode, shape and outcome; the telemetry is compared whole."""

from __future__ import annotations

import pytest
from opentelemetry import trace

from genscope.local.simulator import Simulator

from .cases import cases
from .expected import check
from .outcomes import OUTCOMES
from .play import play, refused_address
from .recorder import CALLER, instrumented
from .sights import differences
from .vocabulary import Case


@pytest.mark.parametrize("case", cases(OUTCOMES))
def test_the_application_sees_no_difference_and_the_span_is_true(case: Case, simulator: Simulator) -> None:
    bare = play(case, simulator)
    with instrumented(case.sdk, providers={"127.0.0.1": "openai"}) as recorder:
        with recorder.tracer.start_as_current_span(CALLER) as caller:
            seen = play(case, simulator)
            assert trace.get_current_span() is caller

    assert differences(vars(bare), vars(seen)) == []
    assert seen.logs == [] == seen.unraisable
    address = refused_address() if case.outcome.refused else simulator.url
    check(case, seen, recorder, int(address.split(":")[2].split("/")[0]), caller.get_span_context())
