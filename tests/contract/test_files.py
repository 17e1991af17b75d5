"""Files that an application sends: they are the SDK's to read, and nobody else's to look at or to keep."""

from __future__ import annotations

import gc
import io
from typing import Any
from weakref import ref

import pytest

from genscope.local.simulator import Simulator

from .cases import OPENAI
from .openai_media import MEDIA
from .recorder import instrumented
from .vocabulary import Api


class Watched(io.BytesIO):
    """A file that remembers what was done with it."""

    name = "meeting.wav"

    def __init__(self) -> None:
        super().__init__(b"RIFF" * 100)
        self.done: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if name not in ("done", "__class__", "__dict__"):
            object.__getattribute__(self, "__dict__").get("done", []).append(name)
        return super().__getattribute__(name)

    def __iter__(self) -> Any:
        self.done.append("iter")
        return super().__iter__()


FORMS = [api for api in MEDIA if api.files]


@pytest.mark.parametrize("api", FORMS, ids=repr)
def test_a_file_is_left_to_the_sdk(api: Api, simulator: Simulator) -> None:
    bare, seen = Watched(), Watched()
    _send(api, bare, simulator)
    with instrumented(OPENAI) as recorder:
        _send(api, seen, simulator)
    assert recorder.span().name == api.span_name

    assert seen.done == bare.done
    first, second = (_parts(request.body) for request in simulator.requests[-2:])
    assert first == second
    assert b"RIFF" * 100 in first
    gone = ref(seen)
    del seen
    gc.collect()
    assert gone() is None


def _send(api: Api, file: Watched, simulator: Simulator) -> None:
    (name,) = api.files
    http = OPENAI.http_client("sync")
    client = OPENAI.client("sync", simulator.base_url("ok"), http)
    getattr(api.of(client), api.method)(**{**api.arguments, name: file})
    http.close()


def _parts(form: bytes) -> list[bytes]:
    """The lines of a form without its boundaries, which are random."""
    return [line for line in form.split(b"\r\n") if not line.startswith(b"--")]
