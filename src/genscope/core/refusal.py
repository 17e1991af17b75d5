"""The one exception that genscope raises: a call that must not be made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


class BudgetExceeded(RuntimeError):
    """A call was refused before it was sent: a limit is used up. The only exception that a stage may let out."""

    __module__ = "genscope"  # where everybody imports it from

    def __init__(
        self,
        message: str = "",
        *,
        limit: Any = None,
        spent: float | int | None = None,
        resets_at: datetime | None = None,
        scope: Mapping[str, str | None] | None = None,
    ) -> None:
        """All but the message is None, or empty, where nobody knows it."""
        super().__init__(message)
        self.limit = limit
        """As it was declared: `str(limit)`, and `limit.amount`, `limit.unit`, `limit.window`."""
        self.spent = spent
        """USD, tokens or requests, as `limit.unit` says."""
        self.resets_at = resets_at
        """When the window ends, in the time zone of the budget; None for one that never does."""
        self.scope: Mapping[str, str | None] = {} if scope is None else scope
        """For whom the limit is used up: `{"user": "u1"}`; empty if for all."""
