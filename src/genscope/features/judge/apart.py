"""Budgets of the application and those of its judges: neither is charged for the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from genscope.core.operation import Operation
from genscope.core.pipeline import Stage

JUDGE: Final = "judge"
"""The purpose of calls that are made to judge in the background."""
SCOPE: Final = "tag:genscope"
"""By which limits of judges are told from others where both are counted in one store."""


def scopes_of(op: Operation) -> Mapping[str, Any]:
    """For whom a call is, for limits of judges."""
    return {SCOPE: JUDGE} if op.purpose == JUDGE else {}


class Gate(Protocol):
    """A stage that is asked before a request is sent."""

    wants_raw: bool

    def admit(self, op: Operation) -> None: ...
    async def aadmit(self, op: Operation) -> None: ...
    def end(self, op: Operation) -> None: ...
    def idle(self) -> bool: ...
    def flush(self, timeout: float) -> bool: ...


class WithoutJudges(Stage):
    """A gate that is not asked about calls of judges."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.wants_raw = gate.wants_raw

    def admit(self, op: Operation) -> None:
        if op.purpose != JUDGE:
            self._gate.admit(op)

    async def aadmit(self, op: Operation) -> None:
        if op.purpose != JUDGE:
            await self._gate.aadmit(op)

    def end(self, op: Operation) -> None:
        self._gate.end(op)

    def idle(self) -> bool:
        return self._gate.idle()

    def flush(self, timeout: float) -> bool:
        return self._gate.flush(timeout)
