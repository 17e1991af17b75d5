"""The rules one by one: check digits, ranges, words beside numbers, what keys of vendors look like."""

from __future__ import annotations

import re

import pytest

from genscope.features.redaction import PRESETS, RULES, make_redactor
from genscope.features.redaction.validators import luhn

DEFAULT = make_redactor()
STRICT = make_redactor("strict")


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_declaration(rule: object) -> None:
    declared = RULES[rule.name]
    assert re.fullmatch(r"[a-z][a-z0-9_]*", declared.name)
    assert re.fullmatch(r"\[[A-Z][A-Z0-9_]*\]", declared.label)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_no_quantifier_without_a_bound(rule: object) -> None:
    pattern = RULES[rule.name].pattern.pattern
    outside = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "_", pattern)
    assert not re.search(r"[*+](?!\))|\{\d+,\}", outside.replace("(?", "")), outside


def test_presets() -> None:
    assert PRESETS["off"] == ()
    assert set(PRESETS["default"]) < set(PRESETS["strict"]) == set(RULES.values())


@pytest.mark.parametrize(
    "number, valid",
    [
        ("4111111111111111", True),
        ("4111111111111112", False),
        ("378282246310005", True),
        ("0", True),
        ("18", True),
        ("19", False),
    ],
)
def test_luhn(number: str, valid: bool) -> None:
    assert luhn(number) is valid


@pytest.mark.parametrize(
    "text, redacted",
    [
        ("4111 1111 1111 1111", "[CARD]"),
        ("4111-1111 1111-1111", "4111-1111 1111-1111"),  # nobody writes it so
        ("4222222222222", "4222222222222"),  # Visa's old 13 digits
        ("30569309025904", "[CARD]"),
        ("36227206271667", "[CARD]"),
        ("2720990000000007", "[CARD]"),
        ("9111111111111111", "9111111111111111"),
        ("0.4111111111111111", "0.4111111111111111"),
        ("41111111111111110", "41111111111111110"),
        ("4111 1111 1111 1111 12/29", "[CARD] 12/29"),
        ("1234 4111 1111 1111 1111", "1234 [CARD]"),
        ("11010519491231002X", "[CN_ID]"),
        ("110105 19491231 002x", "[CN_ID]"),
        ("110105194912310021", "110105194912310021"),  # check digit
        ("110105194902300028", "110105194902300028"),  # 30 February
        ("990105194912310022", "990105194912310022"),  # no such province
        ("110105491231002", "110105491231002"),  # without the word it is any number
        ("1234 5678 9018", "[MY_NUMBER]"),
        ("1234 5678 9017", "1234 5678 9017"),
        ("1234 5678 9018 0000", "1234 5678 9018 0000"),
        ("0000 1234 5678 9018", "0000 1234 5678 9018"),
        ("123456789018", "123456789018"),
        ("my number: 123456789018", "my number: [MY_NUMBER]"),
        ("123-45-6789", "[SSN]"),
        ("666-45-6789", "666-45-6789"),
        ("000-45-6789", "000-45-6789"),
        ("923-45-6789", "923-45-6789"),
        ("123-00-6789", "123-00-6789"),
        ("123-45-0000", "123-45-0000"),
        ("123-45-6789-1", "123-45-6789-1"),
        ("123456789", "123456789"),
        ("SSN is 123456789", "SSN is [SSN]"),
        ("DE89370400440532013000", "[IBAN]"),
        ("DE89 3704 0044 0532 0130 00 ABC", "[IBAN] ABC"),
        ("AT61 1904 3002 3457 3201 BIC", "[IBAN] BIC"),
        ("DE88370400440532013000", "DE88370400440532013000"),
        ("XX89370400440532013000", "XX89370400440532013000"),
        ("192.0.2.1", "[IP]"),
        ("192.0.2.1:8080/x", "[IP]:8080/x"),
        ("192.0.2.256", "192.0.2.256"),
        ("192.0.2.1.5", "192.0.2.1.5"),
        ("10.1.2.3 172.20.1.1 192.168.1.1 169.254.1.1 127.0.0.1 0.0.0.0 255.255.255.255", None),
        ("v192.0.2.1 release 192.0.2.1 ==192.0.2.1 x/192.0.2.1", None),
        ("http://192.0.2.1/", "http://[IP]/"),
        ("2001:db8::1", "[IP]"),
        ("[2001:db8::1]:443", "[[IP]]:443"),
        ("fe80::1 ::1 fd00::1 12:34:56 a::b", None),
        ("2001:db8::1::2", None),
        ("a@example.com", "[EMAIL]"),
        ("mailto:a@example.com?x", "mailto:[EMAIL]?x"),
        ("a%40example.com", "[EMAIL]"),
        ("a@example", None),
        ("a@1.2.3", None),
        ("a@b.png", None),
        ("git@github.com:a/b.git ssh://git@example.com/x", None),
        ("deploy@example.com", "[EMAIL]"),
        ("用户@例子.公司", "[EMAIL]"),
        ("メールはa@example.comです", "メールは[EMAIL]です"),
        ("a@example.com.请", "[EMAIL].请"),
        ("a..b@example.com", "a..[EMAIL]"),
        ("'a@example.com'", "'[EMAIL]'"),
    ],
)
def test_default(text: str, redacted: str | None) -> None:
    assert DEFAULT.redact(text) == (text if redacted is None else redacted)


