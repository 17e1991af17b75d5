"""For whom a call is made: the values that the scopes of limits have for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from genscope.core.operation import Operation

Identity = Callable[[Operation], Mapping[str, Any]]
"""Says who a call is for: `user`, `conversation`, `tenant`, `tag:NAME`, as far as that is known."""

_LONGEST: Final = 96
"""Characters of a value within a key; what is longer is named by its hash."""


def identity_of(op: Operation) -> Mapping[str, Any]:
    """What the record says of whom a call is for: the conversation is the provider's own, if the request names one."""
    found: dict[str, Any] = {"conversation": op.request.get("conversation_id")}
    who = op.identity
    if who is not None:
        found["conversation"] = found["conversation"] or who.conversation_id
        found |= {"user": who.user_id, "tenant": who.tenant}
        found |= {f"tag:{name}": value for name, value in who.tags.items()}
    return found


def scope_value(op: Operation, name: str, identity: Identity) -> str | None:
    """The value of a scope for a call; None if nobody said it.

    Calls that say no user are under a limit per user, too: together, as those of one.
    """
    if name == "model":
        return op.model
    if name == "provider":
        return op.provider
    try:
        value = identity(op).get(name)
        return None if value is None else str(value)
    except Exception:  # whatever an application says of its users: limits for all of them hold
        return None


def key_of(meaning: str, values: tuple[str | None, ...], start: int) -> str:
    """The name of a counter in a store: nothing in it that a store would take for syntax."""
    return "|".join((_escaped(meaning), *map(_escaped, values), str(start)))


def _escaped(value: str | None) -> str:
    if value is None:
        return "?"
    if len(value) <= _LONGEST:
        return quote(value, safe="", errors="backslashreplace")
    return f"{_escaped(value[:32])}~{sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()}"
