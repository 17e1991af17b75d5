"""Judging, put together from the settings: the trace of a judge, where verdicts go, and the stage that has it done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple

from genscope import semconv
from genscope.annotate.kinds import Kind
from genscope.annotate.output import output
from genscope.annotate.run import Run, begin
from genscope.core.ambient import apart, hold, release
from genscope.core.judging import is_judged, recall
from genscope.core.pipeline import Faults, Pipeline
from genscope.core.scores import observe_score
from genscope.features.budget.assembling import budgets
from genscope.features.budget.declaring import declared
from genscope.features.budget.limits import Limit
from genscope.features.budget.pricing import Pricer
from genscope.features.budget.stage import Budgets
from genscope.features.judge.apart import JUDGE, SCOPE, scopes_of
from genscope.features.judge.baseline import Baselines
from genscope.features.judge.choosing import Means, choose
from genscope.features.judge.models import Model, find_model
from genscope.features.judge.panel import Around, Panel, Say
from genscope.features.judge.prompted import Judge
from genscope.features.judge.results import Instruments, Judged, Results
from genscope.features.judge.stage import Judging
from genscope.features.judge.usual import usual
from genscope.features.judge.verdict import Judge as Check
from genscope.features.judge.verdict import Verdict
from genscope.features.redaction.engine import make_redactor
from genscope.features.redaction.rules import RULES
from genscope.features.redaction.stage import redaction
from genscope.settings import Settings, say_once
from genscope.telemetry.content import ContentWriter
from genscope.telemetry.events import EventLog
from genscope.telemetry.metrics import meter_of, recorder
from genscope.telemetry.observing import observe

logger = logging.getLogger("genscope")

IN_BACKGROUND: Final = Kind((semconv.OUR_OPERATION_NAME, JUDGE), semconv.EVALUATION_NAME)
ON_REQUEST: Final = Kind((semconv.OUR_OPERATION_NAME, "evaluate"), semconv.EVALUATION_NAME)
_JUDGED: Final = "judged"
"""Kind of the link that leads from a judge's trace to the call that is judged."""
_NO_LIMIT: Final = ("off", "none")


class Court(NamedTuple):
    """The stage that has answers judged, the one that holds judges to their budget, and what scores are usual."""

    judging: Judging
    budget: Budgets | None
    baselines: Baselines


_made: Final[list[tuple[Any, Court | None]]] = []
"""The one that holds, with what it was made of: all SDKs share it."""


def court(settings: Settings, meter_provider: Any, logger_provider: Any, pricer: Pricer | None) -> Court | None:
    """What the settings ask for; None if nothing is to be judged."""
    if settings.judge_sample_ratio <= 0:
        return None
    asked = (settings, meter_provider, logger_provider, pricer is None)
    for made_of, found in _made:
        if made_of == asked:
            return found
    for _, before in _made:
        if before is not None:
            _retire(before)
    _made[:] = [(asked, _court(settings, meter_provider, logger_provider, pricer))]
    return _made[0][1]


def _retire(before: Court) -> None:
    before.judging.retire()
    before.baselines.close()
    if before.budget is not None:
        before.budget.retire()


def _court(settings: Settings, meter_provider: Any, logger_provider: Any, pricer: Pricer | None) -> Court | None:
    limits = _limits(settings)
    judges = _judges(settings)
    if limits is None or not judges:
        return None
    events = events_of(logger_provider)
    baselines = Baselines(settings.judge_baseline)
    observe(meter_provider, {semconv.EVALUATION_BASELINE: partial(usual, _baselines)})
    stage = Judging(
        Panel(judges, settings.judge_timeout),
        results(settings, meter_provider, events, baselines),
        chooses=partial(is_judged, ratio=settings.judge_sample_ratio),
        recalls=recall,
        around=partial(around, IN_BACKGROUND),
        idle=lambda: output().idle() and (events is None or events.idle()),
        faults=Faults(settings.raise_faults),
        queue_size=settings.judge_queue_size,
    )
    return Court(stage, _budget(limits, settings, pricer), baselines)


def _judges(settings: Settings) -> Sequence[Check]:
    """Those that the settings name, and that can judge."""
    model: Model | None = None
    problems: list[str] = []
    try:
        model = find_model(settings.judge_client, settings.judge_model)
    except ValueError as problem:
        problems.append(str(problem))
    chosen = choose(settings.judges, Means(model, settings.judge_timeout, check_of(settings)))
    able = [judge for judge in chosen.judges if not (isinstance(judge, Judge) and judge.asked is None)]
    unable = [judge.name for judge in chosen.judges if judge not in able]
    if unable:
        problems.append(f"{', '.join(unable)}: there is no model to ask; say judge_model or judge_client")
    for problem in (*problems, *chosen.problems):
        say_once(f"not judged as it was meant: {problem}")
    return able


