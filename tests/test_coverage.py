"""Every method of the installed SDKs is traced, or it is said why not: each SDK itself is asked what it sends."""

from __future__ import annotations

import asyncio
import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from packaging.version import Version

from genscope.announce import look_up
from genscope.instrumentors import chosen
from genscope.providers import coverage
from genscope.providers.coverage import Coverage, Untraced, coverage_of
from genscope.providers.routes import Routes
from genscope.providers.stainless import Stainless

MODES = {"sync": "Client", "async": "AsyncClient"}
"""What every SDK of this family calls its client, besides a name of its own."""

BESIDES_STREAMS = {("openai", "POST /audio/speech"): "its events are in a body of its own kind, not the SDK's stream"}
"""Routes that stream without the SDK's saying so."""


class Sent(BaseException):
    """A request at the door. No `Exception`, so that nobody takes it for a failure."""

    def __init__(self, method: str, url: str, streams: bool) -> None:
        self.line = f"{method.upper()} {url}"
        self.method, self.url, self.streams = method, url, streams


Found = dict[str, list[Sent]]
"""What each method sends, by its name."""


@dataclass
class Sdk:
    """One of those that are traced."""

    name: str
    package: str
    version: str
    """What is installed."""
    routes: Routes
    coverage: Coverage

    @property
    def is_newest(self) -> bool:
        """Whether it has all that is said of it."""
        return Version(self.version) >= Version(self.coverage.release)

    @cached_property
    def found(self) -> dict[str, Found]:
        """What each method sends, by mode: the door is shut, and nothing leaves."""

        def request(client: Any, *args: Any, **kwargs: Any) -> Any:
            options = args[1] if len(args) > 1 else kwargs["options"]
            raise Sent(options.method, options.url, bool(kwargs.get("stream")))

        async def arequest(client: Any, *args: Any, **kwargs: Any) -> Any:
            request(client, *args, **kwargs)

        base: Any = import_module(f"{self.package}._base_client")
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            patch.setattr(base.SyncAPIClient, "request", request)
            patch.setattr(base.AsyncAPIClient, "request", arequest)
            return {mode: {name: requests_of(method) for name, method in self._methods(mode)} for mode in MODES}

    def _methods(self, mode: str) -> Iterator[tuple[str, Callable[..., Any]]]:
        """Making a client, then all public methods of all resources, named as on a client."""
        make = getattr(import_module(self.package), MODES[mode])
        known = inspect.signature(make).parameters
        arguments = {"api_key": "k", "admin_api_key": "k", "base_url": "http://127.0.0.1:1/v1"}
        quiet = {"warm_tcp_connection": False}
        client = make(**{name: value for name, value in {**arguments, **quiet}.items() if name in known})
        if not quiet.keys().isdisjoint(known):
            yield MODES[mode], partial(make, api_key="k")
        resource: Any = import_module(f"{self.package}._resource")
        yield from _methods_of(client, (resource.SyncAPIResource, resource.AsyncAPIResource))


