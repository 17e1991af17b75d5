"""The options of identity: for whom things are done, and how far that travels."""

from __future__ import annotations

from dataclasses import dataclass

from genscope.settings.option import option
from genscope.settings.values import boolean, identity_names


@dataclass(frozen=True)
class IdentityOptions:
    """Identity and context"""

    baggage: tuple[str, ...] = option(
        "GENSCOPE_BAGGAGE",
        identity_names,
        (),
        "What of `genscope.context` goes to other services as W3C baggage, and is taken from it: "
        "`conversation_id,user_id,tenant,tag.NAME`, or `tag.*`.",
    )
    metric_tags: tuple[str, ...] = option(
        "GENSCOPE_METRIC_TAGS",
        identity_names,
        (),
        "What of it becomes attributes of metrics, in the same words: at most 100 combinations of values.",
    )
    threads: bool = option(
        "GENSCOPE_THREADS",
        boolean,
        True,
        "`genscope.instrument()` switches `opentelemetry-instrumentation-threading` on, if it is installed: "
        "it carries the context into threads and executors.",
    )
