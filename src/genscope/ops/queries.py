"""What one asks Prometheus about calls to models, by meaning: the one source of the queries of rules and dashboards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from genscope import semconv
from genscope.ops.prometheus_names import Via, label_name, metric_name
from genscope.semconv import Metric

FLAVOURS: Final = ("default", "gen_ai_latest_experimental", "legacy")

SERVICE: Final = "job"
"""`service.name` by OTLP; else the name of the job that fetches the metrics."""
INSTANCE: Final = "instance"
OPERATION: Final = label_name(semconv.OPERATION_NAME)
PROVIDER: Final = label_name(semconv.PROVIDER_NAME)
MODEL: Final = label_name(semconv.REQUEST_MODEL)
KIND: Final = label_name(semconv.ERROR_KIND)
ERROR_TYPE: Final = label_name(semconv.ERROR_TYPE)
DEFECT: Final = label_name(semconv.RESPONSE_DEFECT)
TOKEN_TYPE: Final = label_name(semconv.TOKEN_TYPE)
LIMIT: Final = label_name(semconv.BUDGET_LIMIT)
SCOPE: Final = label_name(semconv.BUDGET_SCOPE)
AGENT: Final = label_name(semconv.AGENT_NAME)
TOOL: Final = label_name(semconv.TOOL_NAME)
WORKFLOW: Final = label_name(semconv.WORKFLOW_NAME)

OF_THE_APPLICATION: Final = f'{label_name(semconv.OUR_OPERATION_NAME)}=""'
"""Without the calls that judge answers."""
OF_MODELS: Final = f'{OPERATION}!="retrieval"'
"""A retrieval that an application annotates is measured under the name that other operations have."""
OF_INFERENCE: Final = f'{OPERATION}=~"{"|".join(sorted(semconv.INFERENCE))}"'
NOT_THE_PROVIDERS: Final = ("cancelled", "budget_exceeded")
"""Kinds of errors that the application wanted: no success, and nothing that anybody could mend."""
A_FAULT: Final = f'{KIND}!~"{"|".join(NOT_THE_PROVIDERS)}"'
WANTED: Final = f'{KIND}=~"{"|".join(NOT_THE_PROVIDERS)}"'
FAILED: Final = f'{KIND}!="",{A_FAULT}'
"""Of attempts."""


def _metrics(flavour: str) -> Mapping[str, Metric]:
    """By meaning. Names of old are written beside those of today, which are there for what they have no name for."""
    of_today = semconv.LATEST.metrics if flavour == FLAVOURS[1] else semconv.DEFAULT.metrics
    found = {**of_today, "errors": semconv.ERRORS, "cost": semconv.COST}
    return found | {**semconv.LEGACY.metrics} if flavour == "legacy" else found


@dataclass(frozen=True)
class Queries:
    """PromQL for the names of one flavour of the conventions, on one way to Prometheus.

    `where` are matchers that every query has: a dashboard's choice of service, provider and model.
    """

    flavour: str = FLAVOURS[0]
    via: Via = "otlp"
    where: tuple[str, ...] = ()

    # --- series

    def name(self, metric: Metric) -> str:
        return metric_name(metric, self.via)

    def metric(self, meaning: str) -> Metric:
        return _metrics(self.flavour)[meaning]

    def series(self, metric: Metric, *matchers: str, suffix: str = "", scoped: bool = True) -> str:
        """A selector. `scoped` is false for what has no model: of it `where` holds as far as it has the labels."""
        where = self.where if scoped else tuple(one for one in self.where if one.startswith(SERVICE))
        return f"{self.name(metric)}{suffix}{{{','.join((*where, *matchers))}}}".replace("{}", "")

    def of_calls(self, metric: Metric, *matchers: str, suffix: str = "") -> str:
        """A selector of what the application itself has called for."""
        return self.series(metric, OF_THE_APPLICATION, *matchers, suffix=suffix)

    def _durations(self) -> tuple[Metric, float]:
        """The histogram of inference calls, and how many of its units are a second."""
        legacy = self.flavour == "legacy"
        return self.metric("milliseconds" if legacy else "duration"), 1000 if legacy else 1

    # --- calls and errors

    def calls(self, window: str, by: Sequence[str], function: str = "rate") -> str:
        """Calls to models of every operation, a second, or in the window with `increase`."""
        metric, _ = self._durations()
        found = self.of_calls(metric, OF_MODELS, suffix="_count")
        if self.flavour == FLAVOURS[1]:  # two metrics, by operation: no series is in both
            names = "|".join(f"{self.name(self.metric(meaning))}_count" for meaning in ("duration", "other_duration"))
            where = (f'__name__=~"{names}"', *self.where, OF_THE_APPLICATION, OF_MODELS)
            found = f"{{{','.join(where)}}}"
        return summed(f"{function}({found}[{window}])", by)

    def failures(self, window: str, by: Sequence[str], *matchers: str, function: str = "rate") -> str:
        """Calls that failed."""
        return summed(f"{function}({self.of_calls(self.metric('errors'), *matchers)}[{window}])", by)

    def error_ratio(self, window: str, by: Sequence[str]) -> str:
        """Of the calls that nobody wanted to end, those that failed: 0 if none has, nothing if there is no call."""
        calls, none = self.calls(window, by), f"{self.calls(window, by)} * 0"
        left = f"{calls} - ({self.failures(window, by, WANTED)} or {none})"
        return f"({self.failures(window, by, A_FAULT)} or {none}) / ({left} > 0)"

    def attempts(self, window: str, by: Sequence[str], *matchers: str, function: str = "rate") -> str:
        """HTTP attempts, retries included."""
        return summed(f"{function}({self.of_calls(semconv.ATTEMPTS, *matchers)}[{window}])", by)

    def attempt_ratio(self, window: str, by: Sequence[str], matcher: str = FAILED) -> str:
        """Of all attempts, those that failed, or that a matcher of their kinds lets through."""
        return f"{self.attempts(window, by, matcher)} / ({self.attempts(window, by)} > 0)"

    def defects(self, window: str, by: Sequence[str], *matchers: str) -> str:
        """What was wrong with answers of calls that succeeded, a second."""
        return summed(f"rate({self.of_calls(semconv.DEFECTS, *matchers)}[{window}])", by)

    # --- time

    def duration(self, quantile: float, window: str, by: Sequence[str]) -> str:
        """Seconds that inference calls take."""
        metric, units = self._durations()
        return self._quantile(metric, quantile, window, by, OF_INFERENCE) + ("" if units == 1 else f" / {units}")

    def durations(self, window: str) -> str:
        """The buckets of the durations, for a heatmap."""
        metric, _ = self._durations()
        return summed(f"increase({self.of_calls(metric, OF_INFERENCE, suffix='_bucket')}[{window}])", ["le"])

    def first_chunk(self, quantile: float, window: str, by: Sequence[str]) -> str:
        """Seconds to the first chunk of a stream; of the names of old, to its first content."""
        meaning = "time_to_first_token" if self.flavour == "legacy" else "time_to_first_chunk"
        return self._quantile(self.metric(meaning), quantile, window, by, OF_INFERENCE)

    def streams(self, window: str, by: Sequence[str]) -> str:
        """Streams that have begun, in the window."""
        meaning = "time_to_first_token" if self.flavour == "legacy" else "time_to_first_chunk"
        return summed(f"increase({self.of_calls(self.metric(meaning), suffix='_count')}[{window}])", by)

    def _quantile(self, metric: Metric, quantile: float, window: str, by: Sequence[str], *matchers: str) -> str:
        buckets = summed(f"rate({self.of_calls(metric, *matchers, suffix='_bucket')}[{window}])", ["le", *by])
        return f"histogram_quantile({quantile:.12g}, {buckets})"

    def seconds(self, metric: Metric, quantile: float, window: str, by: Sequence[str]) -> str:
        """Of what is no call to a model: agents, tools, workflows."""
        buckets = summed(f"rate({self.series(metric, suffix='_bucket', scoped=False)}[{window}])", ["le", *by])
        return f"histogram_quantile({quantile:.12g}, {buckets})"

    def runs(self, metric: Metric, window: str, by: Sequence[str], *matchers: str) -> str:
        """How many of them, a second."""
        return summed(f"rate({self.series(metric, *matchers, suffix='_count', scoped=False)}[{window}])", by)

    def average(self, metric: Metric, window: str, by: Sequence[str]) -> str:
        """The mean of a histogram of what is no call to a model."""
        total = summed(f"rate({self.series(metric, suffix='_sum', scoped=False)}[{window}])", by)
        return f"{total} / ({self.runs(metric, window, by)} > 0)"

    # --- tokens and money

    def tokens(self, window: str, by: Sequence[str], function: str = "increase") -> str:
        """Input and output tokens, in the window; by `TOKEN_TYPE` too, if it is among the labels."""
        if self.flavour != FLAVOURS[1]:
            found = self.of_calls(self.metric("tokens"), suffix="_sum")
            return summed(f"{function}({found}[{window}])", by)
        kinds = (
            f'label_replace({function}({self.of_calls(metric)}[{window}]), "{TOKEN_TYPE}", "{kind}", "", "")'
            for kind, metric in (("input", self.metric("input_tokens")), ("output", self.metric("output_tokens")))
        )
        return summed(" or ".join(kinds), by)

    def cost(self, window: str, by: Sequence[str], function: str = "increase") -> str:
        """US dollars, in the window."""
        return summed(f"{function}({self.of_calls(self.metric('cost'))}[{window}])", by)

    def unpriced(self, window: str, by: Sequence[str]) -> str:
        return summed(events(self.of_calls(semconv.UNPRICED), window), by)

    def budget(self, metric: Metric, by: Sequence[str]) -> str:
        """A gauge of budgets: each process says what the whole has spent, so it is no sum."""
        return f"max by ({', '.join(by)}) ({self.series(metric, scoped=False)})"


def summed(found: str, by: Sequence[str]) -> str:
    return f"sum by ({', '.join(by)}) ({found})" if by else f"sum({found})"


def events(counter: str, window: str) -> str:
    """How often something rare has happened in the window.

    `increase` alone misses the first time: then a counter comes into being, with a value, and does not grow. It has
    just come into being if it was not there for a whole window before; so after a gap of that length all of it counts.
    """
    return f"(({counter} unless last_over_time({counter}[{window}] offset {window})) or increase({counter}[{window}]))"
