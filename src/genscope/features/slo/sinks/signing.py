"""Signatures by which a receiver knows who has sent a webhook, and when: https://www.standardwebhooks.com."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Mapping
from typing import Final

_PREFIX: Final = "whsec_"


def key_of(secret: str) -> bytes:
    """What is behind `whsec_` is base64; any other secret is taken as it is."""
    if secret.startswith(_PREFIX):
        try:
            return b64decode(secret.removeprefix(_PREFIX), validate=True)
        except Error:
            pass
    return secret.encode()


def signed(secret: str, id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """The headers of a message: HMAC-SHA256 over its id, the time (seconds since the epoch) and the body."""
    import hmac  # here: it brings OpenSSL

    content = f"{id}.{timestamp}.".encode() + body
    signature = b64encode(hmac.digest(key_of(secret), content, "sha256")).decode()
    return {"webhook-id": id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{signature}"}
