"""Answers judged on request: in tests, over a collection of cases, or in the middle of a program.

    verdicts = genscope.evaluate(question=..., answer=..., context=[...], judges=["faithfulness", my_judge])

Every judge comes to a verdict, which may be an error; none of them raises.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from genscope.annotate.output import output
from genscope.core.ambient import suppressed
from genscope.core.installed import Installation, installation
from genscope.features.judge.cases import documents_of
from genscope.features.judge.choosing import Means, choose
from genscope.features.judge.models import find_model
from genscope.features.judge.panel import Around, Panel, Say
from genscope.features.judge.prompted import Judge
from genscope.features.judge.results import Judged, Results, judged_span
from genscope.features.judge.verdict import Case, Verdict
from genscope.judging import ON_REQUEST, around, check_of, events_of, results

__all__ = ["Case", "Judge", "Verdict", "aevaluate", "evaluate"]


def evaluate(
    case: Case | None = None,
    *,
    answer: str | None = None,
    question: str | None = None,
    context: str | Sequence[Any] | None = None,
    schema: Mapping[str, Any] | None = None,
    judges: Iterable[Any] | str | None = None,
    client: Any = None,
    model: str | None = None,
    span: Any = None,
    timeout: float | None = None,
) -> list[Verdict]:
    """A verdict of each judge about an answer, in the order of the judges. Blocks until the last of them has it.

    What is judged is a `Case`, or said by keyword; it is shown to the judges as it is. `judges` are names, functions
    and objects; they, `client`, `model` and `timeout` (seconds for each judge) are those of the settings unless said.
    Verdicts are also events of `span`, of the current one without it, and measured. Raises `ValueError` for judges,
    models and clients that there are not.
    """
    session = _session(judges, client, model, span, timeout, in_a_loop=False)
    asked = _case(case, answer, question, context, schema)
    verdicts = session.panel.judge(asked, session.around)
    session.tell(asked, verdicts)
    return verdicts


async def aevaluate(
    case: Case | None = None,
    *,
    answer: str | None = None,
    question: str | None = None,
    context: str | Sequence[Any] | None = None,
    schema: Mapping[str, Any] | None = None,
    judges: Iterable[Any] | str | None = None,
    client: Any = None,
    model: str | None = None,
    span: Any = None,
    timeout: float | None = None,
) -> list[Verdict]:
    """`evaluate` without blocking the event loop; `client` may be an asynchronous one, and a judge a coroutine."""
    session = _session(judges, client, model, span, timeout, in_a_loop=True)
    asked = _case(case, answer, question, context, schema)
    verdicts = await session.panel.ajudge(asked, session.around)
    session.tell(asked, verdicts)
    return verdicts


class _Session(NamedTuple):
    """What one evaluation needs; `results` is None where nobody shall see it."""

    panel: Panel
    judged: Judged
    around: Around
    results: Results | None

    def tell(self, case: Case, verdicts: Sequence[Verdict]) -> None:
        if self.results is None:
            return
        for verdict in verdicts:
            try:
                self.results.tell(self.judged, case, verdict)
            except Exception as fault:
                output().faults.report("telling a verdict", fault)


def _session(
    judges: Iterable[Any] | str | None,
    client: Any,
    model: str | None,
    span: Any,
    timeout: float | None,
    *,
    in_a_loop: bool,
) -> _Session:
    installed = installation()
    settings = installed.settings
    seconds = settings.judge_timeout if timeout is None else timeout
    if not (isinstance(seconds, (int, float)) and seconds > 0):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"timeout={timeout!r}; accepted: seconds, more than 0")
    found = find_model(settings.judge_client if client is None else client, model or settings.judge_model)
    said = settings.judges if judges is None else judges
    if isinstance(said, str):
        said = [name for word in said.split(",") if (name := word.strip())]
    chosen = choose(said, Means(found, seconds, check_of(settings), in_a_loop))
    if chosen.problems:
        raise ValueError("; ".join(chosen.problems))
    panel, judged = Panel(chosen.judges, seconds, on_request=True), judged_span(span)
    if suppressed():
        return _Session(panel, judged, _unseen, None)
    return _Session(panel, judged, around(ON_REQUEST, judged), _results_of(installed))


def _case(
    case: Case | None,
    answer: str | None,
    question: str | None,
    context: str | Sequence[Any] | None,
    schema: Mapping[str, Any] | None,
) -> Case:
    if case is not None:
        if any(said is not None for said in (answer, question, context, schema)):
            raise TypeError("say what is judged as a case or by keyword, not both")
        return case
    return Case(answer, question, None if context is None else tuple(documents_of(context)), schema=schema)


@contextmanager
def _unseen(name: str) -> Generator[Say]:
    """Where the application wants no telemetry: neither of the verdict, nor of how it came about."""
    yield lambda verdict: None


_made: list[tuple[Installation, Results]] = []


def _results_of(installed: Installation) -> Results:
    """The same for all evaluations of an installation: instruments are made once."""
    for made_for, found in _made:
        if made_for is installed:
            return found
    events = events_of(installed.logger_provider)
    _made[:] = [(installed, results(installed.settings, installed.meter_provider, events))]
    return _made[0][1]
