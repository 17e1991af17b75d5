"""Whoever goes leaves the other as it was; whoever comes back finds its place."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import openai
import pytest
from contract.openai_sdk import OPENAI, http_client
from contract.recorder import Recorder

from genscope.local.simulator import Simulator

from .neighbours import NEIGHBOURS, OPENINFERENCE, ORDERS, OURS, Neighbour, completed, scopes, spans

CLIENTS = ("OpenAI", "AzureOpenAI")
BASES = {name: getattr(openai._base_client, name) for name in ("SyncAPIClient", "AsyncAPIClient")}


class Street:
    """The SDK, with whoever is on it now."""

    def __init__(self, neighbour: Neighbour, simulator: Simulator) -> None:
        self.neighbour = neighbour
        self.recorder = Recorder()
        self._simulator = simulator

    def comes(self, who: str) -> None:
        if who == "we":
            OPENAI.instrumentor().instrument(skip_dep_check=True, raise_faults=True, **self.recorder.providers)
        else:
            self.neighbour.instrument(self.recorder)

    def goes(self, who: str) -> None:
        (OPENAI.instrumentor() if who == "we" else self.neighbour.instrumentor).uninstrument()

    def told_by(self) -> set[str]:
        """Who makes the one span of a call, with each kind of client."""
        found: set[str] = set()
        for kind in CLIENTS:
            before = len(spans(self.recorder))
            more: Any = {"api_version": "2024-10-21"} if kind == "AzureOpenAI" else {}
            with http_client("sync") as http:
                client = getattr(openai, kind)(
                    api_key="sk-any", base_url=self._simulator.base_url("ok"), http_client=http, **more
                )
                client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Which city?"}])
            self.recorder.settle()
            (scope,) = scopes(spans(self.recorder)[before:]) or ("nobody",)
            found.add({OURS: "we", "nobody": "nobody"}.get(scope, "they"))
        return found


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=str)
def test_they_go_and_come_back(neighbour: Neighbour, order: str, simulator: Simulator) -> None:
    street = Street(neighbour, simulator)
    for who in ("we", "they") if order == ORDERS[0] else ("they", "we"):
        street.comes(who)
    assert street.told_by() == {"they"}
    street.goes("they")
    assert street.told_by() == ({"we"} if neighbour.comes_off else {"they"})
    if neighbour.comes_off:
        street.comes("they")
        assert street.told_by() == {"they"}
    street.goes("we")
    assert street.told_by() == {"they"}
    street.goes("they")
    assert street.told_by() == ({"nobody"} if neighbour.comes_off else {"they"})
    street.comes("we")
    assert street.told_by() == ({"we"} if neighbour.comes_off else {"they"})
    street.goes("we")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=str)
def test_we_go_and_come_back(neighbour: Neighbour, order: str, simulator: Simulator) -> None:
    originals = {name: cls.__dict__["request"] for name, cls in BASES.items()}
    street = Street(neighbour, simulator)
    for who in ("we", "they") if order == ORDERS[0] else ("they", "we"):
        street.comes(who)
    for _ in range(3):
        street.goes("we")
        assert street.told_by() == {"they"}
        assert not any(completed(span) for span in street.recorder.ended[-len(CLIENTS) :])
        assert {name: cls.__dict__["request"] for name, cls in BASES.items()} == originals
        street.comes("we")
        assert street.told_by() == {"they"}
        assert all(map(completed, street.recorder.ended[-len(CLIENTS) :]))
    street.goes("they")
    assert street.told_by() == ({"we"} if neighbour.comes_off else {"they"})
    street.goes("we")
    assert {name: cls.__dict__["request"] for name, cls in BASES.items()} == originals


def test_we_return_where_their_wrapper_was(simulator: Simulator) -> None:
    """OpenInference puts a bare method of the SDK on the client classes when it goes: past the wrapper that we had."""
    street = Street(OPENINFERENCE, simulator)
    street.comes("they")
    street.comes("we")
    street.goes("they")
    bare = openai._base_client.SyncAPIClient.__dict__["request"].__wrapped__
    assert street.told_by() == {"we"}
    street.goes("we")
    assert openai.OpenAI.__dict__["request"] is bare  # as they left it
    assert street.told_by() == {"nobody"}


@pytest.mark.parametrize("order", list(permutations((*NEIGHBOURS, None))), ids=lambda order: "-".join(map(str, order)))
def test_all_at_once(order: tuple[Neighbour | None, ...], simulator: Simulator) -> None:
    """How many spans they make among themselves is their affair: none is ours, and one of theirs is completed."""
    recorder = Recorder()
    for neighbour in order:
        if neighbour is None:
            OPENAI.instrumentor().instrument(skip_dep_check=True, raise_faults=True, **recorder.providers)
        else:
            neighbour.instrument(recorder)
    try:
        with http_client("sync") as http:
            client = openai.OpenAI(api_key="sk-any", base_url=simulator.base_url("ok"), http_client=http)
            client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Which city?"}])
    finally:
        for neighbour in order[::-1]:
            (OPENAI.instrumentor() if neighbour is None else neighbour.instrumentor).uninstrument()
    assert recorder.spans(OURS) == []
    assert sum(map(completed, recorder.ended)) == 1