def _methods_of(holder: Any, resources: tuple[type, ...], path: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in dir(holder):
        if name.startswith(("_", "with_")):
            continue
        value = getattr(holder, name)
        if isinstance(value, resources):
            yield from _methods_of(value, resources, f"{path}{name}.")
        elif path and inspect.ismethod(value):
            yield f"{path}{name}", value


PLACEHOLDERS: tuple[Any, ...] = ("x", ["x"], {"x": "x"}, ("a.wav", b"x"), [("a.wav", b"x")], Path(__file__))
"""What the arguments are does not matter: nothing is sent. Some methods look at theirs before."""
NUMBERS = {"max_tokens": 1}
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
        arguments = {name: NUMBERS.get(name, placeholder) for name in names} | more
        try:
            asyncio.run(_use(method, arguments))
        except Sent as sent:
            return sent
        except Exception:  # it does not like what it was given
            continue
    return None


async def _use(method: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """Call it; what sends its request only when it is awaited, entered, asked for more or spoken to gets that."""
    came = method(**arguments)
    if inspect.isawaitable(came):
        came = await came
    if hasattr(came, "__aenter__"):
        await came.__aenter__()
    elif hasattr(came, "__enter__"):
        came.__enter__()
    elif hasattr(came, "__anext__"):
        await came.__anext__()
    elif hasattr(came, "__next__"):
        next(came)
    elif hasattr(came, "send"):
        await _use(came.send, {})


def unaccounted(sdk: Sdk, found: Found) -> list[str]:
    """The methods that are neither traced nor said not to be, or both."""
    faults: list[str] = []
    why_not, why_no_request = sdk.coverage.why_not, sdk.coverage.why_no_request
    for name, sent in found.items():
        for one in sent:
            if (sdk.routes.find(one.method, one.url) is not None) == (why_not(one.method, one.url) is not None):
                faults.append(f"{name}: {one.line} is neither traced nor listed in coverage/{sdk.name}.py, or both")
                break
        if not sent and why_no_request(name) is None:
            resource = name.rpartition(".")[0]
            beside = [one for other, ones in found.items() if other.startswith(f"{resource}.") for one in ones]
            if not beside or not all(why_not(one.method, one.url) for one in beside):
                faults.append(f"{name}: sends nothing that we could find, and nothing is said of it")
    return faults


ALL = {one.target.name: one for one in chosen(None) if isinstance(one.target, Stainless)}


@pytest.fixture(scope="module", params=ALL)
def sdk(request: pytest.FixtureRequest) -> Sdk:
    one = ALL[request.param]
    version = look_up(one.target.package, one.requires).version
    if version is None:
        pytest.skip(f"{one.target.package} is not installed")
    return Sdk(request.param, one.target.package, version, Routes(one.target.routes), coverage_of(request.param))


@pytest.fixture(scope="module")
def newest(sdk: Sdk) -> Sdk:
    if not sdk.is_newest:
        pytest.skip(f"{sdk.name} {sdk.version} does not have all of {sdk.coverage.release}")
    return sdk


def test_every_sdk_that_is_traced_has_its_list_and_no_other() -> None:
    assert {module.name for module in iter_modules(coverage.__path__)} == ALL.keys()


@pytest.mark.parametrize("mode", MODES)
def test_every_method_of_the_sdk_is_accounted_for(sdk: Sdk, mode: str) -> None:
    found = sdk.found[mode]
    assert len([name for name, sent in found.items() if sent]) > 0.8 * len(found)  # they were really asked
    assert unaccounted(sdk, found) == []


def test_a_method_that_nobody_has_thought_of_is_found() -> None:
    batches = Untraced("batches", ("/batches/...",), "later", calls=("*.connect",))
    sdk = Sdk("openai", "openai", "1", Routes(ALL["openai"].target.routes), Coverage("1", (), (batches,)))
    found = {
        "songs.create": [Sent("post", "/songs", False)],
        "chat.completions.create": [Sent("post", "/chat/completions", False)],
        "chat.completions.sing": [Sent("post", "/chat/completions", False), Sent("post", "/songs", False)],
        "chat.completions.hum": [],
        "batches.create": [Sent("post", "/openai/v1/batches", False)],
        "batches.wait": [],
        "songs.connect": [],
    }
    faults = [fault.partition(":")[0] for fault in unaccounted(sdk, found)]
    assert faults == ["songs.create", "chat.completions.sing", "chat.completions.hum"]


def test_no_reason_is_without_a_request(newest: Sdk) -> None:
    """Nor is one with a request that only older releases are said to make."""
    found = newest.found["sync"]
    silent = {newest.coverage.why_no_request(name) for name, sent in found.items() if not sent}
    sent = {(one.method, one.url) for ones in found.values() for one in ones}
    for kind in newest.coverage.untraced:
        assert kind in silent or not kind.calls
        for line in (*kind.requests, *kind.former):
            only = replace(kind, requests=(line,), former=())
            assert any(only.matches(method, url) for method, url in sent) == (line in kind.requests), line


def test_what_is_said_of_each_route_is_so(newest: Sdk) -> None:
    """The methods that lead to it, once where they are the same under `beta`, and whether it streams."""
    named: dict[str, set[str]] = {}
    streams = {line for name, line in BESIDES_STREAMS if name == newest.name}
    found = newest.found["sync"]
    for name, sent in found.items():
        plain = name.removeprefix("beta.")
        for one in sent:
            match = newest.routes.find(one.method, one.url)
            if match is not None:
                line = f"{match[0].method} {match[0].path}"
                named.setdefault(line, set()).add(plain if plain in found else name)
                if one.streams:
                    streams.add(line)
    said = [row for row in newest.coverage.traced if not row.former]
    assert {row.request: set(row.methods.split()) for row in said} == named
    assert {row.request for row in said if row.streams} == streams
    assert named.keys().isdisjoint(row.request for row in newest.coverage.traced if row.former)
