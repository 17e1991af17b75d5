"""When it is time to say something: ok, pending, firing, and ok again. A pure function of what was and what is.

A breach fires once it has lasted; it is over once there has been none for a while. Nobody is told again within the
cooldown, however often it comes and goes: what still fires then is told when that is over.
"""

from __future__ import annotations

from typing import Final, NamedTuple

OK: Final = "ok"
PENDING: Final = "pending"
FIRING: Final = "firing"
RESOLVED: Final = "resolved"
"""What is told when firing is over; the state is then ok."""


class Pace(NamedTuple):
    """Seconds."""

    after: float
    """For so long it must have been breached before it fires."""
    keep: float
    """For so long it must not have been breached before it is over."""
    cooldown: float
    """Between two times that firing is told."""


class State(NamedTuple):
    """Of one objective, for one scope. Moments are by the clock that `step` is given."""

    phase: str = OK
    since: float = 0.0
    """When the breach began that is pending or firing."""
    seen: float = 0.0
    """When it was last breached."""
    told: bool = False
    """Whether it has been told that it fires."""
    told_at: float | None = None
    """When that was last told."""


def step(was: State, breached: bool, now: float, pace: Pace) -> tuple[State, str | None]:
    """What becomes of a state, and what is to be told: `FIRING`, `RESOLVED` or nothing."""
    if was.phase == FIRING:
        return _going_on(was, breached, now, pace)
    if not breached:
        return State(told_at=was.told_at), None
    since = was.since if was.phase == PENDING else now
    if now - since < pace.after:
        return State(PENDING, since, now, told_at=was.told_at), None
    return _telling(State(FIRING, since, now, told_at=was.told_at), now, pace)


def _going_on(was: State, breached: bool, now: float, pace: Pace) -> tuple[State, str | None]:
    if breached:
        return _telling(was._replace(seen=now), now, pace)
    if now - was.seen < pace.keep:
        return was, None
    return State(told_at=was.told_at), RESOLVED if was.told else None


def _telling(state: State, now: float, pace: Pace) -> tuple[State, str | None]:
    cooling = state.told_at is not None and now - state.told_at < pace.cooldown
    if state.told or cooling:
        return state, None
    return state._replace(told=True, told_at=now), FIRING
