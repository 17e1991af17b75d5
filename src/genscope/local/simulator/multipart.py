"""Forms: what a client sends together with files."""

from __future__ import annotations

import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from .exchange import Json

__all__ = ["fields"]


def fields(content_type: str, body: bytes) -> Json:
    """The fields of a multipart form that are no files, typed as they would be in JSON; of any other body none."""
    if not content_type.startswith("multipart/form-data"):
        return {}
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: %s\r\n\r\n%s" % (content_type.encode(), body))
    found: Json = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes) and part.get_filename() is None:
            found[name] = _typed(payload.decode(errors="replace"))
    return found


def _typed(text: str) -> Any:
    """`true` and `2` as the boolean and the number that the client had."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float) else text
