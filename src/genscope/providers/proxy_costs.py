"""What a LiteLLM proxy says in the headers of its answers: that it is one, and what a call cost.

https://docs.litellm.ai/docs/proxy/response_headers
"""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

from genscope.core.ambient import operation_in_flight
from genscope.core.operation import Cost, Operation
from genscope.core.patching import Patch
from genscope.core.pipeline import Faults
from genscope.providers.hosts import UNKNOWN

_ITS_HEADERS: Final = b"x-litellm-"
_COST: Final = b"x-litellm-response-cost"


class ProxyCosts:
    """Looks at the headers of answers. Only applications that call a host which nobody knows pay for it."""

    def __init__(self, patch: Patch, faults: Faults, *, wanted: bool) -> None:
        self.doors: list[Any] = []
        """The classes whose `_process_response` sees each answer with its headers, before it is parsed."""
        self._patch = patch
        self._faults = faults
        self._wanted = wanted

    def watch(self, provider: str) -> None:
        if provider == UNKNOWN and self._wanted:
            self._wanted = False
            for door in self.doors:
                self._patch.wrap(door, "_process_response", self._process_response)

    def _process_response(self, wrapped: Any, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        op = operation_in_flight()
        if op is not None and op.provider == UNKNOWN:
            try:
                _read(op, kwargs["response"].headers.raw)
            except Exception as fault:
                self._faults.report("looking at the headers of an answer", fault)
        return wrapped(*args, **kwargs)


def _read(op: Operation, headers: list[tuple[bytes, bytes]]) -> None:
    for name, value in headers:
        name = name.lower()
        if name.startswith(_ITS_HEADERS):
            op.says_cost = True
            if name == _COST and not op.streaming:  # before a stream it cannot know
                amount = _amount(value)
                # 0 for what it has no price of, too
                op.cost = Cost(amount, "USD", "provider") if amount else None


def _amount(value: bytes) -> float:
    try:
        amount = float(value)
    except ValueError:  # "None"
        return 0.0
    return amount if isfinite(amount) and amount > 0 else 0.0
