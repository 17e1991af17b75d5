"""Secrets with a name before them: `password = "..."`, `"api_key": "..."`, `--token ...`, `パスワードは...です`."""

from __future__ import annotations

import re

from .rule import Rule
from .seeking import at

# Between name and value: what closes the name, then `:`, `=` or what a language has for it, a type; or a verb; or, with
# options of a command, just a space.
_TYPE = r"(?:str|string|&str|SecretStr|Optional\[str\]|str \| None)"
_LINK = (
    r"(?P<closed>\\{0,8}[\"'`]\]?|\*\*|\])?"
    rf"(?P<link>[ \t]{{0,8}}(?:: ?{_TYPE} ?=|=>|:=|[:=]{{1,3}}|[：＝]|>)[ \t]{{0,8}}(?:\*\*[ \t])?"
    r"|[ \t]{1,3}(?:is|ist|lautet)[ \t]?:?[ \t]{1,3}| ?[は是为為]|[ \t]{1,3}(?!-))"
)
# Printable in Latin-1: where there are no spaces, the sentence goes on right behind it. `&` and `,` may end it.
_PLAIN = r"[!#-%*+\-./0-9:=?@A-Z^_a-z~¡-ÿ]"
_UNQUOTED = rf"{_PLAIN}{{1,4000}}(?:[&,](?![A-Za-z_][\w.-]{{0,40}}=){_PLAIN}{{1,400}}){{0,8}}(?<![.:?])"
# The quote that ends it has as many backslashes before it as the one that began it.
_QUOTED = r"[^\\\"'`\n\r]{0,4000}(?:(?!(?<!\\)(?P=q))[\\\"'`][^\\\"'`\n\r]{0,256}){0,40}"
_VALUE = rf"[「『“„‘«]?(?P<q>\\{{0,8}}[\"'`])?(?P<value>(?(q){_QUOTED}|{_UNQUOTED}))(?P<call>(?(q)|[(\[]?))"


def _assignment(names: str, scheme: str = "") -> re.Pattern[str]:
    return re.compile(rf"(?P<name>{names}){_LINK}{scheme}{_VALUE}", re.IGNORECASE)


# What stands for a value: variables of shells, templates and SQL, stars, paths, and what we have put there ourselves.
PLACEHOLDER = re.compile(
    r"[\[<{(][\w .:$!|/-]{0,100}[\]>})]{1,2}$"
    r"|\$\{.{0,100}\}$|\$\(|\$[A-Z_][0-9A-Z_]{0,60}$|\$[a-z_]{1,60}$|\$[0-9]{1,2}$|\$\w{1,40}(?:-$|:)"
    r"|/\w{1,64}/|%[(s]|%[A-Z_]{1,64}%|[*x.•_-]{3}|[:@][A-Za-z_]\w{0,64}$|[\\?][a-z ]{0,60}$"
    r"|[^0-9]{0,40}(?i:your|example|placeholder|changeme|insert|redacted|dummy|\.\.\.|…)[^0-9]{0,200}$"
)
_NO_VALUES = """
    str string text bool boolean int integer number float bytes any none null nil true false undefined optional required
    missing invalid valid expired incorrect wrong empty unset hidden masked protected encrypted hashed changed reset
    unknown erforderlich notwendig input prompt field type object array char varchar self this new function lambda await
    return const let var not and with from for the must is was has are will can should cannot please enter bitte ist
    muss darf wird nicht only env secretstr plain
"""
_WORDS = frozenset(_NO_VALUES.split())
_PROSE = re.compile(
    r"\b(?:your|enter|must|should|please|the|password|passwort|bitte|geben|ihr|is|forgot|confirm|new)\b", re.IGNORECASE
)
_CODE = re.compile(r"(?:[A-Za-z_]\w{0,64}(?:\.|::|->|=)){1,8}[A-Za-z_]\w{0,64}$")
_IDENTIFIER = re.compile(r"[A-Za-z]{1,40}(?:_[A-Za-z]{1,40}){1,8}$|[A-Za-z][a-z]{1,40}(?:[A-Z]{1,8}[a-z]{1,40}){1,8}$")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9]{0,64}(?:_[A-Z0-9]{1,64}){1,8}$")
_OPTION = re.compile(r"(?<![0-9A-Za-z-])--[0-9A-Za-z-]{0,30}$")
_LABEL = re.compile(r"\[[A-Z_]{0,30}$")  # `[SECRET]: ...`, as we have written it ourselves
_PAGING = re.compile(r"(?:page|next|prev|previous|continuation|sync|delta|cursor)[_\- ]?$", re.IGNORECASE)
_SIZE = re.compile(r"[0-9.]{1,20}[a-z]{1,10}")