def _baselines() -> Baselines | None:
    """Those that hold."""
    found = _made[0][1] if _made else None
    return None if found is None else found.baselines


def check_of(settings: Settings) -> Callable[[str], Check]:
    """The check of a name; for personal data by the rules of redaction, whether or not that is in use."""

    def find(name: str) -> Check:
        from genscope.features.judge.checks import PersonalData, check  # here: few want one, and some have tables

        if name != "pii":
            return check(name)
        preset = "default" if settings.redaction == "off" else settings.redaction
        rules = make_redactor(preset, rules=settings.redaction_rules, patterns=settings.redaction_patterns)
        labels = {name: rule.label for name, rule in RULES.items()}
        return check(name, PersonalData(rules.find, labels))

    return find


# --- where verdicts go


def results(
    settings: Settings, meter_provider: Any, events: EventLog | None, baselines: Baselines | None = None
) -> Results:
    meter = meter_of(meter_provider)
    instruments = Instruments(
        recorder(meter, semconv.EVALUATION_SCORES),
        recorder(meter, semconv.EVALUATION_RESULTS),
        recorder(meter, semconv.EVALUATION_DROPS),
        recorder(meter, semconv.EVALUATION_DRIFTS),
    )
    explain = _explainer(settings) if settings.content_on_events else None
    return Results(instruments, events, observe_score, explain, baselines)


def events_of(logger_provider: Any) -> EventLog | None:
    try:
        return EventLog(logger_provider)
    except Exception:  # a logger provider, or a release of OpenTelemetry, that we do not know
        logger.warning("genscope: no events are written of what judges find", exc_info=True)
        return None


def _explainer(settings: Settings) -> Callable[[str], str | None]:
    """What may be seen of an explanation: it may quote anything, whoever has written it."""
    screens = Pipeline(tuple(redaction(settings)), Faults(settings.raise_faults))
    writer = ContentWriter(settings.max_content_bytes, False, settings.max_part_bytes)

    def explain(text: str) -> str | None:
        content = screens.new_content()
        content.error = text
        seen: Any = content.error
        return writer.text(seen) if isinstance(seen, str) else None

    return explain


# --- the trace of a judge


def around(kind: Kind, judged: Judged) -> Around:
    """A trace of its own for each judge, with a link to what is judged."""
    return partial(_in_own_trace, kind, judged)


@contextmanager
def _in_own_trace(kind: Kind, judged: Judged, name: str) -> Generator[Say]:
    """What is called inside is marked: it is for the judge, and not for the application."""
    context = apart(kind.word)
    run = begin(kind, name, {}, parent=context)
    if run is not None and run.span.is_recording() and judged.span.get_span_context().is_valid:
        run.span.add_link(judged.span.get_span_context(), {semconv.LINK_KIND: _JUDGED})
    token = hold(context if run is None else run.context)
    try:
        yield partial(_note, run)
    except BaseException as error:
        release(token)
        if run is not None:
            run.fail(error)
        raise
    release(token)
    if run is not None:
        run.succeed(None)


def _note(run: Run | None, verdict: Verdict) -> None:
    """Onto the span of the judge."""
    if run is None or not run.span.is_recording():
        return
    settings = output().installed.settings
    try:
        found = {
            semconv.EVALUATION_SCORE: verdict.score,
            semconv.EVALUATION_LABEL: verdict.label,
            semconv.ERROR_TYPE: verdict.error,
        }
        if settings.content_on_spans and verdict.explanation is not None:
            found[semconv.EVALUATION_EXPLANATION] = _explainer(settings)(verdict.explanation)
        run.span.set_attributes({name: value for name, value in found.items() if value is not None})
    except Exception as fault:
        output().faults.report("writing a verdict", fault)


# --- what it may cost


def _limits(settings: Settings) -> Sequence[Limit] | None:
    """Those of judges, for their calls and no others. None if one cannot be read: rather no verdict than any price."""
    said = settings.judge_budget
    if isinstance(said, str) and said.strip().lower() in _NO_LIMIT:
        return ()
    found = declared(said)
    for problem in found.problems:
        say_once(f"nothing is judged, for the budget of judges is not understood: {problem}")
    if found.problems:
        return None
    return [replace(limit, where={**limit.where, SCOPE: JUDGE}) for limit in found.limits]


def _budget(limits: Sequence[Limit], settings: Settings, pricer: Pricer | None) -> Budgets | None:
    return budgets(
        limits,
        mode="deny",
        store=settings.budget_store,
        zone=settings.budget_timezone,
        default_output_tokens=settings.budget_default_output_tokens,
        pricer=pricer,
        identity=scopes_of,
    )
