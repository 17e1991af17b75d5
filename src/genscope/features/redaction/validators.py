"""Whether what looks like a number of some kind is one: check digits, dates, ranges, and the words beside it."""

from __future__ import annotations

import re
from datetime import date
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address

from .beside import after


def digits(text: str) -> str:
    return re.sub("[^0-9]", "", text)


# What else has a number. Not far off: "order, call 212-555-0142" does not say that an order has this number.
is_other_number = after(
    "order invoice part parts sku ref reference ticket case article item model batch lot isbn ean upc gtin asin id uuid"
    " build version timestamp ts product job run seed bytes size offset patent tracking serial pid hash issue pn imei"
    " doi parcel meeting bestell bestellung rechnung rechnungs kunden auftrag auftrags vertrag vertrags artikel teile"
    " beleg aktenzeichen vorgang vorgangs sendung sendungs serien"
    " 单号 單號 订单 编号 型号 流水号 快递 运单 注文 品番 型番 受付 伝票 請求 請求書 商品 会員 管理 追跡 整理",
    between="no nr number num nummer code id key is was ist lautet 番号 コード",
)


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return (sum(map(int, number[::-2])) + doubled) % 10 == 0


# Who issues cards with which first digits and of which lengths: ISO/IEC 7812. Left out are those that one does not pay
# with, and Visa's of 13 and 19 digits, which nobody has and which the article numbers of half of Europe look like.
_CARDS = re.compile(
    r"4[0-9]{15}"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12}"  # Discover
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}"  # JCB
    r"|3(?:0[0-5]|[68][0-9]|95)[0-9]{11}"  # Diners Club
    r"|62[0-9]{14,17}"  # UnionPay
    r"|220[0-4][0-9]{12}"  # Mir
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])[0-9]{12}"  # Maestro
)


def card(match: re.Match[str]) -> bool:
    # A last group of three or four digits is that of a longer card, or the code from its back: both must go.
    front, _, last = match[0].replace("-", " ").rpartition(" ")
    numbers = (digits(match[0]), digits(front) if len(last) in {3, 4} else "")
    return any(_CARDS.fullmatch(number) is not None and luhn(number) for number in numbers)


_CN_PROVINCES = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[123]|91")  # GB/T 2260
_says_cn_id = after("身份证 公民身份 身分證 证件 id_card", between="号 号码 號碼 is number no")


def cn_id(match: re.Match[str]) -> bool:
    """GB 11643-1999: a place, a date that there was, a check digit (ISO 7064, mod 11-2); before 1999 without."""
    number = match[0].replace(" ", "").upper()
    if not _CN_PROVINCES.match(number):
        return False
    if len(number) == 15:
        return _is_date("19" + number[6:12]) and _says_cn_id(match)
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number[:17]))
    return "10X98765432"[total % 11] == number[17] and _is_date(number[6:14])


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


_says_my_number = after("マイナンバー 個人番号 my_number individual_number", between="カード 番号 の is")


def my_number(match: re.Match[str]) -> bool:
    """The check digit of MIC's Ordinance no. 85 of 2014, article 5; undivided only where it is called by its name."""
    number = digits(match[0])
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    rest = sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False)) % 11
    if int(number[11]) != (0 if rest <= 1 else 11 - rest):
        return False
    return _says_my_number(match) or (len(match[0]) == 14 and not is_other_number(match))


_says_ssn = after("ssn social_security", between="number no num is was")


def ssn(match: re.Match[str]) -> bool:
    """https://www.ssa.gov/employer/randomization.html; the ranges that are not given out are in the pattern."""
    return _says_ssn(match) or (match[0].count("-") == 2 and not is_other_number(match))


def iban(match: re.Match[str]) -> bool:
    """ISO 13616-1: mod 97. The lengths are in the pattern."""
    number = match[0].replace(" ", "")
    return int("".join(str(int(char, 36)) for char in number[4:] + number[:4])) % 97 == 1


# RFC 1918, 6598, 3927, 5771: they lead to nobody. 192.0.2.0/24 and its like count: examples look like the real ones.
_NOBODYS = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "224.0.0.0/4", "255.0.0.0/8",
    )
]  # fmt: skip
_says_version = after(
    "v version ver release build section chapter clause article rev revision firmware driver jar kapitel abschnitt §"
    " 版本 バージョン 第",
    between="is number no nr to auf",
)
# Chrome/120.0.0.1, numpy==1.2.3.4, ^1.2.3.4, app-1.2.3.4
_MARKS_VERSION = re.compile(r"[0-9A-Za-z_]/|[=~<>!]=|.?[\^~]|[A-Za-z]-")


def _ipv4(match: re.Match[str]) -> IPv4Address | None:
    try:
        address = IPv4Address(match[0])
    except AddressValueError:
        return None
    start = match.start()
    is_version = _MARKS_VERSION.fullmatch(match.string[max(0, start - 2) : start]) or _says_version(match)
    return None if is_version else address


def public_ipv4(match: re.Match[str]) -> bool:
    address = _ipv4(match)
    return address is not None and not any(address in network for network in _NOBODYS)


def ipv6(match: re.Match[str]) -> bool:
    try:
        IPv6Address(match[0])
    except AddressValueError:
        return False
    return True


def any_ipv4(match: re.Match[str]) -> bool:
    return _ipv4(match) is not None


# `icon@2x.png` has more pixels, `user@1000.service` is a unit of systemd.
_FILE_ENDINGS = re.compile(
    r"png|jpe?g|gif|webp|svg|avif|ico|[cm]?js|jsx|tsx?|s?css|html?|xml|json|ya?ml|txt|log|pdf|csv|service|slice|scope",
    re.IGNORECASE,
)
# Who logs in is no address, and what with is another rule's; but the name may be an address, `a%40example.com`.
_IN_USERINFO = re.compile(r":/{2,12}(?:[^\s/?#:]{0,64}:[^\s/?#]{0,128})?$")


def email(match: re.Match[str]) -> bool:
    """Not the end of a password in a URL, not an address for git, not a file."""
    text, start, end = match.string, match.start(), match.end()
    if _FILE_ENDINGS.fullmatch(match[0].rpartition(".")[2]):
        return False
    if match["local"] in {"git", "hg"} and text[end : end + 1] in {":", "/"}:
        return False
    before = text[max(0, start - 200) : start]
    if before.endswith("://") and len(match["local"]) < 24:  # a name; longer ones are tokens
        return True
    in_url = ":/" in before and _IN_USERINFO.search(before) is not None
    return not in_url or "@@@" in match[0]
