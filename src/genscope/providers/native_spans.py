"""The spans that an SDK makes of its own calls: ours stand in for them, and the trace goes on to the provider.

anthropic 2 makes one for each request that its methods name, and sends its context along where `propagation` is on.
"""

from __future__ import annotations

from functools import partial
from inspect import iscoroutinefunction
from typing import Any
from weakref import WeakSet

from genscope.core.ambient import in_trace, is_silent, operation_in_flight, trace_headers
from genscope.core.operation import Operation
from genscope.core.patching import Patch
from genscope.core.pipeline import Faults

_PREPARE = "_prepare_request"
"""The client's last look at an HTTP request: some sign it there. What comes after is covered by no signature."""


def makes_span(client: Any, options: Any) -> bool:
    """Whether the SDK will make a span of this request."""
    return bool(getattr(options, "span_name", None)) and getattr(client, "_tracer", None) is not None


class StandIn:
    """For the clients of one SDK."""

    def __init__(self, patch: Patch, faults: Faults) -> None:
        self._patch = patch
        self._faults = faults
        self._watched: WeakSet[type] = WeakSet()

    def changes(self, op: Operation, client: Any) -> dict[str, Any]:
        """What has to be different in the options of a request, so that the SDK makes no span of it."""
        if op.span is None:
            return {}
        # a span that nobody sees carries on the trace that it is in, if there is one
        op.sends_trace = client.open_telemetry["propagation"] and (in_trace() or not is_silent(client._tracer))
        if op.sends_trace and client.__class__ not in self._watched:
            self._watched.add(client.__class__)
            self._watch(client.__class__)
        return {"span_name": None}

    def _watch(self, client: type) -> None:
        owner = next(cls for cls in client.__mro__ if _PREPARE in cls.__dict__)
        wrapper = self._aprepare if iscoroutinefunction(owner.__dict__[_PREPARE]) else self._prepare
        if owner not in self._watched or owner is client:
            self._watched.add(owner)
            self._patch.wrap(owner, _PREPARE, partial(wrapper, owner))

    def _prepare(self, owner: type, wrapped: Any, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = wrapped(*args, **kwargs)
        self._carry(owner, client, args, kwargs)
        return result

    async def _aprepare(
        self, owner: type, wrapped: Any, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        result = await wrapped(*args, **kwargs)
        self._carry(owner, client, args, kwargs)
        return result

    def _carry(self, owner: type, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        op = operation_in_flight()
        if op is None or not op.sends_trace:
            return
        try:
            outermost = next(cls for cls in type(client).__mro__ if _PREPARE in cls.__dict__)
            if outermost is owner:
                request = args[0] if args else kwargs["request"]
                request.headers.update(trace_headers(op.context))
        except Exception as fault:
            self._faults.report("sending the trace along", fault)
