"""Why a request is not answered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Refusal(Exception):
    """An HTTP status, why, in words for the sender, and after how many seconds to try again, if that may help."""

    status: int
    reason: str
    retry_after: int | None = None

    def __str__(self) -> str:
        return self.reason