def has_letters_and_digits(value: str) -> bool:
    return re.search("[0-9]", value) is not None and re.search("[A-Za-z]", value) is not None


def _is_value(match: re.Match[str]) -> bool:
    """Neither a placeholder nor a piece of a program."""
    value, start = match["value"], match.start()
    if not match["link"].strip() and not _OPTION.search(match.string[max(0, start - 40) : start]):
        return False
    word = value.strip(" !.").lower()
    if match["call"] or PLACEHOLDER.match(value) or word in _WORDS or word == match["name"].lower():
        return False
    before = match.string[max(0, start - 40) : start]
    if before.endswith("</") or (match["closed"] == "]" and match["name"].isupper() and _LABEL.search(before)):
        return False
    if match["q"] and value[:1] in {" ", ",", ")", ";", ":", "]", "}"}:  # a quote that ends what came before
        return False
    if _IDENTIFIER.match(value) and match["name"].lower() in value.lower():
        return False
    is_code = _CODE.match(value) is not None and (len(value) < 20 or not re.search("[0-9]", value))
    return match["q"] is not None or not (is_code or _CONSTANT.match(value))


def _password(match: re.Match[str]) -> bool:
    """Anything that is quoted; what is not should not look like a word of the sentence or a variable."""
    if not _is_value(match):
        return False
    value, link, what_follows = match["value"], match["link"].strip(), match.string[match.end() : match.end() + 1]
    if match["q"]:
        return len(value) >= 3 and (" " not in value or _PROSE.search(value) is None)
    if len(value) < 4:
        return False
    if not link:
        return True
    if value.isdigit():
        return link not in {"is", "ist"}
    if re.search("[0-9]", value):
        return True
    if match["link"] in {"=", "==="}:  # `db_password=hunter`, but not the argument in `connect(user, password=given)`
        return what_follows not in {",", ")"}
    if ":" in link and len(value) >= 6 and what_follows in {"", "\n", "\r"}:
        return True  # all that there is on the line
    return re.search("[^A-Za-z.-]", value) is not None


def _secret(match: re.Match[str]) -> bool:
    """As good as random: names, words and numbers have these names before them as well."""
    if not _is_value(match):
        return False
    value, start = match["value"], match.start()
    if len(value) < 8 or " " in value or _PAGING.search(match.string[max(0, start - 16) : start]):
        return False
    if has_letters_and_digits(value):
        return _SIZE.fullmatch(value) is None
    if value.isdigit():
        return len(value) >= 16
    if _CODE.match(value) or _IDENTIFIER.match(value):
        return False
    return len(value) >= 20 if match["name"].lower() == "token" else match["q"] is not None and len(value) >= 12


PASSWORD = Rule(
    "password",
    _assignment(
        "pass(?:word|wd|phrase|code|wort)|(?<![a-z])pwd|(?<=_)pass|kennwort|contraseña|パスワード|暗証番号|密[码碼]|口令"
    ),
    where=at("pass", "pwd", "kennwort", "contraseña", "パスワード", "暗証番号", "密码", "密碼", "口令", any_case=True),
    anchored=True,
    valid=_password,
)

# Which keys are secret: others are found in dictionaries, on keyboards and in tables.
_KINDS_OF_KEY = (
    "api", "aws", "auth", "access", "secret", "shared", "master", "private", "account", "signing", "encryption",
    "subscription",
)  # fmt: skip
_SECRET_KEY = "|".join(f"key(?<={kind}key)|key(?<={kind}[_ -]key)" for kind in _KINDS_OF_KEY)

SECRET = Rule(
    "secret",
    _assignment(
        rf"{_SECRET_KEY}|secret|token|signature(?<=x-amz-signature)|sig(?<=[?&]sig)|authorization",
        scheme="(?:(?:token|key|apikey|AWS4-HMAC-SHA256) )?",  # those of RFC 6750 and 7617 have a rule of their own
    ),
    where=at("key", "secret", "token", "signature", "sig=", "authorization", any_case=True),
    anchored=True,
    valid=_secret,
)
