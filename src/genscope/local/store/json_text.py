"""Values as JSON that SQLite, and everybody, can read, whatever they are."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, cast


def as_json(value: Any) -> str | None:
    """None for nothing at all: no value, no items. Bytes are base64, a number that JSON has not is its name."""
    if value is None or (not value and isinstance(value, (Mapping, Sequence)) and not isinstance(value, str)):
        return None
    try:
        return clean(json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain, separators=(",", ":")))
    except (ValueError, TypeError, RecursionError):
        return clean(json.dumps(_tamed(value, 32), ensure_ascii=False, separators=(",", ":")))


def clean(text: str) -> str:
    """Without halves of characters, which no encoding has."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def _plain(value: Any) -> Any:
    """What `json` does not know: attributes come in mappings and sequences of OpenTelemetry's own."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[Any, Any]", value))
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode()
    if isinstance(value, Sequence):
        return list(cast("Sequence[Any]", value))
    return str(value)


def _tamed(value: Any, depth: int) -> Any:
    """For what is not quite JSON: keys that are no texts, NaN, or deeper than anybody looks."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else str(value)
    if not depth:
        return "..."
    if isinstance(value, Mapping):
        return {str(key): _tamed(item, depth - 1) for key, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [_tamed(item, depth - 1) for item in cast("Sequence[Any]", value)]
    return _plain(value)
