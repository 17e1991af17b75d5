"""Reading content from untrusted JSON: text of any length, and values of any depth.

What comes out is plain JSON. It shares nothing with the application but strings, which nobody can change. An iterator
is never read: it belongs to the SDK. Nothing is asked of an object but its type, for it may be anybody's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final, cast

from genscope.wire.fields import members, text


def words(value: Any) -> str | None:
    """Text. Of a subclass of str (an Enum, markup) the text itself."""
    cls = cast("type[Any]", type(value))
    if cls is str:
        return value
    return str.__str__(value) if issubclass(cls, str) else None


def label(value: Any) -> str | None:
    """An identifier or a name; an empty one says nothing."""
    return None if value is None else text(words(value))


def items(value: Any) -> Sequence[Any]:
    """The items of a list or a tuple; none of anything else."""
    cls = cast("type[Any]", type(value))
    if cls is list or cls is tuple:
        return value
    return list[Any].copy(value) if issubclass(cls, list) else ()


def named(value: Any) -> Mapping[str, Any]:
    """The fields of an object, be it JSON or typed by an SDK; none of anything else."""
    cls = cast("type[Any]", type(value))
    if cls is dict:
        return value
    if issubclass(cls, dict):
        return dict(dict[str, Any].items(value))
    try:
        return members(value) if issubclass(cls, SimpleNamespace) or hasattr(cls, "__fields_set__") else {}
    except Exception:  # an object of the application's that fights back
        return {}


def copied(value: Any) -> Any:
    """A value as JSON; null if the SDK cannot send it either: it is cyclic, too deep, or of the application's own."""
    try:
        return _DECODER.decode(_ENCODER.encode(value))
    except Exception:
        return None


def parsed(value: Any) -> Any:
    """The object or the list that is written as JSON in a string; what is not stays as it is."""
    written = words(value)
    if written is None:
        return copied(value)
    if written.lstrip()[:1] in ("{", "["):
        try:
            return _DECODER.decode(written)
        except (ValueError, RecursionError):
            pass
    return written


def _typed(value: Any) -> Mapping[str, Any] | None:
    """An object of an SDK's as JSON: what the provider did not say is null in it, so null says nothing."""
    return {name: field for name, field in named(value).items() if field is not None} or None


def _nothing(constant: str) -> None:
    """NaN and the infinities, which JSON does not have."""


_ENCODER: Final = json.JSONEncoder(skipkeys=True, ensure_ascii=False, default=_typed)
_DECODER: Final = json.JSONDecoder(parse_constant=_nothing)
