"""Whatever a provider answers: the application sees no difference, no reader stumbles, and one span ends."""

from __future__ import annotations

from typing import Any

import pytest

from genscope.local.simulator import Simulator

from .cases import MAIN, cases
from .outcomes import read_all
from .play import play
from .recorder import instrumented
from .sights import differences
from .vocabulary import Case, Outcome

WAITING = {"hang", "midhang"}
ODD = [
    Outcome(name, read_all, modes=("sync",), scenario=name, options={"after": 1})
    for name in Simulator.scenarios
    if name not in WAITING
]
BODIES = ("raw_stream_bytes", "streaming_response_lines")


def sends_our_trace(case: Case) -> bool:
    """Where the SDK traces itself and we do in its place, the trace that is sent along is ours: that is echoed."""
    return case.outcome.name == "echo" and case.sdk.instrumentor().target.traces_itself is not None


ANSWERS = cases(ODD, shapes=("plain", "stream")) + cases(ODD, apis=MAIN, shapes=BODIES)


@pytest.mark.parametrize("case", [param for param in ANSWERS if not sends_our_trace(param.values[0])])
def test_odd_answers(case: Case, simulator: Simulator) -> None:
    bare = play(case, simulator)
    with instrumented(case.sdk) as recorder:
        seen = play(case, simulator)

    assert differences(vars(bare), vars(seen)) == []
    assert recorder.span().end_time


# `late_usage` sends the usage unasked, so that it cannot be told from what we asked for; `echo` says what we asked.
ASKED = [outcome for outcome in ODD if outcome.name not in ("late_usage", "echo")]


@pytest.mark.parametrize("case", cases(ASKED, apis=("chat", "completions"), shapes=("stream",)))
def test_odd_answers_when_usage_is_asked_for(case: Case, simulator: Simulator) -> None:
    """The chunk that the application does not see is found by looking at every chunk, odd ones too."""
    bare = play(case, simulator)
    with instrumented(case.sdk, stream_usage=True) as recorder:
        seen = play(case, simulator)

    assert differences(_shape_of(bare.sights), _shape_of(seen.sights)) == []
    assert recorder.span().end_time


def _shape_of(sights: Any) -> Any:
    """Types and exceptions: the chunks themselves differ by a `usage` that is null."""
    return [sight["type"] if isinstance(sight, dict) else type(sight).__name__ for sight in sights[1:]]
