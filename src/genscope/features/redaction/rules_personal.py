"""Personal data: addresses and numbers that lead to someone.

There is no `\\b` here: it sees no end of a word between `です` and a digit. What must not go on, on either side, is
ASCII's letters and digits.
"""

from __future__ import annotations

import re
from unicodedata import normalize

from . import phones, validators
from .rule import Rule
from .seeking import among, containing, numbers

# The search for a pattern that begins with a class is fast; so what must not stand before it comes second.
_DIGIT = "[0-9](?<![0-9A-Za-z].)"
_END = "(?![0-9A-Za-z])"
IN_NUMBERS = numbers(before=3, after=10)


def _compact(text: str) -> str:
    """Without what people put between digits."""
    return re.sub(r"[\s\-./()]", "", normalize("NFKC", text)).upper()


def _lower(text: str) -> str:
    return normalize("NFKC", text).replace("%40", "@").casefold()


# Letters of scripts that have spaces between words. In those that have none, an address begins anywhere: it is taken to
# begin where another script does; and where such a letter is right before the `@`, as much as 30 characters before it.
_SPACED = r"0-9A-Za-z\u00c0-\u024f\u0370-\u052f\u0531-\u058a\u05d0-\u06ff\u0900-\u0dff\u0e01-\u0e4e\u1e00-\u1fff"
_UNSPACED = rf"[^\W{_SPACED}]"
EMAIL_LOCAL = (
    rf"(?:(?<![{_SPACED}_%+-])[{_SPACED}_](?:\.?[{_SPACED}_+'-]){{0,63}}"
    rf"|{_UNSPACED}(?:\.?[\w+-]){{0,30}}(?<={_UNSPACED}))"
)
AT_SIGNS = among(r"[\w.+'-]", "@", r"[\w.@-]", reach=(70, 330))
# IANA's root zone: top-level domains in scripts without spaces. After any other letter of theirs the sentence goes on.
_TOP = (
    rf"(?:xn--[0-9A-Za-z-]{{2,59}}|[A-Za-z]{{2,24}}|(?![0-9A-Za-z])[{_SPACED}]{{2,24}}"
    r"|中国|中國|公司|网络|网址|在线|中文网|商城|商店|集团|政务|公益|移动|香港|台灣|台湾|新加坡|我爱你|世界|みんな|コム|クラウド|ストア|テスト"
    r"|セール|ファッション|ポイント|グーグル|アマゾン|닷컴|닷넷|한국|삼성|테스트|测试|測試)"
)

_IBAN_COUNTRIES = {  # by length: the registry of ISO 13616, https://www.swift.com/standards/data-standards/iban
    15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
_IBAN = "|".join(
    rf"(?<={countries.replace(' ', '|')})[0-9]{{2}}(?: ?[0-9A-Z]){{{length - 4}}}"
    for length, countries in _IBAN_COUNTRIES.items()
)

PERSONAL: tuple[Rule, ...] = (
    Rule(
        "email",
        re.compile(rf"(?P<local>{EMAIL_LOCAL})(?:@@@|@)(?:\w[\w-]{{0,62}}\.){{1,8}}{_TOP}{_END}"),  # `@@@` was `%40`
        where=AT_SIGNS,
        valid=validators.email,
        canonical=_lower,
    ),
    Rule(
        "iban",
        re.compile(rf"[A-Z]{{2}}(?:(?<![0-9A-Za-z]..)|(?<=IBAN..))(?=[0-9]{{2}})(?:{_IBAN}){_END}", re.IGNORECASE),
        where=numbers(before=14, after=30),
        valid=validators.iban,
        canonical=_compact,
        shown=4,
    ),
    Rule(
        "card",
        re.compile(
            rf"{_DIGIT}(?<![0-9][.-].)(?:[0-9]{{3}}([ -]?)[0-9]{{4}}\1[0-9]{{4}}\1[0-9]{{4}}(?:[ -]?[0-9]{{3,4}})?"
            r"|[0-9]{3}([ -])[0-9]{6}\2[0-9]{4,5}(?: [0-9]{3,4})?|[0-9]{5} [0-9]{10,13}|[0-9]{13,18})"
            rf"{_END}(?!-[0-9])"
        ),
        where=IN_NUMBERS,
        valid=validators.card,
        canonical=_compact,
        shown=4,
    ),
    Rule(
        "cn_id",
        re.compile(
            rf"{_DIGIT}[0-9]{{5}} ?(?:(?:18|19|20)[0-9]{{2}}[01][0-9][0-3][0-9] ?[0-9]{{3}}[0-9Xx]"
            rf"|[0-9]{{2}}[01][0-9][0-3][0-9]{{4}}){_END}"
        ),
        where=IN_NUMBERS,
        valid=validators.cn_id,
        canonical=_compact,
    ),
    Rule(
        "my_number",
        re.compile(rf"{_DIGIT}(?<![0-9][ .-].)[0-9]{{3}}([ -]?)[0-9]{{4}}\1[0-9]{{4}}{_END}(?![ .-][0-9])"),
        where=IN_NUMBERS,
        valid=validators.my_number,
        canonical=_compact,
    ),
    Rule(
        "ssn",
        re.compile(
            r"[0-8](?<![0-9A-Za-z].)(?<![0-9][.-].)[0-9]{2}(?<!000|666)([ -]?)(?!00)[0-9]{2}\1(?!0000)[0-9]{4}"
            rf"{_END}(?!-[0-9])"
        ),
        where=IN_NUMBERS,
        valid=validators.ssn,
        canonical=_compact,
    ),
    Rule(
        "ipv4",
        re.compile(rf"{_DIGIT}(?<![0-9A-Za-z]\..)[0-9]{{0,2}}(?:\.[0-9]{{1,3}}){{3}}{_END}(?!\.[0-9]|-[0-9A-Za-z])"),
        where=IN_NUMBERS,
        valid=validators.public_ipv4,
        label="[IP]",
    ),
    Rule(
        "ipv6",  # RFC 4291, 2.2; global addresses are those in 2000::/3
        re.compile(
            r"[23][0-9A-Fa-f]{3}:(?<![0-9A-Za-z:.].{5})(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:])"
        ),
        where=containing(":"),
        valid=validators.ipv6,
        canonical=str.lower,
        label="[IP]",
    ),
    Rule("phone", phones.PATTERN, where=IN_NUMBERS, valid=phones.phone, canonical=_compact),
)
