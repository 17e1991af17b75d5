"""A `genscope ui` of its own, as a process, and what is asked of it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["content-type"] == JSON
        return json.loads(self.body)


class Served:
    """Listens on free ports until the block ends; `options` are those of the command line."""

    def __init__(self, store: Path, *options: str, **environ: str) -> None:
        self.store = store
        command = [sys.executable, "-m", "genscope.cli", "ui", "--json", "--store", str(store)]
        ports = [] if "--port" in options else ["--port", "0"]
        ports += [] if {"--grpc-port", "--no-grpc"} & {*options} else ["--grpc-port", "0"]
        self.process = subprocess.Popen(
            [*command, *ports, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**clean_environment(), "PYTHONFAULTHANDLER": "1", **environ},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        self.said: dict[str, Any] = json.loads(line)
        self.page: str = self.said["page"]
        self.address: str = urlsplit(self.said["otlp_http"]).netloc
        self.grpc: str | None = self.said["otlp_grpc"]

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self, by: int = signal.SIGTERM) -> int:
        """Its exit status; what it said on stderr is nothing."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        try:
            _, stderr = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # it says where its threads are
            raise AssertionError(f"It does not end:\n{self.process.communicate()[1]}") from None
        assert stderr == ""
        return self.process.returncode

    def request(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        """Names of headers with `_` for `-`."""
        connection = http.client.HTTPConnection(self.address, timeout=20)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON of a good answer."""
        answer = self.request("GET", f"{path}?{urlencode(parameters)}" if parameters else path)
        assert answer.status == 200, answer.body
        return answer.json

    def post(self, signal: str, body: bytes | str, **headers: str) -> Answer:
        return self.request("POST", f"/v1/{signal}", body, **{"content_type": PROTOBUF, **headers})

    def live(self, **parameters: str) -> Live:
        return Live(self.address, parameters)


class Live:
    """Events of `/api/live`."""

    def __init__(self, address: str, parameters: Mapping[str, str], **headers: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=20)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("GET", f"/api/live?{urlencode(parameters)}", headers=names)
        self.response = self._connection.getresponse()

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        self.response.close()
        self._connection.close()

    def events(self) -> Iterator[dict[str, Any]]:
        """Each with the `id` under which it came. Ends with the stream."""
        about: dict[str, str] = {}
        while line := self.response.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                about[name] = value
            elif "data" in about:
                yield {"id": about["id"], **json.loads(about["data"])}
                about = {}

    def next(self) -> dict[str, Any]:
        return next(self.events())

    def until(self, **counts: int) -> dict[str, int]:
        """Adds up what comes, until it is this."""
        found = dict.fromkeys(counts, 0)
        for event in self.events():
            for name in counts:
                found[name] += event[name]
            if all(found[name] >= count for name, count in counts.items()):
                return found
        raise AssertionError(f"the stream ended at {found}")


def clean_environment() -> dict[str, str]:
    theirs = ("OTEL_", "GENSCOPE_", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(theirs)}


def eventually(hold: Any, seconds: float = 15.0) -> Any:
    """What is true at last, for what happens outside of this process."""
    deadline = time.monotonic() + seconds
    while not (found := hold()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found
