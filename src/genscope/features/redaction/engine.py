"""Finds in a text what must not be seen, and puts something else in its place."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from .replacement import Replacement, by_hash, by_label, by_mask
from .rule import Finding, Rule
from .rules import PRESETS, RULES
from .seeking import Text, Where, Window

_STYLES = ("label", "mask", "hash")
_NO_PATTERNS: Mapping[str, str] = MappingProxyType({})

# Nothing that an embedded rule finds is shorter, and none finds anything in a text without one of these.
_SHORTEST = 6
_SIGN_OF_ANYTHING = re.compile(r"[0-9@:=_\-\"`０-９＠：＝\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]")

# A pseudonym from an earlier pass: it may have a number among its hexadecimal digits, and must stay what it is.
_PSEUDONYM = re.compile(r"\[[A-Z][0-9A-Z_]{0,63}:[0-9a-f]{12}\]")
_NAME = re.compile(r"[A-Za-z][0-9A-Za-z_]{0,63}")


class Redactor:
    """Rules, and what is done with what they find.

    What a rule of the application raises comes out of every method: who calls must then give up the text, not pass it
    on. Without state of its own: many threads may use one.
    """

    def __init__(self, rules: Sequence[Rule], replace: Replacement) -> None:
        self._labels = {rule.name: rule.label for rule in rules}
        self._replacement = replace
        by_place: dict[Where, list[tuple[int, Rule]]] = {}
        for rank, rule in enumerate(rules):
            by_place.setdefault(rule.where, []).append((rank, rule))
        self._plan = list(by_place.items())
        # The rules that may find something in a text without a sign of anything: those that are not ours.
        self._any_text = [
            (where, others)
            for where, same in by_place.items()
            if (others := [(rank, rule) for rank, rule in same if RULES.get(rule.name) is not rule])
        ]
        self._rules = tuple(rules)

    def find(self, text: str) -> list[Finding]:
        """What the rules find, in order and apart from each other.

        Findings that overlap become one, from where the first begins to where the last ends: nothing that any rule has
        found remains. It is named for the longest of them; of several, for the first in the order of the rules.
        """
        plan = self._plan if len(text) >= _SHORTEST and _SIGN_OF_ANYTHING.search(text) else self._any_text
        if not plan:
            return []
        seen = Text(text)
        found = list[tuple[int, int, int]]()
        for where, rules in plan:
            windows = where(seen)
            if windows:
                for rank, rule in rules:
                    subject = seen.folded if rule.folded else text
                    matches = (_matches_at if rule.anchored else _matches)(rule, subject, windows)
                    found += [(start, end, rank) for start, end in matches]
        return self._settle(text, found) if found else []

    def redact(self, text: str) -> str:
        """The text without what the rules find; the same object if that is nothing."""
        findings = self.find(text)
        return self.replace(text, findings) if findings else text

    def replace(self, text: str, findings: Iterable[Finding]) -> str:
        """The text with these findings replaced; they are in order and apart from each other, as `find` gives them."""
        parts, done = list[str](), 0
        for finding in findings:
            label = self._labels.get(finding.rule, f"[{finding.rule.upper()}]")
            found = text[finding.start : finding.end]
            parts += (text[done : finding.start], self._replacement(finding.rule, label, found))
            done = finding.end
        parts.append(text[done:])
        return "".join(parts)

    def _settle(self, text: str, found: list[tuple[int, int, int]]) -> list[Finding]:
        pseudonyms = [match.span() for match in _PSEUDONYM.finditer(text)] if "[" in text else []
        if pseudonyms:
            found = _outside(pseudonyms, found)
        found.sort()
        result = list[Finding]()
        start, end, longest, best = -1, -1, 0, 0
        for begins, ends, rank in found:
            if begins >= end:
                if end >= 0:
                    result.append(Finding(self._rules[best].name, start, end))
                start, end, longest, best = begins, ends, 0, rank
            end = max(end, ends)
            if ends - begins > longest or (ends - begins == longest and rank < best):
                longest, best = ends - begins, rank
        if end >= 0:
            result.append(Finding(self._rules[best].name, start, end))
        return result


def _matches(rule: Rule, text: str, windows: list[Window]) -> Iterable[Window]:
    search, valid, group = rule.pattern.search, rule.valid, rule.group
    for low, high in windows:
        high = min(high, len(text))
        while low <= high and (match := search(text, low, high)) is not None:
            start, end = match.span(group)
            if start < end and (valid is None or valid(match)):
                yield start, end
                low = match.end()
            else:
                low = match.start() + 1  # what is no card from its first digit on may be one from the second group on


def _matches_at(rule: Rule, text: str, windows: list[Window]) -> Iterable[Window]:
    match_at, valid, group = rule.pattern.match, rule.valid, rule.group
    done = 0
    for low, high in windows:
        if low < done:
            continue
        match = match_at(text, low, high)
        if match is not None and (valid is None or valid(match)):
            yield match.span(group)
            done = match.end()


def _outside(covers: list[Window], found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """What is not within one of the covers; both are of the same text."""
    result = list[tuple[int, int, int]]()
    covers = sorted(covers)
    place = 0
    for entry in sorted(found):
        while place < len(covers) and covers[place][1] <= entry[0]:
            place += 1
        if place == len(covers) or entry[0] < covers[place][0] or entry[1] > covers[place][1]:
            result.append(entry)
    return result


def make_redactor(
    preset: str = "default",
    style: str = "label",
    key: str | None = None,
    rules: Collection[str] = (),
    patterns: Mapping[str, str] = _NO_PATTERNS,
) -> Redactor:
    """The rules of the preset, with and without those named.

    preset: "off", "default" or "strict".
    style: "label", "mask" or "hash"; the last needs a `key`.
    rules: names of embedded rules to add (`long_number` or `+long_number`) or to leave out (`-phone`).
    patterns: the application's own rules, by name: regular expressions over the text as it is. The name in capitals is
        the label; if there is a group `value`, that is what is replaced. They must be linear: nobody checks.

    ValueError says which of these it does not understand, and what it would.
    """
    if preset not in PRESETS:
        raise ValueError(f"preset: {preset!r} is none of {', '.join(PRESETS)}")
    chosen = {rule.name for rule in PRESETS[preset]}
    for entry in rules:
        name = entry[1:] if entry[:1] in {"+", "-"} else entry
        if name not in RULES:
            raise ValueError(f"rules: {entry!r} is none of {', '.join(RULES)}, with + or - before it")
        (chosen.discard if entry[:1] == "-" else chosen.add)(name)
    own = [_own_rule(name, pattern) for name, pattern in patterns.items()]
    return Redactor([*own, *(rule for name, rule in RULES.items() if name in chosen)], _replacement(style, key))


def _own_rule(name: str, pattern: str) -> Rule:
    if not _NAME.fullmatch(name) or name.lower() in RULES:
        raise ValueError(f"patterns: {name!r} must be letters, digits and _, and not the name of an embedded rule")
    try:
        return Rule(name.lower(), re.compile(pattern), folded=False)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"patterns: {name!r} has to be a regular expression of Python: {error}") from None


def _replacement(style: str, key: str | None) -> Replacement:
    if style not in _STYLES:
        raise ValueError(f"style: {style!r} is none of {', '.join(_STYLES)}")
    if style != "hash":
        return by_label if style == "label" else by_mask
    if not key:
        raise ValueError("key: the style 'hash' needs one: a secret, the same wherever pseudonyms are to be the same")
    return by_hash(key.encode())
