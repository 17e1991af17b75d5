"""Settings of gunicorn: `$SET_UP` is `post_fork` if OpenTelemetry and genscope are to be set up there."""

from __future__ import annotations

import os
from typing import Any

bind = f"unix:{os.environ['SOCKET']}"
workers = 2
worker_class = os.environ["WORKER_CLASS"]
threads = 4 if worker_class == "gthread" else 1
preload_app = bool(os.environ.get("PRELOAD"))
loglevel = "error"
control_socket_disable = True


def when_ready(server: Any) -> None:
    """Of the master: the socket is there."""
    from .application import tell

    tell()


def post_fork(server: Any, worker: Any) -> None:
    """Of each worker, before it imports the application if that was not preloaded."""
    if os.environ["SET_UP"] == "post_fork":
        import genscope

        from .application import set_up

        set_up()
        genscope.instrument()
