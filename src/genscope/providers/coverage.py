"""What of the openai SDK is not traced, and why.

Told by where requests go, not by the names of methods: a new method of a known kind needs nothing here, one of a new
kind is missed, and a test that asks the installed SDK for all its requests says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final


@dataclass(frozen=True)
class Untraced:
    """Requests that pass untouched.

    requests  `[METHOD ]path`; `{}` is an identifier, `/...` at the end everything below, too
    calls     methods that send no request through the door, by the pattern of their names
    """

    what: str
    requests: Sequence[str]
    why: str
    calls: Sequence[str] = ()

    def matches(self, method: str, url: str) -> bool:
        """Whether a request, relative or absolute, is one of these."""
        path = "/" + re.split(r"[?#]", url, maxsplit=1)[0].strip("/")
        return any(_matches(request, method.upper(), path) for request in self.requests)


NOT_TRACED: Final = (
    Untraced(
        "WebSockets: Realtime, Live, `responses.connect`",
        ("/realtime/...", "/live/..."),
        "a session is no request; the requests only open or steer one",
        calls=("*.connect",),
    ),
    Untraced("batches", ("/batches/...",), "the calls are answered later, in a file"),
    Untraced("videos", ("/videos/...",), "the answer is a job, and the film comes later"),
    Untraced(
        "assistants and threads",
        ("/assistants/...", "/threads/..."),
        "deprecated; a run goes on at the provider, and its usage comes with a later request",
    ),
    Untraced(
        "hosted agents, ChatKit",
        ("/agents/...", "/vaults/...", "/chatkit/..."),
        "they run at the provider; a request only starts or watches them",
    ),
    Untraced(
        "vector stores",
        ("/vector_stores/...",),
        "documents are stored; the search in them is a retrieval, which is not traced yet",
    ),
    Untraced("counting the tokens of an input", ("POST /responses/input_tokens",), "no inference, no tokens used"),
    Untraced(
        "stored responses, completions and conversations",
        (
            "DELETE /responses/{}",
            "GET /responses/{}/input_items",
            "GET /chat/completions/...",
            "POST /chat/completions/{}",
            "DELETE /chat/completions/{}",
            "/conversations/...",
        ),
        "listed, changed or deleted: no inference",
    ),
    Untraced("fine-tuning, evals", ("/fine_tuning/...", "/evals/..."), "jobs at the provider"),
    Untraced(
        "files, uploads, containers, skills, voices",
        (
            "/files/...",
            "/uploads/...",
            "/containers/...",
            "/skills/...",
            "/audio/voices/...",
            "/audio/voice_consents/...",
        ),
        "something is stored, no model is asked",
    ),
    Untraced(
        "models, administration, webhooks, safety",
        (
            "/models/...",
            "/organization/...",
            "/projects/...",
            "/webhook_endpoints/...",
            "/webhook_event_types/...",
            "/safety/...",
            "/content_provenance_checks/...",
        ),
        "accounts and catalogues, no inference",
    ),
)


def why_not(method: str, url: str) -> Untraced | None:
    """Why a request is not traced; None if nobody has thought of it, or if it is traced."""
    return next((kind for kind in NOT_TRACED if kind.matches(method, url)), None)


def why_no_request(name: str) -> Untraced | None:
    """Why a method of the SDK, named as on a client, sends nothing that could be traced."""
    return next((kind for kind in NOT_TRACED if any(fnmatchcase(name, call) for call in kind.calls)), None)


def _matches(request: str, method: str, path: str) -> bool:
    verb, _, pattern = request.rpartition(" ")
    if verb and verb != method:
        return False
    expression = re.escape(pattern.removesuffix("/...")).replace(r"\{\}", "[^/]+")
    below = "(/.*)?" if pattern.endswith("/...") else ""
    return re.fullmatch(expression + below, path) is not None
