"""Reading the values of an application without running its code.

In a request is whatever the caller put there: generators, models, objects with methods of their own. So containers and
fields are read as the built-in types read them, whatever a subclass overrides; nothing is iterated that this would use
up; and what has no plain form is named by its type only, for its `repr` may hold a secret.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from enum import Enum
from itertools import islice
from math import isfinite
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, Final, cast

_LONGEST_KEY: Final = 256
_LONGEST_NAME: Final = 64
_LONGEST_NUMBER: Final = 4096  # bits; Python refuses to write numbers of more than 4,300 digits

# The built-in types, with contents that pyright need not know.
DICT: Final[type[dict[Any, Any]]] = dict
_LIST: Final[type[list[Any]]] = list
_TUPLE: Final[type[tuple[Any, ...]]] = tuple
_SET: Final[type[set[Any]]] = set
_FROZENSET: Final[type[frozenset[Any]]] = frozenset
_DEQUE: Final[type[deque[Any]]] = deque

_COLLECTIONS: Final[dict[type, tuple[Callable[[Any], int], Callable[[Any], Iterable[Any]]]]] = {
    list: (_LIST.__len__, _LIST.__iter__),
    tuple: (_TUPLE.__len__, _TUPLE.__iter__),
    set: (_SET.__len__, _SET.__iter__),
    frozenset: (_FROZENSET.__len__, _FROZENSET.__iter__),
    deque: (_DEQUE.__len__, _DEQUE.__iter__),
}
_BINARY: Final[dict[type, Callable[[Any], int]]] = {
    bytes: bytes.__len__,
    bytearray: bytearray.__len__,
    memoryview: memoryview.__dict__["nbytes"].__get__,
}
_MOMENTS: Final[dict[type, Callable[[Any], str]]] = {
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
}
_WRITTEN: Final = (("decimal", "Decimal"), ("uuid", "UUID"))
"""Classes whose text is their value. Of a module that nobody has imported there are no instances."""
_DECLARATIONS: Final = ("__dataclass_fields__", "__pydantic_fields__", "model_fields", "__fields__")
"""Where dataclasses and the versions of pydantic keep the declaration of their fields."""
_SENTINELS: Final = frozenset({"NotGiven", "Omit", "Unset", "UnsetType", "PydanticUndefinedType", "ellipsis"})
"""Types whose values say "not there"."""

# What a value and a class really are and have, without asking them or the metaclass.
type_of: Callable[[Any], type[Any]] = type
_mro: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_namespace: Callable[[type], dict[str, Any]] = type.__dict__["__dict__"].__get__
_name: Callable[[type], str] = type.__dict__["__name__"].__get__

ABSENT: Final = object()
"""In the place of a value that is not there."""


def of_enum(value: Any) -> Any:
    """The value that a member of an enumeration stands for; anything else as it is."""
    if issubclass(type_of(value), Enum):
        found = _member(value, "_value_")
        return value if found is ABSENT else found
    return value


def members(value: Any) -> dict[Any, Any] | None:
    """A dict itself, to be read by the methods of `DICT`; the fields of a dataclass or model; None of all else."""
    if issubclass(type_of(value), dict):
        return value
    declared = _declared(type_of(value))
    if declared is None:
        return None
    found = {name: _member(value, name) for name, field in [*declared.items()] if _is_shown(name, field)}
    extra = _member(value, "__pydantic_extra__")
    found = {name: item for name, item in found.items() if item is not ABSENT}
    return found | extra if type(extra) is dict else found


def has_members(value: Any) -> bool:
    return issubclass(type_of(value), dict) or _declared(type_of(value)) is not None


def sequence(value: Any, last: Callable[[Any], bool]) -> Sequence[Any] | None:
    """The items of a list or tuple, as they are now, if its `last` one is such."""
    for base in (_LIST, _TUPLE):
        if issubclass(type_of(value), base) and base.__len__(value) and last(base.__getitem__(value, -1)):
            return base.__getitem__(value, slice(None))
    return None


def items(value: Any, room: int) -> tuple[list[Any], int] | None:
    """The first items of a collection and how many it has; None of what is none, and of what reading would use up."""
    for base, (length, iterate) in _COLLECTIONS.items():
        if issubclass(type_of(value), base):
            return taken(iterate, value, room), length(value)
    return None


def is_collection(value: Any) -> bool:
    return any(issubclass(type_of(value), base) for base in _COLLECTIONS)


def taken(iterate: Callable[[Any], Iterable[Any]], value: Any, room: int) -> list[Any]:
    """The first items of something that another thread may be changing."""
    for _ in range(8):
        try:
            return list(islice(iterate(value), room))
        except RuntimeError:
            continue
    return []


def text_at(found: dict[Any, Any], key: str) -> str | None:
    """The text under a key of a dict."""
    value: Any = DICT.get(found, key, ABSENT)
    return str.__str__(value) if issubclass(type_of(value), str) else None


def scalar(value: Any) -> Any:
    """None, a bool, a number of 64 bits or a text; `ABSENT` for what says that it is not there.

    Numbers that JSON lacks come as text, moments in ISO 8601, bytes and all that has no plain form by their type. A
    text is as it was, of any length and with lone surrogates.
    """
    kind = type_of(value)
    if value is None or kind is bool:
        return value
    if issubclass(kind, str):
        return str.__str__(value)
    if issubclass(kind, int):
        return whole(int.__int__(value))
    if issubclass(kind, float):
        number = float.__float__(value)
        return number if isfinite(number) else "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"
    for base, text in _MOMENTS.items():
        if issubclass(kind, base):
            return text(value)
    for base, size in _BINARY.items():
        if issubclass(kind, base):
            return f"[{type_name(value)}, {size(value)} bytes]"
    for module, name in _WRITTEN:
        base = getattr(sys.modules.get(module), name, None)
        if base is not None and issubclass(kind, base):
            return base.__str__(value)
    name = type_name(value)
    return ABSENT if name in _SENTINELS else f"[{name}]"


def key(value: Any) -> str:
    """The key of an object: as JSON writes it if it is a scalar, else the name of its type."""
    try:
        said = scalar(of_enum(value))
    except Exception:
        said = ABSENT
    if type(said) is str:
        return clean(said if len(said) <= _LONGEST_KEY else said[:_LONGEST_KEY] + "…")
    if type(said) is bool:
        return "true" if said else "false"
    return "null" if said is None else f"[{type_name(value)}]" if said is ABSENT else str(said)


def type_name(value: Any) -> str:
    return str.__str__(_name(type_of(value)))[:_LONGEST_NAME]


def clean(text: str) -> str:
    """`text` with the halves of surrogate pairs joined and lone ones replaced, so that UTF-8 can say it."""
    if text.isascii():
        return text
    try:
        text.encode("utf-16-le")  # quicker than UTF-8, and as strict
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def whole(number: int) -> int | str:
    """OpenTelemetry's numbers, and those of many readers of JSON, have 64 bits; a larger one is its digits."""
    if -(2**63) <= number < 2**63:
        return number
    return str(number) if number.bit_length() <= _LONGEST_NUMBER else f"[int, {number.bit_length()} bits]"


def _declared(kind: type[Any]) -> dict[Any, Any] | None:
    """The declaration of the fields of a class, where it has one."""
    for base in _mro(kind):
        space = _namespace(base)
        for name in _DECLARATIONS:
            found = space.get(name)
            if type(found) is dict:
                return cast("dict[Any, Any]", found)
    return None


def _is_shown(name: Any, field: Any) -> bool:
    """May a field be seen, by its declaration? What is kept out of an object's `repr` is kept out here."""
    info = _member(field, "field_info")  # pydantic 1 keeps it there
    field = field if info is ABSENT else info
    return type(name) is str and _member(field, "repr") is not False and _member(field, "exclude") is not True


def _member(value: Any, name: str) -> Any:
    """What the object itself has under this name, in a slot or in its dict; no property and no `__getattr__` runs."""
    own: dict[Any, Any] | None = None
    for base in _mro(type_of(value)):
        space = _namespace(base)
        found = space.get(name)
        if type(found) is MemberDescriptorType:
            try:
                return found.__get__(value)
            except AttributeError:
                return ABSENT
        if own is None and type(space.get("__dict__")) is GetSetDescriptorType:
            own = space["__dict__"].__get__(value)
    return ABSENT if own is None else DICT.get(own, name, ABSENT)
