"""The board of what answers are worth."""

from __future__ import annotations

from genscope import semconv
from genscope.ops.boards.board import RATE, Board, Panel, Query, Row, of
from genscope.ops.quality_rules import LABEL, REASON
from genscope.ops.queries import DEFECT, ERROR_TYPE, MODEL, Queries, events, summed
from genscope.ops.records import JUDGE
from genscope.ops.thresholds import Thresholds


def quality(queries: Queries, t: Thresholds) -> Board:
    by, hour = [JUDGE, MODEL], "1h"
    scores = semconv.EVALUATION_SCORES
    total, count = (
        summed(f"rate({queries.series(scores, suffix=suffix)}[{hour}])", by) for suffix in ("_sum", "_count")
    )
    results = queries.series(semconv.EVALUATION_RESULTS)
    faithful = queries.series(semconv.EVALUATION_RESULTS, f'{JUDGE}="faithfulness"', f'{LABEL}=~"pass|fail"')
    unfaithful = queries.series(semconv.EVALUATION_RESULTS, f'{JUDGE}="faithfulness"', f'{LABEL}="fail"')
    made_up = f"{summed(f'rate({unfaithful}[{hour}])', [MODEL])} / ({summed(f'rate({faithful}[{hour}])', [MODEL])} > 0)"
    refused = f'{DEFECT}="refused"'
    refusals = f"{queries.defects(hour, [MODEL], refused)} / ({queries.calls(hour, [MODEL])} > 0)"
    errors = queries.series(semconv.EVALUATION_RESULTS, f'{ERROR_TYPE}!=""')
    usual = f"avg by ({', '.join(by)}) ({queries.series(semconv.EVALUATION_BASELINE, scoped=False)})"
    dropped = queries.series(semconv.EVALUATION_DROPS, scoped=False)
    drifts = queries.series(semconv.EVALUATION_DRIFTS, scoped=False)
    return Board(
        "genscope-quality",
        "genscope: quality",
        "What judges say of answers (docs/quality.md), and refusals. Without judges only the refusals are there.",
        (
            Row(
                "Scores",
                (
                    Panel(
                        "Mean score", "Of an hour, by judge and model; 1 is best.", "percentunit",
                        (Query(f"{total} / ({count} > 0)", of(JUDGE, MODEL)),), steps=(t.score_minimum,), falling=True,
                    ),
                    Panel(
                        "Usual score", "The mean that each score is held against.", "percentunit",
                        (Query(usual, of(JUDGE, MODEL)),),
                    ),
                    Panel(
                        "Made up", "Part of the judged answers that their documents do not bear out.", "percentunit",
                        (Query(made_up, of(MODEL)),), steps=(t.hallucination_ratio,),
                    ),
                    Panel(
                        "Refused", "Part of the answers that say only that there will be none.", "percentunit",
                        (Query(refusals, of(MODEL)),), steps=(t.refusal_ratio,),
                    ),
                    Panel(
                        "Falls of scores", "In an hour: a model may have been changed.", "short",
                        (Query(summed(events(drifts, hour), by), of(JUDGE, MODEL)),), steps=(1,), width=24,
                    ),
                ),
            ),
            Row(
                "Judges",
                (
                    Panel(
                        "Verdicts", "A second, by judge and label.", "short",
                        (Query(summed(f"rate({results}[{RATE}])", [JUDGE, LABEL]), of(JUDGE, LABEL)),), stacked=True,
                    ),
                    Panel(
                        "Judges that fail", "In an hour.", "short",
                        (Query(summed(events(errors, hour), [JUDGE, ERROR_TYPE]), of(JUDGE, ERROR_TYPE)),),
                        stacked=True,
                    ),
                    Panel(
                        "Not judged", "Answers in an hour that were to be judged, by reason.", "short",
                        (Query(summed(events(dropped, hour), [REASON]), of(REASON)),), stacked=True, width=24,
                    ),
                ),
            ),
        ),
    )  # fmt: skip