@pytest.mark.parametrize(
    "text, redacted",
    [
        ("+1 212 555 0142", "[PHONE]"),
        ("+12125550142", "[PHONE]"),
        ("+1 212 555", None),
        ("+0 123 456 789", None),
        ("5+12125550142", None),
        ("(212) 555-0142", "[PHONE]"),
        ("212.555.0142", "[PHONE]"),
        ("212 555 0142", None),
        ("call 212 555 0142", "call [PHONE]"),
        ("2125550142", None),
        ("phone 2125550142", "phone [PHONE]"),
        ("0049 30 23125042", "[PHONE]"),
        ("004930231250", None),
        ("13812345678", "[PHONE]"),  # all there is
        ("x 13812345678 y", None),
        ("用户13812345678", "用户[PHONE]"),
        ("订单13812345678", None),
        ("order 212-555-0142", None),
        ("order, call 212-555-0142", "order, call [PHONE]"),
        ("090-1234-5678", "[PHONE]"),
        ("09012345678", "[PHONE]"),
        ("id=09012345678", None),
        ("03(1234)5678", "[PHONE]"),
        ("06.05.2024 12", None),
        ("01.02.2024-05", None),
        ("01-02-2024", None),
        ("$212-555-0142", None),
        ("a-212-555-0142", None),
        ("212-555-0142-7", None),
        ("0171/1234567", "[PHONE]"),
        ("030 12345", None),
        ("Tel. 030 12345", "Tel. [PHONE]"),
    ],
)
def test_phone(text: str, redacted: str | None) -> None:
    assert DEFAULT.redact(text) == (text if redacted is None else redacted)


@pytest.mark.parametrize(
    "text, redacted",
    [
        ("password=hunter", "password=[PASSWORD]"),
        ("connect(password=hunter)", None),
        ("password: hunter and more", None),
        ("password: hunter", "password: [PASSWORD]"),
        ("password: required", None),
        ('"password": "required"', None),
        ('"password": "hunter"', '"password": "[PASSWORD]"'),
        ('"password": ""', None),
        ('"password": "ab"', None),
        ('"password": "unterminated', '"password": "[PASSWORD]'),
        ("password='it\\'s 1'", "password='[PASSWORD]'"),
        ('{\\"password\\": \\"a\\\\\\"b\\"}', '{\\"password\\": \\"[PASSWORD]\\"}'),
        ("password = get(1234)", None),
        ("password = a.b.c", None),
        ("password = DB_PASSWORD", None),
        ("password = '${X}'", None),
        ("password=ab12&user=x", "password=[PASSWORD]&user=x"),
        ("password=ab12&cd;x", "password=[PASSWORD];x"),
        ("password=ab12,user=x", "password=[PASSWORD],user=x"),
        ("--password hunter", "--password [PASSWORD]"),
        ("password hunter2", None),
        ("</password>hunter2", None),
        ("pwd", None),
        ("the password is hunter2.", "the password is [PASSWORD]."),
        ("the password is wrong", None),
        ("api_key=abcdefgh1", "api_key=[SECRET]"),
        ("api_key=abcdefgh", None),
        ("api_key='abcdefghijkl'", "api_key='[SECRET]'"),
        ("API-Key: abcdefgh1", "API-Key: [SECRET]"),
        ("monkey=abcdefgh1", None),
        ("primary_key=abcdefgh1", None),
        ("token=abcdefgh1", "token=[SECRET]"),
        ("tokens=abcdefgh1", None),
        ("page_token=abcdefgh1", None),
        ("secret=12345678", None),
        ("secret=1234567890123456", "secret=[SECRET]"),
        ("token_limit=100 token: 4096tokens", None),
        ("Bearer abcdefgh", None),
        ("Bearer abcdefgh1", "Bearer [SECRET]"),
        ("forbearer abcdefgh1", None),
        ("Basic YTpi", None),
        ("auth: Basic dXNlcjpwYXNz", "auth: Basic [SECRET]"),
        ("[SECRET]:acme::9abcDEFG", None),
        ("user[password]=hunter2", "user[password]=[PASSWORD]"),
        ("Basic abcdefgh", None),
        ("https://u:p@h", "https://u:[PASSWORD]@h"),
        ("https://u@example.com/", "https://[EMAIL]/"),
        ("https://h:80/@x", None),
        ("https://u:[PASSWORD]@h", None),
        ("redis://:p@h", "redis://:[PASSWORD]@h"),
        ("eyJhbGciOiJub25lIn0.eyJhIjoxfQ.", "[JWT]"),
        ("xeyJhbGciOiJub25lIn0.eyJhIjoxfQ.", None),
        ("eyJ" + "a" * 40 + ".eyJhIjoxfQ", None),
    ],
)
def test_secrets(text: str, redacted: str | None) -> None:
    assert DEFAULT.redact(text) == (text if redacted is None else redacted)


@pytest.mark.parametrize(
    "text, redacted",
    [
        ("order 123456", "order [NUMBER]"),
        ("12 34 56", "[NUMBER]"),
        ("12345", None),
        ("2024-05-06", None),
        ("127.0.0.1 and 10.1.2.3", "[IP] and [IP]"),
        ("::1 fe80::1", "[IP] [IP]"),
        ("12:34:56", None),
        ("anna@localhost", "[EMAIL]"),
        ("ask @anna_b!", "ask [HANDLE]!"),
        ("https://example.com/a?b=c&d=e#f", "https://example.com/a?[QUERY]#f"),
        ("id 9fceb02d0ae598e95dc970b74767f19372d61af8", "id [SECRET]"),
        ("a_very_long_name_of_a_function", None),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa1", None),
    ],
)
def test_strict(text: str, redacted: str | None) -> None:
    assert STRICT.redact(text) == (text if redacted is None else redacted)
