"""The tables of prices: the embedded one, and the user's own, which is asked first."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from genscope.features.cost.models import SECTIONS, names, undated
from genscope.features.cost.prices import Said

_EMBEDDED: Final = Path(__file__).with_name("prices.json.gz")


class Entry(NamedTuple):
    """A model in a table, and its price as the table says it."""

    provider: str
    model: str
    said: Said


class Table:
    """Prices by provider and model. The prices of the models stand in a list, for many have the same."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.source: str = said["source"]
        """Where the prices come from, with its version."""
        self.date: str = said["date"]
        self.attribution: str = said["attribution"]
        self.models: Mapping[str, Mapping[str, int]] = said["models"]
        self._prices: list[Said] = said["prices"]

    def find(self, provider: str, model: str, region: str | None = None) -> Entry | None:
        """A model by any name that it has in calls; None for an unknown one, or an unknown provider."""
        for section in SECTIONS.get(provider, (provider,)):
            models = self.models.get(section)
            if models is None:
                continue
            for name in names(section, model, region):
                if name in models:
                    return Entry(section, name, self._prices[models[name]])
            for name in names(section, model):
                snapshots = self._snapshots[section].get(name)
                if snapshots is not None and len({models[one] for one in snapshots}) == 1:
                    return Entry(section, snapshots[-1], self._prices[models[snapshots[-1]]])
        return None

    def entries(self) -> Iterator[Entry]:
        for provider, models in self.models.items():
            for model, place in models.items():
                yield Entry(provider, model, self._prices[place])

    @cached_property
    def _snapshots(self) -> Mapping[str, Mapping[str, list[str]]]:
        """Models by name without date, for who asks for a model that only its snapshots have a price of."""
        found: dict[str, dict[str, list[str]]] = {}
        for provider, models in self.models.items():
            dated = found.setdefault(provider, {})
            for name in models:
                bare = undated(name)
                if bare != name:
                    dated.setdefault(bare, []).append(name)
        return found


_loaded: Table | None = None


def embedded() -> Table:
    """The table that comes with genscope, read when it is first needed. Two threads may both read it: no lock to be
    held by a thread that a fork leaves behind."""
    global _loaded
    if _loaded is None:
        _loaded = Table(json.loads(gzip.decompress(_EMBEDDED.read_bytes())))
    return _loaded
