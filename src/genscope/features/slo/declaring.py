"""Objectives as they are declared: texts, mappings, `Objective`s, words that stand for some, a file of YAML or JSON.

    latency_p95 < 5s per model; error_rate of rate_limit, overloaded < 1% over 30m; success_rate > 99% burn sre critical

What cannot be read is said, and does not take the rest with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from genscope.features.slo import checking
from genscope.features.slo.defaults import DEFAULTS
from genscope.features.slo.objective import SEVERITIES, Objective
from genscope.settings.values import shortened

_EXAMPLE: Final = "latency_p95 < 5s over 15m per model, or a word: " + ", ".join(DEFAULTS)
_FIELDS: Final = (
    *("measure", "target", "of", "per", "for", "window", "burn", "min_samples", "after", "keep", "cooldown"),
    *("severity", "below", "name"),
)
_LARGEST_FILE: Final = 1_000_000
_HEAD: Final = re.compile(r"\s*(\w[\w.]*)(?:\s+of\s+([\w\s,]+?))?\s*(<=?|>=?|=)\s*(\S+)(.*)", re.DOTALL)
_WORD: Final = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"'])+""")
_TAIL: Final = {
    "over": "window",
    "per": "per",
    "for": "for",
    "after": "after",
    "keep": "keep",
    "cooldown": "cooldown",
    "burn": "burn",
    "min": "min_samples",
    "below": "below",
    "named": "name",
}
"""What may follow the target, and the field that it is."""


@dataclass(frozen=True)
class Declaration:
    """The objectives that were understood, and of each that was not what is wrong with it."""

    objectives: tuple[Objective, ...]
    problems: tuple[str, ...]


def declared(value: Any, file: str | None = None) -> Declaration:
    """Read objectives from a text, an iterable, and a file. Never raises."""
    found: dict[str, Objective] = {}
    problems: list[str] = []
    for where, items in (("", lambda: _items(value)), (file and f"{file}: ", lambda: _of_file(Path(str(file))))):
        if where is None:
            continue
        try:
            listed = list(items())
        except Exception as fault:
            problems.append(f"{where or f'{shortened(value)}: '}{fault}")
            continue
        for number, item in enumerate(listed, 1):
            try:
                for one in _objectives(item):
                    if one.name in found:
                        raise ValueError(f"there are two objectives named {one.name!r}; accepted: a name for each")
                    found[one.name] = one
            except Exception as fault:  # ours say what would be accepted; the value may have some of its own
                problems.append(f"{where}objective {number}, {shortened(item)}: {fault}")
    return Declaration(tuple(found.values()), tuple(problems))


def _items(value: Any) -> Iterator[Any]:
    if value is None:
        return
    if isinstance(value, str):
        yield from _read_json(value) if value.lstrip().startswith(("[", "{")) else _parts(value)
    elif isinstance(value, (Objective, Mapping)):
        yield value
    elif isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        for item in cast("Iterable[Any]", value):
            yield from _parts(item) if isinstance(item, str) else (item,)
    else:
        raise TypeError(f"is no objective; accepted: {_EXAMPLE}, several separated by ;")


def _parts(text: str) -> Iterator[str]:
    for part in re.findall(r"""(?:"[^"\n]*"|'[^'\n]*'|[^;\n])+""", text):
        if part.strip():
            yield part.strip()


def _read_json(text: str) -> Iterator[Any]:
    return _listed(json.loads(text))


def _of_file(path: Path) -> Iterator[Any]:
    """A list, or a mapping that has one under `objectives`."""
    with path.expanduser().open("rb") as file:
        content = file.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise ValueError(f"the file has more than {_LARGEST_FILE} bytes")
    text = content.decode("utf-8-sig")
    if text.lstrip().startswith(("[", "{")):
        try:
            return _read_json(text)
        except json.JSONDecodeError:
            pass  # in YAML a list may begin so, too, without being JSON
    return _listed(_read_yaml(text))


def _read_yaml(text: str) -> Any:
    try:
        import yaml  # pyright: ignore[reportMissingModuleSource]  # here: few have it
    except ImportError:
        raise ValueError(
            "YAML needs the package PyYAML (pip install 'genscope[slo]'); accepted without: JSON"
        ) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as fault:
        at = getattr(fault, "problem_mark", None)
        raise ValueError(f"is no YAML{'' if at is None else f', line {at.line + 1}'}") from None


