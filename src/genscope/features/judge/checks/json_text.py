"""Whether an answer is JSON, and the JSON that was asked for."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from genscope.features.judge.checks.json_schema import Schema, Undecided
from genscope.features.judge.checks.outcome import (
    TOO_COMPLEX,
    TOO_LONG,
    failed,
    is_whole,
    not_applicable,
    not_judged,
    passed,
)
from genscope.features.judge.verdict import Case, Verdict

logger = logging.getLogger("genscope")

_LONGEST_INTEGER: Final = 4000
"""Digits. Python refuses to read more than 4,300, and before it did so they took a time quadratic in their number."""
_FENCE: Final = "```"


@dataclass(frozen=True)
class Json:
    """Labels: `not_json`; `invalid` if it is not what the schema asks for; `parsed` if nobody could hold it to one.

    The schema is this one or else that of the request; without either, any JSON passes. With `fenced`, an answer may
    stand between the fences of Markdown. A schema needs the package `jsonschema`: ValueError if one is given and it is
    not installed; where only the request has one, that is said in the log and the answer is `parsed`, with score 1.
    """

    schema: Mapping[str, Any] | None = None
    fenced: bool = False
    name: str = "json"
    _own: Schema | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_own", None if self.schema is None else Schema(self.schema))

    def judge(self, case: Case, /) -> Verdict:
        if case.answer is None:
            return not_applicable(self.name)
        if not is_whole(case):
            return not_judged(self.name, TOO_LONG)
        try:
            document = read(_unfenced(case.answer) if self.fenced else case.answer)
        except (ValueError, RecursionError) as reason:
            return failed(self.name, "not_json", _place(reason))
        try:
            schema = self._own
            if schema is None:
                if case.schema is None:
                    return passed(self.name)
                schema = Schema(case.schema)
            fault = schema.fault(document)
        except Undecided:
            return not_judged(self.name, TOO_COMPLEX)
        except ValueError as reason:
            _say_once(str(reason))
            return passed(self.name, "parsed")
        return passed(self.name) if fault is None else failed(self.name, "invalid", f"schema: {fault}")


def read(text: str) -> Any:
    """The JSON that a text is. ValueError or RecursionError if it is none, or none that Python can read."""
    return json.loads(text, parse_constant=_refuse, parse_int=_integer)


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER:
        raise ValueError("a number too long")
    return int(digits)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not in JSON")


def _place(reason: Exception) -> str | None:
    """Where the text stops being JSON. What stands there is not quoted."""
    return f"line {reason.lineno}, column {reason.colno}" if isinstance(reason, json.JSONDecodeError) else None


def _unfenced(text: str) -> str:
    text = text.strip()
    if not (text.startswith(_FENCE) and text.endswith(_FENCE)):
        return text
    _, _, inside = text.removesuffix(_FENCE).partition("\n")
    return inside


_said: Final = set[str]()
_MOST_SAID: Final = 64


def _say_once(reason: str) -> None:
    if reason not in _said and len(_said) < _MOST_SAID:
        _said.add(reason)
        with suppress(Exception):  # a handler of the application's may have faults of its own
            logger.warning("genscope: answers are not held to the schema of their requests: %s", reason)
