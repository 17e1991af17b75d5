"""The stages that keep personal data and secrets from every other stage."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from genscope.core.operation import Operation
from genscope.core.pipeline import Faults, Stage
from genscope.features.redaction.engine import Redactor, make_redactor
from genscope.features.redaction.walk import Walk
from genscope.settings import UNREADABLE, Settings, say_once

_TEXTS: Final = (str, list, tuple)


class Redaction(Stage):
    """Decides what anybody gets to see of the content, and of the texts among the parameters of a request."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk

    def idle(self) -> bool:
        """It works for other stages only."""
        return True

    def screen(self, value: Any, field: str) -> Any:
        return self._walk.value(value, field)

    def start(self, op: Operation) -> None:
        for meaning, value in op.request.items():  # stop sequences, ids that the application made
            if isinstance(value, _TEXTS):
                op.request[meaning] = self._walk.value(value, f"request.{meaning}")


class Withheld(Stage):
    """Shows nothing, because nobody can say what may be shown."""

    def idle(self) -> bool:
        return True

    def screen(self, value: Any, field: str) -> None:
        return None

    def start(self, op: Operation) -> None:
        op.request = {meaning: value for meaning, value in op.request.items() if not isinstance(value, _TEXTS)}


def redaction(settings: Settings) -> Iterator[Stage]:
    """The stages that the settings ask for; where these cannot be followed, nothing is shown."""
    try:
        walk = make_walk(settings)
    except ValueError as reason:
        say_once(f"no content is written: {reason}")
        yield Withheld()
    else:
        if walk is not None:
            yield Redaction(walk)


def rules_of(settings: Settings) -> Redactor:
    """What is to be found, and what put in its place. Raises `ValueError` for settings that cannot be followed."""
    for name in ("redaction_rules", "redaction_patterns", "redactor", "redaction_deny"):
        if getattr(settings, name) == UNREADABLE:
            raise ValueError(f"{name} cannot be read")
    if settings.redaction_style == "hash" and settings.hash_key is None:
        raise ValueError("pseudonyms (redaction_style=hash) need a key: hash_key, GENSCOPE_HASH_KEY")
    return make_redactor(
        settings.redaction,
        settings.redaction_style,
        settings.hash_key,
        settings.redaction_rules,
        settings.redaction_patterns,
    )


def make_walk(settings: Settings) -> Walk | None:
    """What redacts; None if nothing is to be redacted. Raises `ValueError` for settings that cannot be followed."""
    rules = rules_of(settings)
    users, deny = settings.redactor, settings.redaction_deny
    if settings.redaction == "off" and not (users or deny or settings.redaction_patterns or settings.redaction_rules):
        return None

    def redact(text: str, path: str) -> str:
        text = rules.redact(text)
        return text if users is None else users(text, path)

    report = partial(Faults(settings.raise_faults).report, "redacting")
    return Walk(redact, report, settings.redaction_allow, deny)
