"""Alerts on what answers are worth, where they are judged (docs/quality.md), and on refusals, which are always seen."""

from __future__ import annotations

from collections.abc import Iterator

from genscope import semconv
from genscope.ops.prometheus_names import label_name
from genscope.ops.queries import DEFECT, ERROR_TYPE, MODEL, SERVICE, events, summed
from genscope.ops.records import BY_JUDGE, JUDGE, JUDGED_WINDOW, Records
from genscope.ops.rule import Alert, Series
from genscope.ops.samples import CALL, Samples, grows, named

LABEL = label_name(semconv.EVALUATION_LABEL)
REASON = label_name(semconv.EVALUATION_DROPPED)
_LOOKS = (
    "The dashboard genscope quality: which judge, which model, since when; the events `gen_ai.evaluation.result` "
    "with their explanations, and the traces they belong to."
)
_ACTION = (
    "What changed: the model behind the name (`gen_ai.response.model`), the prompt, what is retrieved? Roll back, or "
    "pin the model's version. Read ten of the answers before you believe a judge."
)
_NEEDS = "answers that are judged (`GENSCOPE_JUDGE_SAMPLE_RATIO`)"
_CASE = {SERVICE: "shop", JUDGE: "faithfulness", MODEL: "gpt-4o-mini"}
_OF = "{{ $labels.gen_ai_request_model }} in {{ $labels.job }}"


def quality_alerts(records: Records, samples: Samples) -> Iterator[Alert]:
    yield from _scores(records, samples)
    yield from _shares(samples)
    yield from _judges(samples)


def _scores(records: Records, samples: Samples) -> Iterator[Alert]:
    queries, t = samples.queries, samples.thresholds
    steps = samples.steps("20m")
    usual = f"avg by ({', '.join(BY_JUDGE)}) ({queries.name(semconv.EVALUATION_BASELINE)})"
    verdicts = f"{queries.name(semconv.EVALUATION_SCORES)}_count"
    enough = f"{summed(f'increase({verdicts}[{JUDGED_WINDOW}])', BY_JUDGE)} >= {t.minimum_calls:.12g}"
    baseline = Series(named(queries.name(semconv.EVALUATION_BASELINE), _CASE), 1)

    def scored(score: float, step: float = samples.enough) -> tuple[Series, ...]:
        return samples.histogram(semconv.EVALUATION_SCORES, step, score, _CASE)

    yield Alert(
        name="LLMScoreUnderUsual",
        layer="quality",
        severity="high",
        topic="quality",
        expr=f"{records.score.name} < {usual} - {t.score_drop:.12g} and {enough}",
        hold="5m",
        summary=f"Answers of {_OF} score {{{{ $value | humanize }}}} by {{{{ $labels.gen_ai_evaluation_name }}}}: "
        "worse than usual",
        meaning=f"The mean of an hour is more than {t.score_drop:.12g} under the mean that is usual for this judge and "
        "model.",
        looks=_LOOKS,
        action=_ACTION,
        fires=samples.example("5m", scored(1 - (1 + t.score_drop) / 2), (baseline,), after=steps),
        quiet=(
            samples.example("5m", scored(1 - t.score_drop * 0.8), (baseline,), after=steps),
            samples.example("5m", scored(0, samples.few_in(JUDGED_WINDOW)), (baseline,), after=steps),
        ),
        needs=_NEEDS,
    )
    yield Alert(
        name="LLMScoreLow",
        layer="quality",
        severity="medium",
        topic="quality",
        expr=f"{records.score.name} < {t.score_minimum:.12g} and {enough}",
        hold="5m",
        summary=f"Answers of {_OF} score {{{{ $value | humanize }}}} by {{{{ $labels.gen_ai_evaluation_name }}}}",
        meaning=f"The mean of an hour is under {t.score_minimum:.12g}, whatever is usual.",
        looks=_LOOKS,
        action=_ACTION,
        fires=samples.example("5m", scored(t.score_minimum / 2), after=steps),
        quiet=(
            samples.example("5m", scored((1 + t.score_minimum) / 2), after=steps),
            samples.example("5m", scored(0, samples.few_in(JUDGED_WINDOW)), after=steps),
        ),
        needs=_NEEDS,
    )
    drifts = queries.name(semconv.EVALUATION_DRIFTS)
    yield Alert(
        name="LLMScoresDrifted",
        layer="quality",
        severity="high",
        topic="quality",
        expr=f"{summed(events(drifts, JUDGED_WINDOW), BY_JUDGE)} >= 1",
        hold="1m",
        summary=f"Scores of {_OF} by {{{{ $labels.gen_ai_evaluation_name }}}} have fallen",
        meaning="Each score is held against those that are usual, and this fall is no accident. The event "
        "`genscope.evaluation.drift` says from what to what.",
        looks=_LOOKS,
        action=_ACTION,
        fires=samples.example("1m", (grows(named(drifts, _CASE), 1),)),
        quiet=(samples.example("1m", (grows(named(drifts, _CASE), 0),)),),
        needs=_NEEDS,
    )


