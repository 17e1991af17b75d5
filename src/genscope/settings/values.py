"""How a value is read, whoever says it: a keyword, a file or a variable. `ValueError` tells what would be accepted."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from inspect import iscoroutinefunction
from typing import Any, Final, cast

_SWITCH: Final = {
    "true": True,
    "1": True,
    "on": True,
    "yes": True,
    "false": False,
    "0": False,
    "off": False,
    "no": False,
}
_STABILITY: Final = ("gen_ai_latest_experimental", "gen_ai_latest_experimental/dup")


def boolean(value: Any) -> bool:
    try:
        return _SWITCH[str(value).strip().lower()]
    except KeyError:
        raise ValueError("true or false") from None


def count(value: Any) -> int:
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        found = -1
    if found < 0 or isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError("a whole number, 0 or more")
    return found


def limit(value: Any) -> int:
    try:
        found = count(value)
    except ValueError:
        found = 0
    if not found:
        raise ValueError("a whole number, 1 or more")
    return found


def ratio(value: Any) -> float:
    return _number(value, 1.0, "a number from 0 to 1")


def seconds(value: Any) -> float:
    found = _number(value, 86_400.0, "seconds, more than 0")
    if not found:
        raise ValueError("seconds, more than 0")
    return found


def _number(value: Any, most: float, accepted: str) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        found = -1.0
    if not 0.0 <= found <= most or isinstance(value, bool):  # and it is not NaN
        raise ValueError(accepted)
    return found


def text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value.strip()


def words(value: Any) -> tuple[str, ...]:
    """Separated by commas."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, Collection) or isinstance(items, (bytes, Mapping)):
        raise ValueError("a list, separated by commas")
    return tuple(word for item in cast("Collection[Any]", items) if (word := str(item).strip()))


_IDENTITY_NAME: Final = re.compile(r"conversation_id|user_id|tenant|tag\.(\*|[^\s,*]+)")


def identity_names(value: Any) -> tuple[str, ...]:
    """Parts of an identity, separated by commas."""
    accepted = "conversation_id, user_id, tenant, tag.NAME, tag.*"
    try:
        names = words(value)
    except ValueError:
        raise ValueError(accepted) from None
    if not all(map(_IDENTITY_NAME.fullmatch, names)):
        raise ValueError(accepted)
    return names


def limits(value: Any) -> Any:
    """What is in them is read where budgets are known: what is wrong there must not look like no budget at all."""
    return value


def prices(value: Any) -> Any:
    """What is in it is read where prices are known."""
    if not isinstance(value, (Mapping, str, os.PathLike)) or not value:
        raise ValueError("a mapping of models to prices, JSON of it, or the path of a file with that")
    return cast("Any", value)


def expressions(value: Any) -> Mapping[str, str]:
    """Regular expressions by name."""
    accepted = "regular expressions by name: a line NAME=EXPRESSION for each, or a JSON object"
    try:
        found = value
        if isinstance(value, str) and value.lstrip().startswith("{"):
            found = json.loads(value)
        elif not isinstance(value, Mapping):
            lines = [line.partition("=") for line in cast("str", value).splitlines() if line.strip()]
            found = {name.strip(): expression.strip() for name, _, expression in lines}
        by_name = dict(cast("Mapping[Any, Any]", found))
        for name, expression in by_name.items():
            if not (isinstance(name, str) and name and isinstance(expression, str) and expression):
                raise ValueError
            re.compile(expression)
    except Exception:
        raise ValueError(accepted) from None
    return by_name


def one_of(*accepted: str) -> Callable[[Any], str]:
    by_spelling = {name.lower(): name for name in accepted}

    def read(value: Any) -> str:
        try:
            return by_spelling[str(value).strip().lower()]
        except KeyError:
            raise ValueError(", ".join(accepted)) from None

    return read


def tokens(value: Any) -> frozenset[str]:
    """What is not ours in the list is another instrumentation's: `http/dup`."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, Collection):
        raise ValueError(f"a list of {', '.join(_STABILITY)}")
    tokens = {str(item).strip().lower() for item in cast("Collection[Any]", items)}
    if any(token.startswith("gen_ai") and token not in _STABILITY for token in tokens):
        raise ValueError(", ".join(_STABILITY))
    return frozenset(tokens & set(_STABILITY))


def mapping(value: Any) -> Mapping[str, str]:
    if isinstance(value, Mapping):
        return {str(key): str(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    pairs: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in str(value).split(","))):
        key, equals, item = pair.partition("=")
        if not (equals and key.strip() and item.strip()):
            raise ValueError("host=provider pairs, separated by commas")
        pairs[key.strip()] = item.strip()
    return pairs


Hook = Callable[[Any, Any], Any]
"""`(op, raw)`: the `Operation`, and what is passing by. What a hook returns is ignored."""

Redact = Callable[[str, str], str]
"""`(text, path)`: a text of the content and where it is (`input.0.parts.0.content`); returns what may be seen of it."""


def function(value: Any) -> Callable[..., Any]:
    found = value
    if not callable(value):
        module, colon, name = str(value).partition(":")
        try:
            found = getattr(import_module(module.strip()), name.strip()) if colon else None
        except Exception:  # an import runs whatever the module does
            found = None
    if not callable(found) or iscoroutinefunction(found):  # nobody would await it
        raise ValueError("a function, not an async one, or where to import it from: package.module:function")
    return found


def hook_name(value: Any) -> Any:
    """An entry point's name, or already what it would bring."""
    if callable(getattr(value, "on_completion", None)):
        return value
    if not isinstance(value, str) or not value.strip():
        raise ValueError("the name of an entry point, or an object with a method on_completion")
    return value.strip()


_ATTRIBUTE: Final = re.compile(r"\s*[^\W\d][\w.]*\s*:\s*[^\W\d][\w.]*\s*")


def judges(value: Any) -> tuple[Any, ...]:
    """Names, or already what judges. What they are called is known where judges are."""
    accepted = "names, separated by commas; by keyword also functions, and objects with a method judge"
    if isinstance(value, str):
        return words(value)
    found = (value,) if callable(value) or not isinstance(value, Collection) else tuple(cast("Collection[Any]", value))
    if isinstance(value, (bytes, Mapping)) or not all(map(_may_judge, found)):
        raise ValueError(accepted)
    return found


def _may_judge(value: Any) -> bool:
    return isinstance(value, str) or callable(value) or callable(getattr(value, "judge", None))


def judge_client(value: Any) -> Any:
    """Not imported yet: that may take a while, and is done where nobody waits for it."""
    accepted = "a client of an SDK, a function (prompt) -> text, or where to import it from: package.module:attribute"
    if isinstance(value, (bool, int, float, bytes, Collection)) and not isinstance(value, str):
        raise ValueError(accepted)
    if isinstance(value, str) and not _ATTRIBUTE.fullmatch(value):
        raise ValueError(accepted)
    return value.strip() if isinstance(value, str) else value


def shortened(value: Any) -> str:
    """What was said, as a complaint quotes it."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except Exception:
        text = type(value).__name__
    return repr(text if len(text) <= 120 else f"{text[:117]}...")
