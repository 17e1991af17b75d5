"""For whom things are done: the application says it once, and every span beneath has it.

It lives in the OpenTelemetry context, and crosses threads and tasks with that. What the setting `baggage` allows also
crosses processes, as W3C baggage under the names of the attributes: the propagators of the application carry it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from types import EllipsisType
from typing import Any, Final, ParamSpec, TypeVar, cast

from opentelemetry.baggage import get_all, remove_baggage, set_baggage
from opentelemetry.context import Context, create_key, get_current, set_value

from genscope.core.ambient import Token, hold, purpose_in, release
from genscope.core.bodies import SilentBody, follow_body
from genscope.core.installed import installation
from genscope.core.operation import Identity, Operation
from genscope.core.subtree import OPEN_SPAN
from genscope.semconv import CONVERSATION_ID, OUR_OPERATION_NAME, TAG, TENANT, USER_ID

P = ParamSpec("P")
R = TypeVar("R")

_NAMES: Final = {"conversation_id": CONVERSATION_ID, "user_id": USER_ID, "tenant": TENANT}
_KEY: Final = create_key("genscope_identity")

_LONGEST: Final = 256
"""Characters of a value."""
_MOST_TAGS: Final = 32

_Said = Mapping[str, "str | None"]
"""By attribute; None is what shall not be there, though baggage may bring it."""
Value = str | int | None


def identity() -> Identity | None:
    """Who the current context is for; None if nobody says."""
    return identity_in(get_current())


def surround(op: Operation, context: Context) -> None:
    """Tell a call what is around it. Only where there is a context at all: most programs need not be asked."""
    op.identity = identity_in(context)
    op.surroundings = cast("Any", context.get(OPEN_SPAN))
    purpose = purpose_in(context)
    if purpose is not None:  # said where the rest of it is: nearly all calls are for nobody but the application
        said = {OUR_OPERATION_NAME: purpose}
        who = op.identity
        op.identity = Identity(said) if who is None else replace(who, attributes={**who.attributes, **said})
        op.purpose = purpose


def identity_in(context: Context) -> Identity | None:
    """Who a context is for."""
    said: Any = context.get(_KEY)
    allowed = installation().settings.baggage
    received = _received(context, allowed) if allowed else None
    if not received:
        return None if said is None else said[1]
    return _identity(received if said is None else received | said[0])


def _received(context: Context, allowed: tuple[str, ...]) -> dict[str, str | None]:
    """What baggage says. It comes from outside: no more is taken than there is room for."""
    found: dict[str, str | None] = {}
    tags = 0
    for name, value in get_all(context).items():
        if is_among(name, allowed) and isinstance(value, str):
            tags += name.startswith(TAG)
            if value and tags <= _MOST_TAGS:
                found[name] = value[:_LONGEST]
    return found


def is_among(attribute: str, chosen: tuple[str, ...]) -> bool:
    """Whether a list of a setting (`user_id, tag.*`) names an attribute."""
    if attribute.startswith(TAG):
        return "tag.*" in chosen or f"tag.{attribute.removeprefix(TAG)}" in chosen
    return any(attribute == name and option in chosen for option, name in _NAMES.items())


def _identity(said: _Said) -> Identity | None:
    known = {name: value for name, value in said.items() if value is not None}
    if not known:
        return None
    tags = {name.removeprefix(TAG): value for name, value in known.items() if name.startswith(TAG)}
    return Identity(known, known.get(CONVERSATION_ID), known.get(USER_ID), known.get(TENANT), tags)


class context:
    """Who everything inside is for: with `with`, `async with`, or as a decorator of any kind of function.

    `conversation_id`, `user_id`, `tenant` and `tags` get onto every span of genscope's, also in threads and tasks that
    inherit the context. Inside of another one the inner wins, for what it says; None takes away, `tags=None` all tags.
    Say pseudonyms where names would be personal data: what is said here is written as it is.
    """

    def __init__(
        self,
        *,
        conversation_id: Value | EllipsisType = ...,
        user_id: Value | EllipsisType = ...,
        tenant: Value | EllipsisType = ...,
        tags: Mapping[str, Any] | EllipsisType | None = ...,
    ) -> None:
        given = ((CONVERSATION_ID, conversation_id), (USER_ID, user_id), (TENANT, tenant))
        self._said = {name: _text(value) for name, value in given if value is not ...}
        self._untagged = tags is None
        if isinstance(tags, Mapping):
            for name, value in list(tags.items())[:_MOST_TAGS]:
                self._said[f"{TAG}{str(name)[:_LONGEST]}"] = _text(value)
        elif tags is not None and tags is not ...:
            raise TypeError("tags is a mapping of names to values, or None")

    def within(self, outer: Context) -> Context:
        """The context `outer`, for whom this says."""
        said = self._said
        if self._untagged:
            around = identity_in(outer)
            said = {f"{TAG}{name}": None for name in (around.tags if around is not None else ())} | said
        known: Any = outer.get(_KEY)
        merged: dict[str, str | None] = said if known is None else {**known[0], **said}
        inner = set_value(_KEY, (merged, _identity(merged)), outer)
        allowed = installation().settings.baggage
        for name, value in said.items() if allowed else ():
            if is_among(name, allowed):
                inner = remove_baggage(name, inner) if value is None else set_baggage(name, value, inner)
        return inner

    def __enter__(self) -> None:
        _entered.set((*_entered.get(), (self, hold(self.within(get_current())))))

    def __exit__(self, *_: object) -> None:
        entered = _entered.get()
        for place in range(len(entered) - 1, -1, -1):
            if entered[place][0] is self:  # else it was entered in another context, and here is nothing to undo
                _entered.set(entered[:place])
                release(entered[place][1])
                return

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        return follow_body(function, self._begin)

    def _begin(self, args: Any, kwargs: Any) -> SilentBody:
        return SilentBody(self.within(get_current()))


_entered: ContextVar[tuple[tuple[context, Token], ...]] = ContextVar("genscope_identities", default=())
"""The `with` blocks that are open here: the same object may be entered by many threads and tasks at once."""


def _text(value: Any) -> str | None:
    """None for what says nothing, and for what cannot be said."""
    if value is None:
        return None
    try:
        return str(value)[:_LONGEST] or None
    except Exception:  # the application's own `__str__`
        return None
