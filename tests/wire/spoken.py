"""What the tests of content share: parts as they are expected, and what an application may send instead of one."""

from __future__ import annotations

import json
from base64 import b64encode
from enum import Enum
from hashlib import sha256
from typing import Any

import openai
from test_recordings import recordings


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


def thought(content: str) -> dict[str, Any]:
    return {"type": "reasoning", "content": content}


def called(name: str, arguments: Any, id: str | None = "c1") -> dict[str, Any]:
    return {"type": "tool_call", "id": id, "name": name, "arguments": arguments}


def unread(kind: str) -> dict[str, Any]:
    return {"type": "generic", "generic_type": kind}


def embedded(data: bytes, modality: str, mime_type: str | None = None) -> dict[str, Any]:
    digest = b64encode(sha256(data).digest(), b"-_").decode().rstrip("=")
    part = {"type": "uri", "modality": modality, "uri": f"ni:///sha-256;{digest}", "size": len(data)}
    return part | ({} if mime_type is None else {"mime_type": mime_type})


def linked(modality: str, uri: str) -> dict[str, Any]:
    return {"type": "uri", "modality": modality, "uri": uri}


def uploaded(modality: str, file_id: str, **more: str) -> dict[str, Any]:
    return {"type": "file", "modality": modality, "file_id": file_id, **more}


PIXEL = b"\x89PNG\r\n"
PNG = b64encode(PIXEL).decode()


def recorded(resource: str, **which: bool) -> list[Any]:
    """Parameters of pytest: the recordings of one API."""
    return [one for one in recordings(**which) if one.values[0] is None or one.values[0].api.resource == resource]


def emptied(value: Any) -> None:
    """Take everything out of JSON, as deep as it goes."""
    if isinstance(value, (dict, list)):
        for inner in list(value.values() if isinstance(value, dict) else value):
            emptied(inner)
        value.clear()


class Backwards(dict[str, Any]):
    """A dict whose own methods lie, or break."""

    def get(self, *_: Any) -> Any:
        raise RuntimeError("no")

    __getitem__ = __iter__ = items = keys = values = __contains__ = get  # pyright: ignore


class Listless(list[Any]):
    def __iter__(self) -> Any:
        raise RuntimeError("no")

    __getitem__ = __len__ = __iter__  # pyright: ignore


class Hostile:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __bool__(self) -> bool:
        raise RuntimeError("bool")

    __eq__ = __hash__ = __str__ = __repr__ = __len__ = __iter__ = __bool__  # pyright: ignore


class Tone(str, Enum):
    USER = "user"
    HI = "hi"


CYCLE: dict[str, Any] = {"role": "user", "type": "text"}
CYCLE.update(content=[CYCLE], text=CYCLE, tool_calls=[CYCLE], function=CYCLE, parameters=CYCLE, name=CYCLE)
DEEP: Any = {"a": 1}
for _ in range(10_000):
    DEEP = {"a": [DEEP]}

ODD = [
    Hostile(), CYCLE, DEEP, openai.NOT_GIVEN, getattr(openai, "omit", openai.NOT_GIVEN), openai.NotGiven, object(),
    b"hi", bytearray(b"hi"), {1, 2}, float("nan"), 10**400, "\ud800", len, type, json, Backwards(a=1), Listless([1]),
    ..., 1j, None, True, [], {}, "", 0, {1: 2, None: 3, "role": None}, {"type": ["text"]}, {"type": "text", "text": 7},
]  # fmt: skip
"""Values that no request should have, and some have."""
