"""Records of calls as the readers would leave them."""

from __future__ import annotations

import calendar
from typing import Any

from genscope.core.operation import Operation, Usage

MONDAY = calendar.timegm((2026, 11, 23, 8, 0, 0)) * 10**9
"""Nanoseconds since the epoch."""


def call(
    provider: str = "openai",
    model: str | None = "gpt-4o",
    *,
    response_model: str | None = None,
    host: str | None = None,
    request: dict[str, Any] | None = None,
    answer: dict[str, Any] | None = None,
    at: int = MONDAY,
    **tokens: int,
) -> Operation:
    """A call that has ended; without tokens it has no usage."""
    op = Operation("chat", provider, host, None if host is None else 443, False)
    op.model = model
    op.response_model = response_model
    op.request = dict(request or {})
    op.response = dict(answer or {})
    op.started_at = at
    if tokens:
        op.usage = Usage()
        for field, number in tokens.items():
            assert hasattr(Usage, field)
            setattr(op.usage, field, number)
    return op
