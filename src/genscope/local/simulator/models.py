"""Which models there are, and what the answers say about themselves."""

from __future__ import annotations

import re

from .exchange import Exchange

__all__ = ["CLAUDE_SNAPSHOTS", "CREATED", "DEFAULT_MODEL", "FINGERPRINT", "SNAPSHOTS", "asked", "dated", "padding"]

CREATED = 1_760_000_000  # `created` of every answer, seconds since 1970: fixed, so that answers repeat
FINGERPRINT = "fp_51mu1a7ed0"
DEFAULT_MODEL = "gpt-4o"  # for requests that name none, e.g. the retrieval of an unknown response

# The snapshot the real service answers with when the request names the family.
SNAPSHOTS = {
    "gpt-3.5-turbo": "gpt-3.5-turbo-0125",
    "gpt-4": "gpt-4-0613",
    "gpt-4-turbo": "gpt-4-turbo-2024-04-09",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-5": "gpt-5-2025-08-07",
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "gpt-5-nano": "gpt-5-nano-2025-08-07",
    "o1": "o1-2024-12-17",
    "o3": "o3-2025-04-16",
    "o3-mini": "o3-mini-2025-01-31",
    "o4-mini": "o4-mini-2025-04-16",
}

CLAUDE_SNAPSHOTS = {
    "claude-3-haiku-latest": "claude-3-haiku-20240307",
    "claude-3-opus-latest": "claude-3-opus-20240229",
    "claude-3-5-haiku-latest": "claude-3-5-haiku-20241022",
    "claude-3-5-sonnet-latest": "claude-3-5-sonnet-20241022",
    "claude-3-7-sonnet-latest": "claude-3-7-sonnet-20250219",
    "claude-sonnet-4-0": "claude-sonnet-4-20250514",
    "claude-opus-4-0": "claude-opus-4-20250514",
    "claude-opus-4-1": "claude-opus-4-1-20250805",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
    "claude-opus-4-5": "claude-opus-4-5-20251101",
}

_IN_PATH = re.compile(r"/deployments/([^/]+)/|/models/([^/:]+):\w+$|/model/([^/]+)/invoke")


def asked(x: Exchange) -> str:
    """The model a request names: in its body, or, as Azure, Vertex and Bedrock have it, in its path."""
    if isinstance(model := x.body.get("model"), str):
        return model
    found = _IN_PATH.search(x.request.path)
    return next(filter(None, found.groups())) if found else DEFAULT_MODEL


def dated(x: Exchange) -> str:
    """The model the answer names: the dated snapshot of a known family, any other model unchanged."""
    model = asked(x)
    return SNAPSHOTS.get(model) or CLAUDE_SNAPSHOTS.get(model) or model


def padding(token: str) -> str:
    """The `obfuscation` of a delta event: the real service evens out the lengths of its events with it."""
    return "simulatedpadding"[: max(1, 16 - len(token))]
