"""Objectives to begin with, by the word that stands for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from genscope.features.slo.objective import Objective

_TEXT: Final = {"operation": ["chat", "text_completion"]}
"""What is waited for. Images and sound take their time, embeddings take none."""

DEFAULTS: Final[Mapping[str, Sequence[Objective]]] = {
    "default": (
        Objective("latency_p50", "2s", where=_TEXT, name="latency p50"),
        Objective("latency_p95", "5s", where=_TEXT, name="latency p95"),
        Objective("latency_p99", "10s", where=_TEXT, name="latency p99", severity="critical"),
        Objective("ttft_p95", "1s", name="time to first token p95"),
        Objective("error_rate", "1%", name="error rate", severity="critical"),
        Objective("success_rate", "99%", name="success rate", severity="critical"),
        Objective("low_score_rate", "5%", of=["faithfulness"], name="hallucination rate"),
        Objective("cost_per_day", "$200", name="cost per day"),
    ),
    "anomalies": (
        Objective("token_spike", "2x", name="token spike"),
        Objective("cost_spike", "3x", name="cost spike"),
    ),
}
