"""The ASGI application: pages, API and receiver behind one guard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Router

from genscope.core.pipeline import Faults
from genscope.local.ui import api, live, otlp, pages
from genscope.local.ui.guard import Access, Asgi, Guard
from genscope.local.ui.refusals import Refusal
from genscope.local.ui.signals import SIGNALS

_OTLP = {signal.path for signal in SIGNALS}


def application(store: Path, receiver: otlp.HttpReceiver, following: live.Live, access: Access, faults: Faults) -> Asgi:
    """A `Router`, and no `Starlette`: instrumentations of that class find nothing here to trace."""
    shown = pages.found()
    router = Router(
        [*pages.routes(shown), *api.routes(store), following.route(), *receiver.routes()], redirect_slashes=False
    )

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        try:
            await router({**scope, "app": router}, receive, send)  # so that it raises what it has no answer to
        except HTTPException as nothing:
            reason = "Not this way" if nothing.status_code == 405 else f"There is nothing at {scope['path'][:200]}"
            refusal = refused(scope, Refusal(nothing.status_code, reason))
            refusal.headers.update(nothing.headers or {})
            await refusal(scope, receive, send)
        except (Refusal, TimeoutError):
            raise
        except Exception as fault:
            faults.report(f"answering {scope['path'].split('/')[1]}", fault)
            raise Refusal(500, "The server has failed") from None

    return Guard(
        answer,
        access,
        pages=shown.keys(),
        paced=lambda path: path not in _OTLP,
        endless={live.PATH},
        refuse=refused,
    )


def refused(scope: Any, refusal: Refusal) -> Response:
    """In the form that whoever asks for such a path can read."""
    path: str = scope["path"]
    if path in _OTLP:
        return otlp.refused(refusal, otlp.form_of(Headers(scope=scope).get("content-type", "")))
    if path.startswith("/api/"):
        return api.json_response(json.dumps({"error": refusal.reason}).encode(), refusal.status)
    return PlainTextResponse(f"{refusal.reason}\n", refusal.status)
