"""Secrets that are known by their form or their place, whoever gave them out."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from typing import cast

from .assignments import PASSWORD, PLACEHOLDER, SECRET, has_letters_and_digits
from .rule import Rule
from .rules_keys import API_KEY, AWS_SECRET
from .seeking import at

URLS = at("://")
_BASE64 = "[0-9A-Za-z+/=]"


def _decoded(base64: str) -> bytes:
    return urlsafe_b64decode(base64 + "=" * (-len(base64) % 4))


def _jwt(match: re.Match[str]) -> bool:
    """RFC 7519: the first part is a JSON object that says how the token is signed or encrypted."""
    try:
        header = json.loads(_decoded(match[0].partition(".")[0]))
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and not {"alg", "typ", "enc"}.isdisjoint(cast("dict[str, object]", header))


def _credentials(match: re.Match[str]) -> bool:
    """RFC 6750 and RFC 7617: what follows `Bearer` is no word, what follows `Basic` is Base64 of `name:password`."""
    value = match["value"]
    if match["scheme"].lower() == "basic":
        try:
            return b":" in _decoded(value.rstrip("=").replace("+", "-").replace("/", "_"))
        except ValueError:
            return False
    return has_letters_and_digits(value) or (len(value) >= 20 and value.lower() != value)


def _has_body(match: re.Match[str]) -> bool:
    """The heading alone is spoken of in prose."""
    return re.search(rf"{_BASE64}{{16}}", match[0]) is not None


def _in_userinfo(match: re.Match[str]) -> bool:
    """What follows the name; or what stands there instead of one, if nobody is called that."""
    value = match["value"]
    if PLACEHOLDER.match(value):
        return False
    return match["user"] is not None or (len(value) >= 20 and "@" not in value and has_letters_and_digits(value))


SECRETS: tuple[Rule, ...] = (
    Rule(
        "private_key",  # RFC 7468 and RFC 4880, 6.2; also cut off before its end: most of it may be there
        re.compile(
            r"-----BEGIN [0-9A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:"
            r"[^-]{0,16000}(?:-(?!----)[^-]{0,16000}){0,20}-----END [0-9A-Z ]{0,60}-----"
            r"|(?:\s{1,16}[A-Za-z-]{2,20}: [^\n]{1,100}){0,4}"
            rf"(?:[\s>|]{{0,16}}{_BASE64}{{16,8000}}){{1,1000}}(?:\s{{1,16}}{_BASE64}{{1,80}}$)?)"
        ),
        where=at("-----BEGIN "),
        anchored=True,
        valid=_has_body,
    ),
    Rule(
        "jwt",
        re.compile(
            r"eyJ(?<![0-9A-Za-z_-]eyJ)[0-9A-Za-z_-]{8,9000}\.[0-9A-Za-z_-]{4,30000}(?:\.[0-9A-Za-z_-]{0,30000}){0,3}"
        ),
        where=at("eyJ"),
        anchored=True,
        valid=_jwt,
    ),
    API_KEY,
    AWS_SECRET,
    Rule(
        "bearer",
        re.compile(
            r"(?<![0-9A-Za-z_])(?P<scheme>bearer|basic)[ :]{1,4}(?P<value>[0-9A-Za-z._~+/-]{8,4096}={0,3})",
            re.IGNORECASE | re.ASCII,
        ),
        where=at("bearer", "basic", any_case=True),
        anchored=True,
        valid=_credentials,
        label="[SECRET]",
    ),
    Rule(
        "url_password",  # RFC 3986, 3.2.1
        re.compile(
            r":/{2,12}(?P<user>[^\s/?#:\"'<>`\[]{0,256}:)?(?P<value>(?(user)(?![0-9]{1,5}[/?#])[^\s\"'<>`]{1,256}|[^\s/?#:\"'<>`]{1,256}))@"
        ),
        where=URLS,
        anchored=True,
        valid=_in_userinfo,
        label="[PASSWORD]",
    ),
    PASSWORD,
    SECRET,
)
