"""An option: its environment variable, how it is read, its default and one line of help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Final

UNREADABLE: Final = "unreadable"


def option(
    env: str,
    read: Callable[[Any], Any],
    default: Any,
    help: str,
    *,
    outdated: Mapping[str, str] | None = None,
    fallback: Any = None,
    secret: bool = False,
) -> Any:
    """`outdated` are spellings of old that are still understood, and what they mean now.

    `fallback` is what a bad value comes to where the default would not be the cautious side. A `secret` is not shown.
    """
    metadata = {
        "env": env,
        "read": read,
        "help": help,
        "outdated": outdated or {},
        "fallback": default if fallback is None else fallback,
        "secret": secret,
    }
    return field(default_factory=lambda: default, metadata=metadata)