def _listed(found: Any) -> Iterator[Any]:
    if isinstance(found, dict) and "objectives" in found:
        said = cast("dict[Any, Any]", found)
        if len(said) > 1:
            raise ValueError(f"{', '.join(str(one) for one in said if one != 'objectives')}: accepted: objectives")
        found = said["objectives"]
    elif isinstance(found, dict):
        found = [found]
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list):
        raise ValueError("has no objectives; accepted: a list of them, or that under objectives")
    for item in cast("list[Any]", found):
        yield from _parts(item) if isinstance(item, str) else (item,)


def _objectives(item: Any) -> Iterable[Objective]:
    if isinstance(item, Objective):
        return (item,)
    if isinstance(item, str):
        return DEFAULTS.get(item.strip().lower()) or (_objective(_read(item)),)
    if not isinstance(item, Mapping):
        raise TypeError(f"is no objective; accepted: {_EXAMPLE}, or a mapping with {', '.join(_FIELDS)}")
    said: dict[str, Any] = {str(name): value for name, value in cast("Mapping[Any, Any]", item).items()}
    if isinstance(said.get("objective"), str):
        said = {**_read(said.pop("objective")), **said}
    return (_objective(said),)


def _objective(said: dict[str, Any]) -> Objective:
    unknown = sorted(said.keys() - set(_FIELDS))
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is not understood; accepted: objective, {', '.join(_FIELDS)}")
    for name, accepted in (("measure", checking.NAMES), ("target", "a number such as 5s, 1%, $200")):
        if said.get(name) is None:
            raise ValueError(f"says no {name}; accepted: {accepted}")
    said = {("where" if name == "for" else name): value for name, value in said.items() if value is not None}
    return Objective(said.pop("measure"), said.pop("target"), **said)


def _read(text: str) -> dict[str, Any]:
    """An objective as a text: the fields that it has."""
    head = _HEAD.fullmatch(text)
    if head is None:
        raise ValueError(f"is not understood; accepted: {_EXAMPLE}")
    measure, of, sign, target, rest = head.groups()
    row, _ = checking.measure(measure)
    if sign[0] != (">" if row.low else "<"):
        raise ValueError(
            f"{measure} {sign} {target} is the wrong way round; accepted: {measure} {'>' if row.low else '<'}"
        )
    said: dict[str, Any] = {"measure": measure, "target": target} | ({} if of is None else {"of": of})
    return said | _read_tail(rest)


def _read_tail(text: str) -> dict[str, Any]:
    if _WORD.sub("", text).strip():
        raise ValueError(f"{text.strip()!r} has a quote that does not end")
    said: dict[str, str] = {}
    field = ""
    for word in _WORD.findall(text):
        plain = word.lower()
        if plain in SEVERITIES and (not field or said[field]):
            said["severity"], field = plain, ""
        elif plain in _TAIL and (not field or said[field]):
            field = _TAIL[plain]
            if field in said:
                raise ValueError(f"says {plain} twice")
            said[field] = ""
        elif field:
            said[field] = f"{said[field]} {word}".strip()
        else:
            raise ValueError(f"{word!r} is not understood; accepted: {', '.join((*_TAIL, *SEVERITIES))}")
    for field, value in said.items():
        if not value:
            raise ValueError(f"says nothing after {next(word for word, name in _TAIL.items() if name == field)}")
    return {field: _meant(field, value) for field, value in said.items()}


def _meant(field: str, value: str) -> Any:
    if field == "for":
        pairs = [pair.partition("=") for pair in re.findall(r"""(?:"[^"]*"|'[^']*'|[^,"'])+""", value)]
        if any(not equals or not name.strip() or not pattern.strip() for name, equals, pattern in pairs):
            raise ValueError(f"for {value} is not understood; accepted: for model=gpt-4o*, provider=openai")
        return {name.strip(): [_bare(one) for one in pattern.split("|")] for name, _, pattern in pairs}
    try:
        if field == "min_samples":
            return int(value)
        if field == "below":
            return float(value)
    except ValueError:
        raise ValueError(f"{field} is {value!r}; accepted: a number") from None
    return _bare(value)


def _bare(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
