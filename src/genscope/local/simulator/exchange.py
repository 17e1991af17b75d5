"""The plain records that pass between the server, the scenarios and the wire formats."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, cast

from .scenarios import Options, Scenario

__all__ = ["Beat", "Document", "Exchange", "Frame", "Json", "Reply", "Request", "as_list", "as_object", "encode"]

Json = dict[str, Any]


def as_object(value: object) -> Json:
    """`value` if it is a JSON object, else an empty one: a simulator does not trip over what it is sent."""
    return cast(Json, value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """`value` if it is a JSON array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def encode(value: object) -> bytes:
    """Compact JSON, as the real service puts it in event streams."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived.

    path        with the scenario prefix, without the query string, which is `query`
    headers     names in lower case
    json        the parsed body, None when it is not JSON
    scenario    the scenario's name
    request_id  the `x-request-id`, or `request-id`, of the answer
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    json: Any
    scenario: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request with all that its answer depends on; the formats are functions of it.

    number   position among the simulator's requests, from 1: the ids in the answer come from it
    body     the request's JSON object, or the fields of its form; for a stored response that is fetched, the body it
             was created with
    earlier  how many requests with the same scenario segment came before
    path_id  the id in the path, e.g. of /responses/{id}
    """

    number: int
    request: Request
    body: Json
    scenario: Scenario
    options: Options
    earlier: int
    query: Mapping[str, str]
    path_id: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """The body of an answer that is no JSON."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Frame:
    """One server-sent event. `data` is sent as JSON, text as it is.

    The `opening` frames come before the pause; a `token` carries a piece of the answer; `closing` is the rest.
    """

    data: object
    event: str | None = None
    kind: Literal["opening", "token", "closing"] = "closing"

    def encoded(self) -> bytes:
        data = self.data.encode() if isinstance(self.data, str) else encode(self.data)
        name = f"event: {self.event}\n".encode() if self.event else b""
        return b"%sdata: %s\n\n" % (name, data)


class Beat(Enum):
    """What happens between the bytes of an answer."""

    PAUSE = "wait for the pause to pass"
    HOLD = "wait for release()"
    CUT = "close the connection"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server has to do: send `steps` in order, the headers just before the first bytes.

    `streamed` sends every step as one HTTP chunk; otherwise the content-length is that of all steps together.
    """

    steps: Sequence[bytes | Beat]
    content_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    streamed: bool = False
