"""Telephone numbers: a plan is a row. National ones need the form they are written in, or a word that says so.

E.164 for numbers with a country's code; for national ones the plans of the countries, in the forms that people use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .beside import after
from .validators import digits, is_other_number

# E.164: codes that are given out, and for the countries that we know better how many digits follow.
_COUNTRY = re.compile(
    r"1|7|2(?:0|7|[1-689][0-9])|3(?:[0-469]|[578][0-9])|4(?:[013-9]|2[0-9])|5(?:[1-8]|[09][0-9])|6(?:[0-6]|[7-9][0-9])"
    r"|8(?:[1246]|[0578][0-9])|9(?:[0-58]|[679][0-9])"
)
_LENGTHS = {
    "1": (10, 10), "7": (10, 10), "31": (9, 9), "33": (9, 9), "34": (9, 9), "39": (6, 11), "41": (9, 9), "43": (7, 12),
    "44": (9, 10), "45": (8, 8), "46": (7, 10), "47": (8, 8), "48": (9, 9), "49": (7, 12), "52": (10, 10),
    "55": (10, 11), "61": (9, 9), "65": (8, 8), "81": (9, 10), "82": (8, 10), "86": (9, 11), "91": (10, 10),
}  # fmt: skip

_says_phone = after(
    "phone iphone tel telephone telefon fon mobile mobil mobilfunk cell handy fax telefax call dial whatsapp sms text"
    " contact hotline rufen anruf rückruf ruf tlf msisdn telefonnummer rufnummer mobilnummer handynummer faxnummer"
    " 電話 携帯 携帯電話 連絡先 ファックス 手机 手機 电话 联系 联系方式 联系电话 致电 拨打 座机 微信",
    between="number no nr num nummer is ist at on us me to auf unter lautet 番号 号 号码 號 號碼 码",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One form of writing a number.

    bare: a mere run of digits; a plain number may look like it.
    alone: groups with spaces; digits before it would be groups of the same thing.
    shortest: with fewer digits it is none.
    """

    name: str
    pattern: str
    bare: bool = False
    alone: bool = False
    shortest: int = 0


_JP = "[- )(]{1,2}[0-9]"
_EXTENSION = "(?:[ -][0-9]{1,5}){0,3}"

PLANS = (
    # `+++` is what is left of `%2B`.
    Plan("world", r"(?:\+(?:\+\+)?|(?<![0-9])00(?=[1-9][0-9]{0,2}[ .\-/(]))\(?[1-9](?:[ .\-/()]{0,3}[0-9]){6,13}"),
    Plan("us", r"(?:1[ .-])?(?:\([1-9][0-9]{2}\)[ ]?|[1-9][0-9]{2}[.-])[0-9]{3}[ .-][0-9]{4}"),  # 123-456-7890, too
    Plan("cn", r"1[3-9][0-9](?P<cn_gap>[ -])[0-9]{4}(?P=cn_gap)[0-9]{4}"),
    Plan("cn_free", r"[48]00-[0-9]{3,4}-[0-9]{3,4}", shortest=10),
    Plan("cn_bare", r"1[3-9][0-9]{9}", bare=True),
    Plan("jp_mobile", r"0[5-9]0[- ][0-9]{4}[- ][0-9]{4}"),
    Plan("jp", rf"\(?0(?:[1-9]{_JP}{{4}}|[0-9]{{2}}{_JP}{{3}}|[0-9]{{3}}{_JP}{{2}}|[0-9]{{4}}{_JP})[- )][0-9]{{4}}"),
    Plan("jp_free", r"0(?:120|800|570)-[0-9]{2,4}-[0-9]{3,4}"),
    Plan("uk_long", r"\(?01[0-9]{3}[ )-]{1,2}[0-9]{5,6}"),
    Plan("uk", r"\(?0(?:[12][0-9]{2}|2[0-9]|[38]0[0-9]|7[0-9]{3})[ )-]{1,2}[0-9]{3,4}[ -][0-9]{3,4}"),
    Plan("uk_mobile", r"07[1-9][0-9]{2} [0-9]{6}"),
    Plan("de_mobile", r"01[567][0-9]{1,2}[ /-][0-9]{2,8}(?:[ -][0-9]{2,5}){0,3}", shortest=10),
    Plan("de", rf"\(?0[1-9][0-9]{{1,4}}\)?(?: ?[/-] ?| |(?<=\)))[1-9][0-9]{{2,7}}{_EXTENSION}", alone=True, shortest=9),
    Plan("zero_bare", r"0(?:[5-9]0[1-9][0-9]{7}|7[1-9][0-9]{8}|1[567][0-9]{8,9})", bare=True),
    Plan("said", r"(?<![0-9][ (])\(?[0-9](?:[ .\-/()]{0,3}[0-9]){6,14}"),
)
_BY_NAME = {plan.name: plan for plan in PLANS}

PATTERN = re.compile(
    r"(?=[+(0-9])(?<![0-9A-Za-z_#$€£¥])(?<![0-9A-Za-z][-/+])(?<![0-9][.:])"
    rf"(?:{'|'.join(f'(?P<{plan.name}>{plan.pattern})' for plan in PLANS)})"
    r"(?![0-9A-Za-z_]|[.\-:][0-9])"
)
_NO_PHONE = re.compile(r"[0-3]?[0-9]([-./ ])[01]?[0-9]\1(?:19|20)[0-9]{2}|[0-9]{5}-[0-9]{4}$")  # a date, a ZIP+4 code
_CHINESE = re.compile(r"[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]")


def phone(match: re.Match[str]) -> bool:
    plan = _BY_NAME[match.lastgroup or "said"]
    if plan.name == "world":
        return _is_world_wide(match[0])
    if _says_phone(match):
        return True
    if plan.name == "said" or is_other_number(match) or _NO_PHONE.match(match[0]):
        return False
    text, start, end = match.string, match.start(), match.end()
    if plan.bare and text[start - 1 : start] in {"/", "=", "-"}:
        return False
    if plan.alone and start > 1 and text[start - 1] == " " and text[start - 2].isdigit():
        return False
    if plan.name == "cn_bare":  # without a zero in front: among Chinese words, or all that a text says
        return _CHINESE.search(text[max(0, start - 12) : end + 12]) is not None or len(text.strip("\"' ")) == 11
    return len(digits(match[0])) >= plan.shortest


def _is_world_wide(number: str) -> bool:
    """Some of its first groups are a number; the rest goes with it, a few digits too many being better than too few."""
    number = number.lstrip("+").removeprefix("00")
    country = _COUNTRY.match(digits(number))
    if country is None:
        return False
    shortest, longest = _LENGTHS.get(country[0], (7, 12))
    total = -country.end() - ("(0)" in number)
    for group in re.findall("[0-9]+", number):
        total += len(group)
        if shortest <= total <= longest:
            return True
    return False
