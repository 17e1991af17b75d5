"""What the preset `strict` has besides: rules that rather take too much."""

from __future__ import annotations

import re
from collections import Counter
from math import log2

from . import validators
from .rule import Rule
from .rules_personal import AT_SIGNS, EMAIL_LOCAL, IN_NUMBERS
from .rules_secrets import URLS
from .seeking import containing

_ISO_DATE = re.compile(r"(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9](?![0-9])")


def _six_digits(match: re.Match[str]) -> bool:
    return len(validators.digits(match[0])) >= 6 and _ISO_DATE.match(match[0]) is None


def _is_random(match: re.Match[str]) -> bool:
    """Letters and digits, and at least 3.2 bits for each character by how often it occurs."""
    value = match[0]
    if re.search("[0-9]", value) is None or re.search("[A-Za-z]", value) is None:
        return False
    return -sum(count / len(value) * log2(count / len(value)) for count in Counter(value).values()) >= 3.2


STRICT: tuple[Rule, ...] = (
    Rule(
        "url_query",
        re.compile(r"://(?:[^\s:?#\"'<>`]{0,800}:){0,3}[^\s:?#\"'<>`]{0,800}\?(?P<value>[^\s#\"'<>`]{1,4000})"),
        where=URLS,
        anchored=True,
        label="[QUERY]",
    ),
    Rule(
        "any_ipv4",
        re.compile(
            r"[0-9](?<![0-9A-Za-z].)(?<![0-9A-Za-z]\..)[0-9]{0,2}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z])(?!\.[0-9]|-[0-9A-Za-z])"
        ),
        where=IN_NUMBERS,
        valid=validators.any_ipv4,
        label="[IP]",
    ),
    Rule(
        "any_ipv6",
        re.compile(r"(?=[0-9A-Fa-f:])(?<![0-9A-Za-z:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:])"),
        where=containing(":"),
        valid=validators.ipv6,
        canonical=str.lower,
        label="[IP]",
    ),
    Rule(
        "long_number",
        re.compile(r"(?<![0-9])[0-9](?:[ .\-/()]{0,2}[0-9]){5,40}"),
        where=IN_NUMBERS,
        valid=_six_digits,
        label="[NUMBER]",
    ),
    Rule(
        "account",
        re.compile(rf"{EMAIL_LOCAL}(?:@@@|@)[0-9A-Za-z][0-9A-Za-z.-]{{0,252}}"),
        where=AT_SIGNS,
        label="[EMAIL]",
    ),
    Rule("handle", re.compile(r"(?<![0-9A-Za-z_@.])@[0-9A-Za-z_][0-9A-Za-z_.-]{1,40}"), where=AT_SIGNS),
    Rule(
        "random",
        re.compile(r"(?<![0-9A-Za-z+=_-])[0-9A-Za-z+=_-]{20,60000}"),
        valid=_is_random,
        label="[SECRET]",
    ),
)
