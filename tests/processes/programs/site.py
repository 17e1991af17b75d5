"""A web application for gunicorn, which sets up OpenTelemetry and genscope if `$SET_UP` is `import`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import genscope

from .application import ask, client, kept, set_up


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A page that takes a call, one that passes a stream on, and one whose stream is left open for good."""
    model: str = environ["PATH_INFO"].strip("/")
    start_response("200 OK", [("Content-Type", "text/plain")])
    if model.startswith("stream"):
        return (b"." for _ in ask(client(), model, stream=True))
    if model.startswith("open"):
        kept.append(ask(client("midhang"), model, stream=True))
        next(iter(kept[-1]))
    elif model.startswith("held"):
        ask(client("hang"), model)
    else:
        ask(client(), model)
    return [b"done"]


if os.environ["SET_UP"] == "import":
    set_up()
    genscope.instrument()
    # In the master if it preloads the application, else in each worker.
    ask(client(), "import")
    kept.append(ask(client("midhang"), "import", stream=True))
