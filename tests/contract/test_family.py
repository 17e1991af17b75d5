"""The rules that depend on what an SDK calls its parts, for the SDKs that do not meet every rule."""

from __future__ import annotations

from pathlib import Path

import pytest

import genscope
from genscope.local.simulator import Simulator

from .cases import FAMILY
from .recorder import Recorder, instrumented
from .stand_ins import answer, recorded
from .test_installation import door, everything
from .vocabulary import Sdk

PROVIDERS = {"groq": "groq", "together": "together_ai", "cerebras.cloud.sdk": "cerebras", "writerai": "writer"}
each_sdk = pytest.mark.parametrize("sdk", FAMILY, ids=repr)


@each_sdk
def test_uninstrument_restores_every_attribute(sdk: Sdk) -> None:
    before = everything(sdk)
    with instrumented(sdk):
        during = everything(sdk)
    after = everything(sdk)
    changed = {
        f"{path.rpartition('.')[2]}.{name}" for path, name in before if during[path, name] is not before[path, name]
    }
    assert changed == set(sdk.door[1])
    assert before.keys() == after.keys()
    assert [key for key in before if before[key] is not after[key]] == []


@each_sdk
def test_it_is_chosen_by_its_name(sdk: Sdk) -> None:
    before, recorder = door(sdk), Recorder()
    name = sdk.instrumentor().target.name
    assert name == sdk.provider  # as the provider's SDK is called in settings and entry points
    genscope.instrument(only=[name], **recorder.providers)
    try:
        assert all(before[attribute] is not wrapper for attribute, wrapper in door(sdk).items())
    finally:
        genscope.uninstrument()
    assert door(sdk) == before


@each_sdk
def test_the_provider_is_told_by_the_host_that_the_sdk_has_by_itself(sdk: Sdk, simulator: Simulator) -> None:
    api = sdk.apis[0]
    body = recorded(sdk, api, simulator, stream=False)
    http = sdk.stand_in("sync", lambda request: answer(sdk, body))
    client = sdk.client("sync", None, http)
    with instrumented(sdk, providers={}) as recorder:
        getattr(api.of(client), api.method)(**api.arguments)
    http.close()
    attributes = recorder.span().attributes or {}
    assert attributes["gen_ai.provider.name"] == PROVIDERS[sdk.name]
    assert attributes["server.port"] == 443


def test_what_the_documentation_says_of_their_size() -> None:
    """`docs/adding-a-provider.md`: in the order of the columns."""
    root = Path(__file__).parents[2]
    page = (root / "docs/adding-a-provider.md").read_text(encoding="utf-8")
    for files in ("src/genscope/providers/{}.py", "tests/contract/{}_sdk.py"):
        names = ("groq", "together", "cerebras", "writer")
        counts = [len((root / files.format(name)).read_text(encoding="utf-8").splitlines()) for name in names]
        assert f"| {', '.join(map(str, counts))} |" in page
