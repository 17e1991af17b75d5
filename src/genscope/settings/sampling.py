"""The options of sampling."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from genscope.settings.option import option
from genscope.settings.values import words


@dataclass(frozen=True)
class SamplingOptions:
    """Sampling"""

    keep_routes: Collection[str] = option(
        "GENSCOPE_KEEP_ROUTES",
        words,
        (),
        "Requests whose whole traces the sampler `genscope_keep_llm` keeps, `*` for anything: `/chat*,POST /agents/*`; "
        "an environment variable only, for the sampler is there before anything is instrumented.",
    )
