"""What objectives cost a call: next to nothing, whatever is promised."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from genscope.features.slo.declaring import declared
from genscope.features.slo.stage import Objectives
from genscope.features.slo.watch import Watch

from .watched import call

MOST = 180
"""Bytecodes; a call costs 7,500 with spans and metrics."""


def bytecodes(stage: Objectives) -> int:
    counted = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal counted
        frame.f_trace_opcodes = True
        counted += event == "opcode"
        return trace

    op = call(dollars=0.1, tokens=9, first_token=0.1)
    stage.end(op)
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        stage.end(op)
    finally:
        sys.settrace(before)
    return counted


@pytest.mark.parametrize(
    "promised", ["error_rate < 1%", "default; anomalies", "default; error_rate < 1% per model, provider"]
)
def test_a_call_leaves_a_sample_and_goes_on(promised: str) -> None:
    stage = Objectives(Watch(declared(promised).objectives, threaded=False))
    assert 0 < bytecodes(stage) <= MOST
