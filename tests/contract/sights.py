"""What an application sees, as plain data: two runs of one program are compared by it."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import wrapt

import genscope

Sight = Any
"""Nested lists, dicts and sets of what can be compared and printed."""

_COUNTED = re.compile(r"\b(chatcmpl-|cmpl-|modr-|resp_|req_|msg_|toolu_|compl_|call_|cmp_|fc_|rs_)\d{4,}")
_ADDRESS = re.compile(r"(?<=0x)[0-9a-f]{6,}|(?<=cancel scope )[0-9a-f]+")
_SIGNED = re.compile(r"(?<=Signature=)[0-9a-f]{64}|(?<=/)20\d{6}(?=/)")
_BOUNDARY = re.compile(r"(?<=boundary=)[0-9a-f]{32}|(?<=--)[0-9a-f]{32}")
_OURS = tuple(str(Path(str(module.__file__)).parent) for module in (genscope, wrapt))
_UNLIKE = frozenset({"date", "x-request-id", "request-id", "traceparent", "x-amz-date"})
_LAZY = frozenset({"__signature__", "__slotnames__"})  # pydantic and copy make them when they first look
_OF_ERRORS = ("status_code", "code", "type", "param", "request_id", "body")


def masked(text: str) -> str:
    """Without what differs from one request to the next: numbers in identifiers, addresses, boundaries, signatures."""
    return _SIGNED.sub("0", _BOUNDARY.sub("0", _ADDRESS.sub("0", _COUNTED.sub(r"\1N", text))))


def sight(value: Any) -> Sight:
    """What can be told of an object from outside."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, bytes):
        return masked(value.decode())
    if isinstance(value, (tuple, list)):
        return [sight(item) for item in value]
    told: dict[str, Any] = {"type": _name(type(value)), "dir": frozenset(dir(value)) - _LAZY}
    if isinstance(value, ModuleType):
        return told
    if hasattr(value, "model_dump_json"):
        try:
            told["json"] = masked(value.model_dump_json(warnings=False))
        except ValueError as error:  # pydantic can read what it cannot write
            told["json"] = str(error)
    if hasattr(value, "_iterator"):  # the streams of the SDKs
        told["iterator"] = _name(type(value._iterator))
    for name in ("http_response", "response"):
        http = getattr(value, name, None)
        if hasattr(http, "is_stream_consumed"):
            told["http"] = _http(http)
    if hasattr(value, "_parsed_by_type"):  # raw responses: nothing parsed before it is asked for
        told["parsed"] = [_name(kind) for kind in value._parsed_by_type]
    if hasattr(value, "_request_id"):
        told["request_id"] = masked(str(value._request_id))
    return told


def sight_of_error(error: BaseException | None) -> Sight:
    """An exception with its chain; the frames of genscope and wrapt are not the application's."""
    if error is None:
        return None
    return {
        "type": _name(type(error)),
        "args": [masked(repr(argument)) for argument in error.args],
        "text": masked(str(error)),
        "said": {name: masked(repr(getattr(error, name))) for name in _OF_ERRORS if hasattr(error, name)},
        "frames": list(frames(error)),
        "suppressed": error.__suppress_context__,
        "cause": sight_of_error(error.__cause__),
        "context": sight_of_error(error.__context__) if error.__context__ is not error.__cause__ else "the cause",
    }


def differences(bare: Sight, seen: Sight, where: str = "") -> list[str]:
    """Where two sights differ, said so that a failed test can be read."""
    if isinstance(bare, dict) and isinstance(seen, dict) and bare.keys() == seen.keys():
        return [line for key in bare for line in differences(bare[key], seen[key], f"{where}.{key}")]
    if isinstance(bare, list) and isinstance(seen, list) and len(bare) == len(seen):
        pairs = enumerate(zip(bare, seen, strict=True))
        return [line for index, (one, other) in pairs for line in differences(one, other, f"{where}[{index}]")]
    if isinstance(bare, frozenset) and isinstance(seen, frozenset) and bare != seen:
        return [f"{where}: only without genscope {set(bare - seen)}, only with it {set(seen - bare)}"]
    return [] if bare == seen else [f"{where}: without genscope {bare!r}, with it {seen!r}"]


def frames(error: BaseException) -> Iterable[str]:
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if not file.startswith(_OURS):
            yield f"{file}:{line} {frame.f_code.co_name}"


def headers(items: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers in their order, without those that differ from one request to the next."""
    return [(name, masked(value)) for name, value in items if name.lower() not in _UNLIKE]


def _http(http: Any) -> Sight:
    return {
        "type": _name(type(http)),
        "dir": frozenset(dir(http)),
        "headers": headers(http.headers.items()),
        "status": http.status_code,
        "closed": http.is_closed,
        "consumed": http.is_stream_consumed,
        "content": sight(http.content) if hasattr(http, "_content") else "not read",
    }


def _name(cls: Any) -> str:
    return masked(f"{getattr(cls, '__module__', '')}.{getattr(cls, '__qualname__', cls)}")
