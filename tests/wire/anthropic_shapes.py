"""Anthropic's JSON in the shapes in which readers meet it, and its recorded answers."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from .shapes import parsed, plain

types = pytest.importorskip("anthropic.types")
construct_type = pytest.importorskip("anthropic._models").construct_type
try:
    from anthropic.types import beta
except ImportError:  # before anthropic 0.26
    beta = None

Message = types.Message
Event = getattr(types, "RawMessageStreamEvent", types.MessageStreamEvent)  # before anthropic 0.27
BetaMessage, BetaEvent = getattr(beta, "BetaMessage", None), getattr(beta, "BetaRawMessageStreamEvent", None)


def typed(said: Any, cls: Any) -> Any:
    """As the SDK gives it to those who call its methods."""
    return construct_type(value=said, type_=cls)


def typed_as_beta(said: Any, cls: Any) -> Any:
    """The same, to those who call the methods of `client.beta`."""
    return typed(said, BetaEvent if cls is Event else BetaMessage)


no_beta = pytest.mark.skipif(BetaEvent is None, reason="this release of anthropic has no client.beta.messages")
each_shape = pytest.mark.parametrize("shape", [typed, pytest.param(typed_as_beta, marks=no_beta), plain, parsed])
SHAPES = (typed, plain, parsed) if BetaEvent is None else (typed, typed_as_beta, plain, parsed)

FOLDER = (
    Path(os.environ.get("GENSCOPE_RECORDINGS") or Path(__file__).resolve().parents[3] / "shared" / "recordings")
    / "anthropic"
)


@dataclass(frozen=True)
class Recorded:
    name: str
    request: dict[str, Any]
    status: int
    body: str

    @classmethod
    def load(cls, file: Path) -> Recorded:
        said = json.loads(file.read_text("utf-8"))
        return cls(file.stem, said["request"]["body"], said["response"]["status"], said["response"]["body"])

    @property
    def streams(self) -> bool:
        return bool(self.request.get("stream"))

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """Those that the SDK hands on."""
        said = [json.loads(line[5:]) for line in re.split(r"\r?\n", self.body) if line.startswith("data:")]
        return [event for event in said if event["type"] != "ping"]

    @cached_property
    def whole(self) -> dict[str, Any]:
        """The answer as one JSON document: put together from the events if it was streamed."""
        if not self.streams:
            return json.loads(self.body)
        return assembled(self.events) if self.name.startswith("messages") else completed(self.events)


def assembled(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole message that a stream stands for."""
    whole: dict[str, Any] = {}
    for event in events:
        kind = event["type"]
        if kind == "message_start":
            whole = json.loads(json.dumps(event["message"]))
        elif kind == "content_block_start":
            whole["content"].append(dict(event["content_block"], partial_json=""))
        elif kind == "content_block_delta":
            block = whole["content"][event["index"]]
            for field in ("text", "thinking", "partial_json", "signature"):
                if field in event["delta"]:
                    block[field] = block.get(field, "") + event["delta"][field]
        elif kind == "message_delta":
            whole |= event["delta"]
            whole["usage"] |= event["usage"]
    for block in whole["content"]:
        written = block.pop("partial_json")
        if written:
            block["input"] = json.loads(written)
    return whole


def completed(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole completion that a stream stands for."""
    return {**events[-1], "completion": "".join(event["completion"] for event in events)}


def recordings(resource: str, *, streams: bool | None = None) -> list[Any]:
    """Parameters of pytest: answers that are no error; one skipped case without the folder."""
    if not FOLDER.is_dir():
        reason = f"no recordings at {FOLDER}; set GENSCOPE_RECORDINGS"
        return [pytest.param(None, marks=[pytest.mark.skip(reason=reason), pytest.mark.needs_recordings])]
    found = [Recorded.load(file) for file in sorted(FOLDER.glob(f"{resource}-*.json"))]
    return [
        pytest.param(one, id=one.name, marks=pytest.mark.needs_recordings)
        for one in found
        if one.status < 400 and streams in (None, one.streams)
    ]
