"""What a simulator remembers: requests, connections, and what earlier requests mean for the next one."""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from . import multipart
from .exchange import Exchange, Json, Reply, Request, as_object
from .replies import reply
from .routes import route, service_of
from .scenarios import SCENARIOS, Options, parse_segment

__all__ = ["Ledger", "Order"]

_REMEMBERED = 10_000  # requests and responses that are kept: a simulator may serve a benchmark for hours


class Order(NamedTuple):
    """What to do for one request: the seconds of its pauses, and what to send."""

    pause: float
    reply: Reply


class Ledger:
    """The state of a simulator, for any number of threads.

    connections  TCP connections open now
    held         requests that wait to be released now
    """

    def __init__(self, pause: float) -> None:
        self.connections = 0
        self.held = 0
        self._pause = pause
        self._changed = threading.Condition()
        self._requests: deque[Request] = deque(maxlen=_REMEMBERED)
        self._number = 0
        self._earlier: Counter[str] = Counter()
        self._created: dict[str, tuple[int, Json]] = {}

    @property
    def requests(self) -> list[Request]:
        """The requests so far, in the order of their arrival (a copy)."""
        with self._changed:
            return list(self._requests)

    def wait_until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until `condition()` holds, looking again at every change, at most `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(condition, timeout)

    def forget(self) -> None:
        """Drop what is known of earlier requests. The numbering goes on: ids stay unique."""
        with self._changed:
            self._requests.clear()
            self._earlier.clear()
            self._created.clear()

    def count(self, *, connections: int = 0, held: int = 0) -> None:
        """Note that connections were opened or closed, or that requests are held or no longer."""
        with self._changed:
            self.connections += connections
            self.held += held
            self._changed.notify_all()

    def receive(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Order:
        """Record one request and say what it gets."""
        path, _, query = target.partition("?")
        parts = path.split("/")
        segment = parts[2] if parts[1:2] == ["s"] and len(parts) > 2 else "ok"
        try:
            name, options = parse_segment(segment)
        except ValueError:
            name, options = "", Options()
        routed = route(method, path) if name else None
        with self._changed:
            self._number += 1
            number = self._number
            request = Request(method, path, query, headers, body, _parsed(body), name, f"req_{number:04d}")
            self._requests.append(request)
            earlier = self._earlier[segment]
            self._earlier[segment] += 1
            content = as_object(request.json) or multipart.fields(headers.get("content-type", ""), body)
            if routed is not None:
                number, content = self._stored(routed[0].name, routed[1], number, content)
            self._changed.notify_all()
        if routed is None:
            return Order(0.0, service_of(headers).unknown_url(method, path, request.request_id))
        api, path_id = routed
        scenario = SCENARIOS[name]
        exchange = Exchange(number, request, content, scenario, options, earlier, dict(parse_qsl(query)), path_id)
        pause = self._pause if options.pause is None else options.pause
        return Order(pause, reply(exchange, api))

    def _stored(self, api: str, path_id: str | None, number: int, content: Json) -> tuple[int, Json]:
        """Number and body an answer is made from. What is fetched is told as it was created; of a response that
        nobody created here no more is known than its id.
        """
        if api == "responses":
            self._created[f"resp_{number:04d}"] = number, content
            if len(self._created) > _REMEMBERED:
                del self._created[next(iter(self._created))]
        elif path_id is not None:
            return self._created.get(path_id, (number, {}))
        return number, content


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
