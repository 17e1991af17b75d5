"""What is told: an objective does not hold any more, or holds again. Nothing that was said to a model, or by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Protocol

from genscope import semconv
from genscope.features.slo.objective import Objective
from genscope.features.slo.quantities import said, said_length
from genscope.features.slo.samples import LIMIT, SCOPES
from genscope.features.slo.states import FIRING

SCOPE_ATTRIBUTES: Mapping[str, str] = {**SCOPES, LIMIT: semconv.BUDGET_LIMIT}


@dataclass(frozen=True)
class Alert:
    """An objective that is breached, or is not any more."""

    objective: Objective
    state: str
    """`firing` or `resolved`."""
    scope: Mapping[str, str | None]
    """For whom: `{"model": "gpt-4o"}`; empty where the objective is for all together."""
    value: float | None
    """In seconds, USD, as a part of 1 or a factor; None where too little is known by now."""
    burn_rate: float | None
    """How many times what is allowed."""
    samples: int
    since: datetime
    """When the breach began."""
    at: datetime
    cause: str | None = None
    """Kind of failure, or defect, of the last bad call."""
    trace_id: str | None = None
    """Of that call."""
    service: str | None = None

    @property
    def name(self) -> str:
        return self.objective.name

    @property
    def severity(self) -> str:
        return self.objective.severity

    @property
    def log_severity(self) -> tuple[int, str]:
        """Number and text, as OpenTelemetry has them."""
        return semconv.SLO_SEVERITIES[self.severity] if self.state == FIRING else semconv.SLO_RESOLVED_SEVERITY

    @property
    def key(self) -> str:
        """The same for the firing and the end of it, and for all processes of a service."""

        about = "\0".join((self.service or "", self.name, *(f"{name}={value}" for name, value in self.scope.items())))
        return blake2b(about.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()

    @property
    def summary(self) -> str:
        """One line for people: `error_rate < 1 % over 15m: 4.2 %, 4.2x what is allowed, model=gpt-4o`."""
        unit = self.objective.row.unit
        words = [said(self.value, unit)] if self.value is not None else []
        if self.state == FIRING and self.burn_rate is not None:
            words.append(f"{self.burn_rate:.3g}x what is allowed")
        if self.state != FIRING:
            words.append("holds again")
        words += [f"{name}={value}" for name, value in self.scope.items()]
        if self.cause is not None:
            words.append(f"last: {self.cause}")
        return f"{self.name}: {', '.join(words)}"

    def attributes(self) -> dict[str, Any]:
        """For telemetry."""
        named = {
            semconv.SLO_OBJECTIVE: self.name,
            semconv.SLO_STATE: self.state,
            semconv.SLO_SEVERITY: self.severity,
            semconv.SLO_MEASURE: self.objective.measure,
            semconv.SLO_TARGET: self.objective.target,
            semconv.SLO_VALUE: self.value,
            semconv.SLO_BURN_RATE: self.burn_rate,
            semconv.SLO_SAMPLES: self.samples,
            semconv.SLO_CAUSE: self.cause,
            **{SCOPE_ATTRIBUTES[name]: value for name, value in self.scope.items()},
        }
        if self.trace_id is not None:
            named[semconv.LINK_TRACE_ID] = self.trace_id
        return {name: value for name, value in named.items() if value is not None}

    def as_dict(self) -> dict[str, Any]:
        """For machines: JSON."""
        return {
            "key": self.key,
            "state": self.state,
            "severity": self.severity,
            "objective": self.name,
            "measure": self.objective.measure,
            "target": self.objective.target,
            "unit": self.objective.row.unit,
            "value": self.value,
            "burn_rate": self.burn_rate,
            "samples": self.samples,
            "window": said_length(self.objective.window),
            "scope": dict(self.scope),
            "since": self.since.isoformat(),
            "at": self.at.isoformat(),
            "cause": self.cause,
            "trace_id": self.trace_id,
            "service": self.service,
            "summary": self.summary,
        }


Callback = Callable[[Alert], Any]


class Sink(Protocol):
    """Where alerts go. A sink that may take its time does that in a thread of its own."""

    def tell(self, alert: Alert) -> None: ...

    def prepare(self) -> None:
        """Something may have to be told soon: a thread can be started now, and not when the process ends."""
        ...

    def flush(self, timeout: float) -> bool:
        """Have told what waits; True if that was done in so many seconds."""
        ...

    def begin(self) -> None:
        """In a forked child: what its parent has to tell is the parent's."""
        ...

    def close(self) -> None:
        """It is used no more; what waits may still be told."""
        ...