def _shares(samples: Samples) -> Iterator[Alert]:
    queries, t, steps = samples.queries, samples.thresholds, samples.steps("20m")
    results, of = queries.name(semconv.EVALUATION_RESULTS), [SERVICE, MODEL]
    faithful = f'{JUDGE}="faithfulness"'

    def share(labels: str, function: str = "rate") -> str:
        return summed(f'{function}({results}{{{faithful},{LABEL}=~"{labels}"}}[{JUDGED_WINDOW}])', of)

    def judged(step: float, part: float) -> tuple[Series, ...]:
        return (
            grows(named(results, {**_CASE, LABEL: "pass"}), step * (1 - part)),
            grows(named(results, {**_CASE, LABEL: "fail"}), step * part),
        )

    limit = t.hallucination_ratio
    yield Alert(
        name="LLMHallucinationsHigh",
        layer="quality",
        severity="high",
        topic="quality",
        expr=f"{share('fail')} / {share('pass|fail')} > {limit:.12g} and {share('pass|fail', 'increase')} >= "
        f"{t.minimum_calls:.12g}",
        hold="5m",
        summary=f"{{{{ $value | humanizePercentage }}}} of the judged answers of {_OF} are made up",
        meaning=f"More than {limit * 100:.4g} % of the answers that the judge `faithfulness` has seen in an hour say "
        "what their documents do not, or the opposite.",
        looks=_LOOKS,
        action=_ACTION + " Does the retrieval still find what is needed?",
        fires=samples.example("5m", judged(samples.enough, (1 + limit) / 2), after=steps),
        quiet=(
            samples.example("5m", judged(samples.enough, limit * 0.8), after=steps),
            samples.example("5m", judged(samples.few_in(JUDGED_WINDOW), 1), after=steps),
        ),
        needs=_NEEDS + " by `faithfulness`",
    )
    limit = t.refusal_ratio
    refused = queries.defects(JUDGED_WINDOW, of, f'{DEFECT}="refused"')
    calls = queries.calls(JUDGED_WINDOW, of)
    few = samples.few_in(JUDGED_WINDOW)

    def refusing(step: float, part: float) -> tuple[Series, ...]:
        return (*samples.calls(step), *samples.counter(semconv.DEFECTS, step * part, {DEFECT: "refused"}))

    yield Alert(
        name="LLMRefusalsHigh",
        layer="quality",
        severity="medium",
        topic="quality",
        expr=f"{refused} / {calls} > {limit:.12g} and {queries.calls(JUDGED_WINDOW, of, 'increase')} >= "
        f"{t.minimum_calls:.12g}",
        hold="5m",
        summary="{{ $labels.gen_ai_request_model }} refuses {{ $value | humanizePercentage }} of what "
        "{{ $labels.job }} asks",
        meaning="Answers say only that there will be none. Counted are those that the provider marks as refusals.",
        looks="The dashboard genscope quality: since when; spans with `genscope.response.defect` `refused`.",
        action="Since a release: the prompt. Since none: the model was changed; pin its version, or try another one. "
        "Users who ask for what they must not: nothing.",
        fires=samples.example("5m", refusing(samples.enough, (1 + limit) / 2), after=steps),
        quiet=(
            samples.example("5m", refusing(samples.enough, limit * 0.8), after=steps),
            samples.example("5m", refusing(few, 1), after=steps),
        ),
    )


def _judges(samples: Samples) -> Iterator[Alert]:
    queries, t, steps = samples.queries, samples.thresholds, samples.steps("20m")
    results, by = queries.name(semconv.EVALUATION_RESULTS), [SERVICE, JUDGE]
    all_results = summed(f"rate({results}[{JUDGED_WINDOW}])", by)
    errors = summed(f'rate({results}{{{ERROR_TYPE}!=""}}[{JUDGED_WINDOW}])', by)
    failing = named(results, {**_CASE, ERROR_TYPE: "timeout"})
    yield Alert(
        name="LLMJudgeFailing",
        layer="quality",
        severity="medium",
        topic="judges",
        expr=f"{errors} / {all_results} > {t.error_ratio:.12g} and {all_results.replace('rate(', 'increase(')} >= "
        f"{t.minimum_calls:.12g}",
        hold="5m",
        summary="The judge {{ $labels.gen_ai_evaluation_name }} of {{ $labels.job }} fails in "
        "{{ $value | humanizePercentage }}",
        meaning="Answers are to be judged and are not: alerts on quality see less than you think.",
        looks="`error.type` of `genscope.evaluation.results`: docs/quality.md has a table of them.",
        action="`timeout`: GENSCOPE_JUDGE_TIMEOUT, or a faster model. `no_judge_model`: GENSCOPE_JUDGE_MODEL. "
        "`invalid_verdict`: a model that follows a schema.",
        fires=samples.example("5m", (grows(failing, samples.enough),), after=steps),
        quiet=(
            samples.example(
                "5m",
                (grows(failing, samples.enough * t.error_ratio * 0.8),),
                (grows(named(results, {**_CASE, LABEL: "pass"}), samples.enough),),
                after=steps,
            ),
            samples.example("5m", (grows(failing, samples.few_in(JUDGED_WINDOW)),), after=steps),
        ),
        needs=_NEEDS,
    )
    dropped = queries.name(semconv.EVALUATION_DROPS)
    series = named(dropped, {SERVICE: CALL[SERVICE], REASON: "budget"})
    yield Alert(
        name="LLMAnswersNotJudged",
        layer="quality",
        severity="medium",
        topic="judges",
        expr=f"{summed(events(dropped, JUDGED_WINDOW), [SERVICE, REASON])} >= {t.minimum_calls:.12g}",
        hold="5m",
        summary="{{ $value | humanize }} answers of {{ $labels.job }} were not judged: "
        "{{ $labels.genscope_evaluation_drop_reason }}",
        meaning="They were chosen to be judged and left out: `budget`, `queue_full` or `exit`.",
        looks="Which reason; the sample ratio against the budget of judges.",
        action="`budget`: a higher GENSCOPE_JUDGE_BUDGET, or a lower GENSCOPE_JUDGE_SAMPLE_RATIO. `queue_full`: the "
        "same ratio, or a larger GENSCOPE_JUDGE_QUEUE_SIZE.",
        fires=samples.example("5m", (grows(series, samples.enough),)),
        quiet=(samples.example("5m", (grows(series, 0),)),),
        needs=_NEEDS,
    )
