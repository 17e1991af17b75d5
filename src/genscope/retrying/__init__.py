"""What an application tries again: the same thing later (`retry`), or with another model (`fallback`).

    @genscope.retry(attempts=4, deadline=30)
    def ask(prompt: str) -> str: ...

    for attempt in genscope.retry(attempts=4):
        with attempt:
            answer = ask("...")

    @genscope.fallback(models=["gpt-4o", "gpt-4o-mini"])
    def ask(prompt: str, *, model: str) -> str: ...

All tries are under one span. The calls to models beneath it have theirs, so that nothing is counted twice.
"""

from genscope.retrying.fallbacks import FALLBACK_KINDS, Fallback, fallback
from genscope.retrying.retries import Retry, retry
from genscope.retrying.tries import Try

__all__ = ["FALLBACK_KINDS", "Fallback", "Retry", "Try", "fallback", "retry"]
