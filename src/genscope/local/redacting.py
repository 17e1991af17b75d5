"""`genscope redact`: what redaction leaves of a text, and what it takes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from genscope.features.redaction.engine import Finding
from genscope.features.redaction.stage import rules_of
from genscope.settings import resolve

_REDACTOR = "redactor"


@dataclass(frozen=True, slots=True)
class Removal:
    """What was taken out. Positions count characters of the text given, from 0; line and column from 1."""

    rule: str
    start: int
    end: int
    line: int
    column: int
    removed: str
    replacement: str


def redact(text: str, options: Mapping[str, Any]) -> tuple[str, list[Removal]]:
    """The redacted text and what is missing in it, by settings: those of the environment, and `options` before them.

    Raises `ValueError` for settings that cannot be followed, and whatever a function of the user's raises.
    """
    found = resolve(options)
    if found.complaints:
        raise ValueError("\n".join(found.complaints))
    settings = found.settings
    rules = rules_of(settings)
    findings = rules.find(text)

    def replacement(one: Finding) -> str:
        removed = text[one.start : one.end]
        return rules.replace(removed, [Finding(one.rule, 0, len(removed))])

    removals = [_removal(text, one.rule, one.start, one.end, replacement(one)) for one in findings]
    redacted = rules.replace(text, findings)
    if settings.redactor is not None:
        seen = settings.redactor(redacted, "text")
        removals += _changes(redacted, seen)
        redacted = seen
    return redacted, removals


def _removal(text: str, rule: str, start: int, end: int, replacement: str) -> Removal:
    line_start = text.rfind("\n", 0, start) + 1
    line = text.count("\n", 0, start) + 1
    return Removal(rule, start, end, line, start - line_start + 1, text[start:end], replacement)


def _changes(before: str, after: str) -> Iterator[Removal]:
    """The lines that the user's own function has changed; positions in the text that it was given."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield _removal(before, _REDACTOR, starts[a], starts[b], "".join(new[c:d]))
