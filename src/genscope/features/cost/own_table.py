"""The user's own prices: a mapping, or a JSON file with one.

    {
        "version": "2026-11",
        "gpt-4o": {"input": 2.0, "output": 8.0, "cache_read": 1.0},
        "azure.ai.openai/my-deployment": "gpt-4o",
        "my-model": {"input": 0.1, "output": 0.1}
    }

By model, or by provider and model. A price is as in `genscope.features.cost.prices`; the name of another model in its
place means the price of that, which may be `provider/model` too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from genscope.features.cost.models import names
from genscope.features.cost.prices import TOKENS, UNITS, Said, price

_MAX_BYTES: Final = 16 * 2**20


class OwnTable:
    """Prices, or names of models that have them, by model and by provider/model."""

    def __init__(self, models: Mapping[str, Said | str], version: str | None = None) -> None:
        self.version = version
        self._models = {name.strip().lower(): said for name, said in models.items()}

    def find(self, provider: str, models: Sequence[str], region: str | None = None) -> tuple[str, Said | str] | None:
        """The name in this table of one of `models`, and what it says; names that are spelled like that go first."""
        for model in models:
            found = self._get(provider, model.lower())
            if found is not None:
                return found
        for model in models:
            for name in names(provider, model, region):
                found = self._get(provider, name)
                if found is not None:
                    return found
        return None

    def _get(self, provider: str, name: str) -> tuple[str, Said | str] | None:
        for key in (f"{provider.lower()}/{name}", name):
            if key in self._models:
                return key, self._models[key]
        return None

    def __len__(self) -> int:
        return len(self._models)


def read_own_prices(value: Any) -> OwnTable:
    """From a mapping, JSON text that begins with a brace, or the path of a JSON file.

    Raises `ValueError`, which says where something is wrong and what would be right.
    """
    if isinstance(value, OwnTable):
        return value
    said: Any = value
    if isinstance(value, str) and value.lstrip().startswith("{"):
        said = _parse(value, "the prices")
    elif isinstance(value, (str, os.PathLike)):
        path = Path(cast("str", value)).expanduser()
        try:
            if path.stat().st_size > _MAX_BYTES:
                raise ValueError(f"{path}: larger than {_MAX_BYTES >> 20} MB")
            said = _parse(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as fault:
            raise ValueError(f"{path}: {getattr(fault, 'strerror', None) or 'not a text file'}") from None
    if not isinstance(said, Mapping):
        raise ValueError("a JSON object, prices by model")
    models = {str(name): one for name, one in cast("Mapping[Any, Any]", said).items()}
    version = models.pop("version", None)
    if version is not None and not isinstance(version, str):
        raise ValueError("version: a text")
    faults = [fault for name, one in models.items() for fault in _faults(name, one)]
    if faults:
        raise ValueError("; ".join(faults[:5]) + ("; ..." if len(faults) > 5 else ""))
    return OwnTable(models, version)


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as fault:
        raise ValueError(f"{where}: no JSON: {fault}") from None


def _faults(name: str, said: Any) -> Iterator[str]:
    if isinstance(said, str) and said.strip():
        return
    if not isinstance(said, Mapping):
        yield f"{name}: a price, or the name of a model that has one"
        return
    found = list(_faults_of_price(name, cast("Said", said)))
    yield from found
    if not found:
        try:
            price(cast("Said", said))
        except Exception:
            yield f"{name}: windows have hours like 00:30-08:30, and weekdays from 1 to 7"


_PARTS: Final = {"above": (*TOKENS,), "tiers": (*TOKENS, "above"), "off_peak": (*TOKENS, "windows")}


def _faults_of_price(where: str, said: Said) -> Iterator[str]:
    yield from _faults_of_kinds(where, said, (*TOKENS, *UNITS, *_PARTS, "factors"))
    for factor, number in _members(said, "factors").items():
        yield from _faults_of_number(f"{where}.factors.{factor}", number)
    if "off_peak" in said:
        yield from _faults_of_kinds(f"{where}.off_peak", said["off_peak"], _PARTS["off_peak"])
    for tier, kinds in _members(said, "tiers").items():
        yield from _faults_of_kinds(f"{where}.tiers.{tier}", kinds, _PARTS["tiers"])
        if isinstance(kinds, Mapping):
            yield from _faults_above(f"{where}.tiers.{tier}", cast("Said", kinds))
    yield from _faults_above(where, said)


def _faults_above(where: str, said: Said) -> Iterator[str]:
    for threshold, kinds in _members(said, "above").items():
        if not (threshold.isascii() and threshold.isdigit()):
            yield f"{where}.above: {threshold!r} is no number of tokens"
        yield from _faults_of_kinds(f"{where}.above.{threshold}", kinds, TOKENS)


def _faults_of_kinds(where: str, said: Any, accepted: Collection[str]) -> Iterator[str]:
    if not isinstance(said, Mapping):
        yield f"{where}: a JSON object"
        return
    for kind, value in cast("Said", said).items():
        if kind not in accepted:
            yield f"{where}: there is no {kind!r}; there are {', '.join(accepted)}"
        elif kind in TOKENS or kind in UNITS:
            yield from _faults_of_number(f"{where}.{kind}", value)
        elif kind != "windows" and not isinstance(value, Mapping):
            yield f"{where}.{kind}: a JSON object"


def _faults_of_number(where: str, value: Any) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1e9:
        yield f"{where}: a number of USD, 0 or more"


def _members(said: Said, name: str) -> Said:
    value = said.get(name)
    return cast("Said", value) if isinstance(value, Mapping) else {}
