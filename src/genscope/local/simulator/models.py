"""Which models there are, and what the answers say about themselves."""

from __future__ import annotations

import re

from .exchange import Exchange

__all__ = ["CREATED", "DEFAULT_MODEL", "FINGERPRINT", "SNAPSHOTS", "asked", "dated", "padding"]

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

_DEPLOYMENT = re.compile(r"/deployments/([^/]+)/")


def asked(x: Exchange) -> str:
    """The model a request names: in its body, or, as Azure has it, as the deployment in its path."""
    if isinstance(model := x.body.get("model"), str):
        return model
    found = _DEPLOYMENT.search(x.request.path)
    return found[1] if found else DEFAULT_MODEL


def dated(x: Exchange) -> str:
    """The model the answer names: the dated snapshot of a known family, any other model unchanged."""
    return SNAPSHOTS.get(asked(x), asked(x))


def padding(token: str) -> str:
    """The `obfuscation` of a delta event: the real service evens out the lengths of its events with it."""
    return "simulatedpadding"[: max(1, 16 - len(token))]
