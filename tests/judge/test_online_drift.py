"""A model that is changed behind its name: what is judged is held against what was usual."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import openai
import pytest
from conversations import attributes_of, name_of
from opentelemetry.sdk.trace import RandomIdGenerator
from opentelemetry.trace import get_current_span

import genscope
from genscope import judging
from genscope.core.judging import is_judged
from genscope.local.simulator import Simulator

from .conftest import forget
from .playing import SHORT, Court, Played, ask, fair, judged

pytestmark = pytest.mark.usefixtures("fresh")

TRUE, FALSE = "Paris is the capital.", "Lyon is the capital."


def answers(court: Court, model: Played, said: str, number: int) -> None:
    """So many answers to a question with a context."""
    model.respond = lambda body: said
    with model.openai() as client:
        for _ in range(number):
            with genscope.workflow("answer"):
                with genscope.retrieval("books") as found:
                    found.set_output([TRUE])
                ask(client)
            assert genscope.flush(SHORT)


def settings(**more: Any) -> dict[str, Any]:
    return {"judges": ["faithfulness"], "judge_client": fair().openai(), "judge_model": "gpt-4o-mini", **more}


def drifts(court: Court) -> list[Any]:
    return [record for record in court.logbook.records if name_of(record) == "genscope.evaluation.drift"]


def test_scores_that_fall(caplog: pytest.LogCaptureFixture) -> None:
    model = Played(lambda body: TRUE)
    with judged(**settings()) as court:
        answers(court, model, TRUE, 60)
        assert drifts(court) == []
        answers(court, model, FALSE, 20)
        (event,) = drifts(court)
        said = attributes_of(event)
        assert said["gen_ai.evaluation.name"] == "faithfulness"
        assert said["gen_ai.request.model"] == "gpt-4o-mini"
        assert said["genscope.evaluation.drift.before"] > 0.99
        assert said["genscope.evaluation.drift.now"] < 0.2
        assert 1 <= said["genscope.evaluation.drift.samples"] <= 20
        assert event.severity_number.value == 13
        assert event.span_id in {one.span_id for one in court.events}
        assert court.counted("genscope.evaluation.drifts", "gen_ai.request.model") == {"gpt-4o-mini": 1}
    assert [record.getMessage() for record in caplog.records if "have fallen" in record.getMessage()] == [
        "genscope: scores of gpt-4o-mini by the judge faithfulness have fallen from 1.00 to 0.00, over "
        f"{said['genscope.evaluation.drift.samples']} answers"
    ]


def test_a_sample_suffices(simulator: Simulator) -> None:
    """A quarter of all traces is judged; when answers start to contradict the context, so many judged ones tell."""
    simulator.reset()
    ratio, within = 0.25, 13  # docs/quality.md: of a check that always passed, and now fails every second time
    with judged(**settings(judge_sample_ratio=ratio), court=Court(id_generator=Numbered())) as court:
        base_url = simulator.base_url("echo")
        with openai.OpenAI(base_url=base_url, api_key="k", max_retries=0) as model:
            traces = [answered(model, TRUE) for _ in range(300)], [answered(model, FALSE) for _ in range(80)]
    before, after = ([trace for trace in some if is_judged(trace, ratio)] for some in traces)
    assert [event.trace_id for event in court.events] == [*before, *after]
    assert 50 < len(before) < 100
    (event,) = drifts(court)
    assert event.trace_id in after[:within]
    assert attributes_of(event)["genscope.evaluation.drift.samples"] == after.index(event.trace_id) + 1
    assert len(simulator.requests) == 380  # what judges ask goes elsewhere


def answered(model: openai.OpenAI, said: str) -> int:
    """A question with a context, which the model answers with `said`; the id of its trace."""
    with genscope.workflow("answer"):
        trace_id = get_current_span().get_span_context().trace_id
        with genscope.retrieval("books") as found:
            found.set_output([TRUE])
        ask(model, said)
    assert genscope.flush(SHORT)
    return trace_id


class Numbered(RandomIdGenerator):
    """Ids that are the same in each run."""

    def __init__(self) -> None:
        self._numbers = Random(7)

    def generate_trace_id(self) -> int:
        return self._numbers.getrandbits(128)


def test_what_is_usual_is_a_metric() -> None:
    model = Played(lambda body: TRUE)
    with judged(**settings()) as court:
        answers(court, model, TRUE, 10)
        assert court.points("genscope.evaluation.baseline") == []  # not enough to say so
        answers(court, model, TRUE, 45)
        (point,) = court.points("genscope.evaluation.baseline")
    assert point.value == 1.0
    assert point.attributes == {"gen_ai.evaluation.name": "faithfulness", "gen_ai.request.model": "gpt-4o-mini"}


def test_it_survives_a_restart(tmp_path: Path) -> None:
    model, where = Played(lambda body: TRUE), str(tmp_path / "usual.db")
    with judged(**settings(judge_baseline=where)) as court:
        answers(court, model, TRUE, 60)
    forget()
    with judged(**settings(judge_baseline=where)) as court:
        answers(court, model, FALSE, 20)
    assert len(drifts(court)) == 1
    judging._retire(judging._made[0][1])  # type: ignore[arg-type]


def test_the_example() -> None:
    root = Path(__file__).parents[2]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "GENSCOPE_"))}
    ran = subprocess.run(
        [sys.executable, str(root / "examples/quality/drift.py")],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.stdout == "before: 60 answers, grounded 1.00\nafter: 20 answers, grounded 0.50\n"
    said = "WARNING genscope: scores of gpt-4o-mini by the judge grounded have fallen from 1.00 to 0.50, over"
    assert re.fullmatch(rf"{re.escape(said)} \d+ answers\n", ran.stderr)
