"""Names of old: what a span has in addition for dashboards that were made before the conventions settled."""

from __future__ import annotations

from typing import Any, Final

from genscope import semconv
from genscope.core.operation import Operation
from genscope.core.pipeline import Stage

Attributes = dict[str, Any]

_NAMES: Final = semconv.LEGACY_ATTRIBUTES


class LegacyNames(Stage):
    """Puts names of old on the span that `Spans` has begun, before that one ends it."""

    def idle(self) -> bool:
        return True  # whether there is anybody to read spans is for the stage to say that makes them

    def end(self, op: Operation) -> None:
        if op.span is not None and op.span.is_recording():
            known: Attributes = getattr(op.span, "attributes", None) or {}  # it may be another instrumentation's
            named = legacy_attributes(op)
            op.span.set_attributes({name: value for name, value in named.items() if name not in known})


def legacy_attributes(op: Operation) -> Attributes:
    """Under the names of `semconv.LEGACY_ATTRIBUTES`, what is known of a call that has ended; times in milliseconds."""
    values: dict[str, Any] = {"duration_ms": op.duration * 1000}
    if op.first_token is not None:
        values["first_token_ms"] = (op.first_token - op.started) * 1000
    if op.usage is not None:
        values |= vars(op.usage)
    dollars = cost_in_dollars(op)
    if dollars is not None:
        values["cost"] = dollars
    named = {name: values[meaning] for meaning, name in _NAMES.items() if values.get(meaning) is not None}
    return named | legacy_provider(op)


def legacy_provider(op: Operation) -> Attributes:
    """The provider under the name and with the value that it had before."""
    return {_NAMES["provider"]: semconv.LEGACY_PROVIDERS.get(op.provider, op.provider)}


def cost_in_dollars(op: Operation) -> float | None:
    """None for a call without a price, or with one in another currency: the names say dollars."""
    return op.cost.amount if op.cost is not None and op.cost.currency == "USD" else None
