"""Every method of the installed openai SDK is traced, or it is said why not: the SDK itself is asked what it sends."""

from __future__ import annotations

import asyncio
import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import openai
import pytest

from genscope.providers.coverage import NOT_TRACED, why_no_request, why_not
from genscope.providers.openai import OPENAI
from genscope.providers.routes import Routes

BASE: Any = import_module("openai._base_client")
RESOURCES = tuple(getattr(import_module("openai._resource"), name) for name in ("SyncAPIResource", "AsyncAPIResource"))
ROUTES = Routes(OPENAI.routes)
CLIENTS = {"sync": openai.OpenAI, "async": openai.AsyncOpenAI}
IS_NEWEST = hasattr(openai.resources, "Decisions")


class Sent(BaseException):
    """A request at the door. No `Exception`, so that nobody takes it for a failure."""

    def __init__(self, method: str, url: str, streams: bool) -> None:
        self.line = f"{method.upper()} {url}"
        self.method, self.url, self.streams = method, url, streams


@pytest.fixture(scope="module")
def asked() -> Iterator[dict[str, dict[str, list[Sent]]]]:
    """What each method of the SDK sends, by mode and name: the door is shut, and nothing leaves."""

    def request(client: Any, *args: Any, **kwargs: Any) -> Any:
        options = args[1] if len(args) > 1 else kwargs["options"]
        raise Sent(options.method, options.url, bool(kwargs.get("stream")))

    async def arequest(client: Any, *args: Any, **kwargs: Any) -> Any:
        request(client, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        patch.setattr(BASE.SyncAPIClient, "request", request)
        patch.setattr(BASE.AsyncAPIClient, "request", arequest)
        yield {mode: {name: requests_of(method) for name, method in methods(mode)} for mode in CLIENTS}


def methods(mode: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """All public methods of all resources, named as on a client."""
    keys = {"api_key": "k", "admin_api_key": "k", "base_url": "http://127.0.0.1:1/v1"}
    known = inspect.signature(CLIENTS[mode]).parameters
    yield from methods_of(CLIENTS[mode](**{name: key for name, key in keys.items() if name in known}))


def methods_of(holder: Any, path: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in dir(holder):
        if name.startswith(("_", "with_")):
            continue
        value = getattr(holder, name)
        if isinstance(value, RESOURCES):
            yield from methods_of(value, f"{path}{name}.")
        elif path and inspect.ismethod(value):
            yield f"{path}{name}", value


PLACEHOLDERS: tuple[Any, ...] = ("x", ["x"], {"x": "x"}, ("a.wav", b"x"), [("a.wav", b"x")], Path(__file__))
"""What the arguments are does not matter: nothing is sent. Some methods look at theirs before."""
UNTOUCHED = ("stream", "timeout", "extra_headers", "extra_query", "extra_body")


EITHER = (("input", "model"), ("response_id",))
"""What methods want that take one of several sets of arguments, none of them required."""


def requests_of(method: Callable[..., Any]) -> list[Sent]:
    """What a method sends first: at once, and when it is asked for a stream, or by another set of arguments."""
    parameters = inspect.signature(method).parameters
    named = [p.name for p in parameters.values() if p.kind is not p.VAR_KEYWORD]
    required = [name for name in named if parameters[name].default is inspect.Parameter.empty]
    groups = [required, *([*required, *names] for names in EITHER if {*names} <= parameters.keys())]
    streams = ({}, {"stream": True}) if "stream" in parameters else ({},)
    found = [_first(method, names, more) for names in groups for more in streams]
    if not any(found):
        found = [_first(method, [name for name in named if name not in UNTOUCHED], {})]
    return [sent for sent in found if sent is not None]


def _first(method: Callable[..., Any], names: Iterable[str], more: dict[str, Any]) -> Sent | None:
    for placeholder in PLACEHOLDERS:
        try:
            asyncio.run(_use(method, dict.fromkeys(names, placeholder) | more))
        except Sent as sent:
            return sent
        except Exception:  # it does not like what it was given
            continue
    return None


async def _use(method: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """Call it; what sends its request only when it is awaited or entered is awaited and entered."""
    came = method(**arguments)
    if inspect.isawaitable(came):
        came = await came
    if hasattr(came, "__aenter__"):
        await came.__aenter__()
    elif hasattr(came, "__enter__"):
        came.__enter__()


def unaccounted(found: dict[str, list[Sent]]) -> list[str]:
    """The methods that are neither traced nor said not to be, or both."""
    faults: list[str] = []
    for name, sent in found.items():
        for one in sent:
            if (ROUTES.find(one.method, one.url) is not None) == (why_not(one.method, one.url) is not None):
                faults.append(f"{name}: {one.line} is neither traced nor listed in coverage.py, or both")
                break
        if not sent and why_no_request(name) is None:
            resource = name.rpartition(".")[0]
            beside = [one for other, ones in found.items() if other.startswith(f"{resource}.") for one in ones]
            if not beside or not all(why_not(one.method, one.url) for one in beside):
                faults.append(f"{name}: sends nothing that we could find, and nothing is said of it")
    return faults


@pytest.mark.parametrize("mode", CLIENTS)
def test_every_method_of_the_sdk_is_accounted_for(mode: str, asked: dict[str, dict[str, list[Sent]]]) -> None:
    assert len(asked[mode]) > 50
    assert unaccounted(asked[mode]) == []


def test_a_method_that_nobody_has_thought_of_is_found() -> None:
    found = {
        "songs.create": [Sent("post", "/songs", False)],
        "chat.completions.create": [Sent("post", "/chat/completions", False)],
        "chat.completions.sing": [Sent("post", "/chat/completions", False), Sent("post", "/songs", False)],
        "chat.completions.hum": [],
        "batches.create": [Sent("post", "/batches", False)],
        "batches.wait": [],
        "songs.connect": [],
    }
    faults = [fault.partition(":")[0] for fault in unaccounted(found)]
    assert faults == ["songs.create", "chat.completions.sing", "chat.completions.hum"]


@pytest.mark.skipif(not IS_NEWEST, reason="an older SDK does not have all of it")
def test_no_reason_is_without_a_request(asked: dict[str, dict[str, list[Sent]]]) -> None:
    found = asked["sync"]
    silent = {why_no_request(name) for name, sent in found.items() if not sent}
    sent = {(one.method, one.url) for ones in found.values() for one in ones}
    for kind in NOT_TRACED:
        assert kind in silent or not kind.calls
        for line in kind.requests:
            only = replace(kind, requests=(line,))
            assert any(only.matches(method, url) for method, url in sent), line


def _tables() -> Any:
    spec = spec_from_file_location("tables", Path(__file__).parents[1] / "docs/tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not IS_NEWEST, reason="an older SDK does not have all of it")
def test_the_table_of_the_readme_has_the_methods_of_the_sdk(asked: dict[str, dict[str, list[Sent]]]) -> None:
    """Those that are traced, by route; what is under `beta`, too, is named once."""
    named: dict[str, set[str]] = {}
    streams: set[str] = set()
    for name, sent in asked["sync"].items():
        for one in sent:
            match = ROUTES.find(one.method, one.url)
            if match is not None:
                line = f"{match[0].method} {match[0].path}"
                named.setdefault(line, set()).add(name.removeprefix("beta."))
                if one.streams:
                    streams.add(line)

    tables = _tables()
    assert {line: set(names.split()) for line, names in tables.API_NAMES.items()} == named
    assert set(tables.STREAMING) == streams | {"POST /audio/speech"}  # as events in its body, not as the SDK's stream
