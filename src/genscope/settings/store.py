"""The options of the local store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from genscope.settings.option import option
from genscope.settings.values import text

_OFF: Final = ("off", "0", "none")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_BYTES: Final = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_QUANTITY: Final = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([a-z]+)")


def age(value: Any) -> str:
    """`30d`, `off`."""
    return _quantity(value, _SECONDS, "an age, 12h, 30d or 8w, or off")


def size(value: Any) -> str:
    """`500mb`, `off`."""
    return _quantity(value, _BYTES, "a size, 500MB or 2GB, or off")


def amount(quantity: str) -> float | None:
    """Seconds of an age, bytes of a size; None for any."""
    found = _QUANTITY.fullmatch(quantity)
    return None if found is None else float(found[1]) * (_SECONDS | _BYTES)[found[2]]


def _quantity(value: Any, units: dict[str, int], accepted: str) -> str:
    said = str(value).strip().lower()
    if said in _OFF:
        return _OFF[0]
    found = _QUANTITY.fullmatch(said)
    if found is None or found[2] not in units or not float(found[1]):
        raise ValueError(accepted)
    return f"{found[1]}{found[2]}"


@dataclass(frozen=True)
class StoreOptions:
    """Local store"""

    store: str | None = option(
        "GENSCOPE_STORE",
        text,
        None,
        "The SQLite file of the exporter `genscope_store` and of the commands that read it, else one in the user's "
        "state directory (`genscope store path`); this one and the next two as environment variables only.",
    )
    store_max_age: str = option(
        "GENSCOPE_STORE_MAX_AGE",
        age,
        "30d",
        "What is older is dropped: `12h`, `30d`, `8w`, or `off`.",
    )
    store_max_size: str = option(
        "GENSCOPE_STORE_MAX_SIZE",
        size,
        "1gb",
        "The oldest is dropped when the file is larger: `500MB`, `2GB`, or `off`.",
    )
