"""Law 9: installed before or after the SDK, once, and taken off without a trace."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
import wrapt

import genscope
from genscope.core.patching import Patch
from genscope.local.simulator import Simulator

from .cases import MAIN, SDKS, cases
from .outcomes import CALLS, STREAMS
from .play import play
from .processes import python
from .recorder import Recorder, instrumented
from .sights import differences
from .stand_ins import StandIn, answer, recorded
from .vocabulary import Case, Sdk

OK = CALLS[0]
CLOSED = next(outcome for outcome in STREAMS if outcome.name == "closed")


@pytest.fixture(params=SDKS, ids=repr)
def sdk(request: pytest.FixtureRequest) -> Iterator[Sdk]:
    sdk: Sdk = request.param
    yield sdk
    assert not sdk.instrumentor().is_instrumented_by_opentelemetry


def door(sdk: Sdk) -> dict[str, Any]:
    """The attributes that are wrapped, as the classes have them."""
    module, names = sdk.door
    return {name: _attribute(import_module(module), name) for name in names}


def _attribute(module: Any, name: str) -> Any:
    cls, _, method = name.partition(".")
    return getattr(module, cls).__dict__[method]


def everything(sdk: Sdk) -> dict[tuple[str, str], Any]:
    """Every attribute of every class in the SDK's package."""
    modules = [module for name, module in sys.modules.items() if name == sdk.name or name.startswith(f"{sdk.name}.")]
    classes = {
        cls for module in modules for cls in vars(module).values() if issubclass(type(cls), type)
    }  # a proxy says it is its class
    own = [cls for cls in classes if cls.__module__.startswith(sdk.name)]
    return {
        (f"{cls.__module__}.{cls.__qualname__}", name): value
        for cls in own
        for name, value in vars(cls).items()
        if callable(value) or isinstance(value, (classmethod, staticmethod, property))
    }


def test_uninstrument_restores_every_attribute(sdk: Sdk, simulator: Simulator) -> None:
    """Those that are wrapped from the beginning, and those that are when a first call needs it."""
    for param in cases([OK], apis=[api.name for api in sdk.apis if api.frames][:1]):
        play(param.values[0], simulator)  # the SDK has imported now what it imports late
    before = everything(sdk)
    with instrumented(sdk):
        during = everything(sdk)
        for param in cases([OK], apis=[api.name for api in sdk.apis if api.frames][:1]):
            play(param.values[0], simulator)
    after = everything(sdk)
    changed = {
        f"{path.rpartition('.')[2]}.{name}" for path, name in before if during[path, name] is not before[path, name]
    }
    assert changed == set(sdk.door[1])
    assert before.keys() == after.keys()
    assert [key for key in before if before[key] is not after[key]] == []


def test_a_wrapper_looks_like_what_it_wraps(sdk: Sdk) -> None:
    before = door(sdk)
    with instrumented(sdk):
        for name, wrapper in door(sdk).items():
            original = before[name]
            assert wrapper.__name__ == original.__name__
            assert wrapper.__doc__ == original.__doc__
            assert inspect.signature(wrapper) == inspect.signature(original)
            assert inspect.iscoroutinefunction(wrapper) == inspect.iscoroutinefunction(original)


@pytest.mark.parametrize("case", cases([OK], apis=MAIN, shapes=("plain", "stream")))
def test_instrumenting_twice_is_instrumenting_once(
    case: Case, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    before, second = door(case.sdk), Recorder()
    with instrumented(case.sdk) as recorder:
        during = door(case.sdk)
        genscope.instrument(only=[case.sdk.name], **second.providers)  # says nothing, does nothing
        assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == []
        case.sdk.instrumentor().instrument(skip_dep_check=True, **second.providers)
        assert all(during[name] is wrapper for name, wrapper in door(case.sdk).items())
        play(case, simulator)
    assert len(recorder.spans()) == 1
    assert second.started == []
    assert all(before[name] is original for name, original in door(case.sdk).items())


@pytest.mark.parametrize("case", cases([OK], apis=MAIN, shapes=("plain", "stream")))
def test_on_and_off_and_on(case: Case, simulator: Simulator) -> None:
    bare = play(case, simulator)
    for _ in range(3):
        with instrumented(case.sdk, Recorder()) as recorder:
            play(case, simulator)
        assert len(recorder.spans()) == 1
        seen = play(case, simulator)
        assert differences(vars(bare), vars(seen)) == []
        assert len(recorder.started) == 1
    case.sdk.instrumentor().uninstrument()  # once more: nothing to do


@pytest.mark.parametrize("case", cases([CLOSED], apis=MAIN, shapes=("stream", "raw_stream_bytes")))
def test_a_stream_outlives_uninstrument(case: Case, simulator: Simulator) -> None:
    """What was begun is ended: the span of a stream that is open when genscope is taken off."""
    ask, instrumentor = case.shape.ask, case.sdk.instrumentor()

    async def aask(client: Any, api: Any) -> Any:
        came = await ask(client, api)
        instrumentor.uninstrument()
        return came

    def ask_and_take_off(client: Any, api: Any) -> Any:
        if case.mode == "async":
            return aask(client, api)
        came = ask(client, api)
        instrumentor.uninstrument()
        return came

    with instrumented(case.sdk) as recorder:
        play(replace(case, shape=replace(case.shape, ask=ask_and_take_off)), simulator)
    recorder.settle()
    assert (recorder.span().attributes or {})["genscope.stream.outcome"] == "abandoned"


@pytest.mark.parametrize("case", cases([OK], apis=MAIN, shapes=("plain", "stream")))
def test_somebody_wraps_us_and_we_go(case: Case, simulator: Simulator) -> None:
    """Their wrapper stays; ours is under it, where it cannot be taken out, and does nothing any more."""
    module, names = case.sdk.door
    passed: list[str] = []

    def theirs(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        passed.append(wrapped.__name__)
        return wrapped(*args, **kwargs)

    owners = [(getattr(import_module(module), name.partition(".")[0]), name.partition(".")[2]) for name in names]
    bare = play(case, simulator)
    originals = door(case.sdk)
    try:
        with instrumented(case.sdk) as recorder:
            wrappers = [wrapt.FunctionWrapper(owner.__dict__[name], theirs) for owner, name in owners]
            for (owner, name), wrapper in zip(owners, wrappers, strict=True):
                setattr(owner, name, wrapper)
            play(case, simulator)
            assert len(recorder.spans()) == 1
        assert [owner.__dict__[name] for owner, name in owners] == wrappers
        passed.clear()
        seen = play(case, simulator)
        assert passed
        assert len(recorder.started) == 1
        assert differences(vars(bare), vars(seen)) == []
        with instrumented(case.sdk, Recorder()) as again:
            play(case, simulator)
        assert len(again.spans()) == 1  # and not two: ours of before is still there and silent
    finally:
        for (owner, name), original in zip(owners, originals.values(), strict=True):
            setattr(owner, name, original)


@pytest.mark.parametrize("case", cases([OK], apis=MAIN, shapes=("plain", "stream")))
def test_somebody_was_there_before(case: Case, simulator: Simulator) -> None:
    """Another library's wrapper on the same door is still there, and still the same, when we have gone."""
    module, names = case.sdk.door
    owner, _, name = names[0 if case.mode == "sync" else 1].partition(".")
    cls = getattr(import_module(module), owner)
    original = cls.__dict__[name]
    calls: list[Any] = []

    def theirs(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        calls.append(wrapped)
        return wrapped(*args, **kwargs)

    wrapper = wrapt.FunctionWrapper(original, theirs)
    setattr(cls, name, wrapper)
    try:
        with instrumented(case.sdk) as recorder:
            play(case, simulator)
        assert len(recorder.spans()) == 1
        assert cls.__dict__[name] is wrapper
        assert wrapper.__wrapped__ is original
        play(case, simulator)
        assert len(calls) == 2
        assert len(recorder.started) == 1
    finally:
        setattr(cls, name, original)


def test_what_is_missing_is_said_and_the_rest_is_traced(caplog: pytest.LogCaptureFixture) -> None:
    """A release without some method: the others are wrapped, and nothing raises."""

    class Client:
        def request(self) -> str:
            return "sent"

    def wrapper(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        return f"traced {wrapped(*args, **kwargs)}"

    module: Any = SimpleNamespace(Client=Client)
    sys.modules["contract_sdk"] = module
    try:
        patch = Patch("contract_sdk", lambda module: [(Client, "gone", wrapper), (Client, "request", wrapper)])
        patch.install()
        assert Client().request() == "traced sent"
        assert list(patch.skipped) == ["Client.gone"]
        assert "Client.gone" in caplog.text
        patch.remove()
        assert Client().request() == "sent"
    finally:
        del sys.modules["contract_sdk"]


# --- processes of their own

_CLASSES = """
def wrapped():
    import importlib, sys
    module = sys.modules.get({module!r})
    if module is None:
        return "not imported"
    owners = [(getattr(module, path.split(".")[0]), path.split(".")[1]) for path in {names!r}]
    return {{type(owner.__dict__[name]).__name__ for owner, name in owners}}
"""


def _program(sdk: Sdk, body: str) -> list[str]:
    module, names = sdk.door
    return python(_CLASSES.format(module=module, names=list(names)) + body.format(sdk=sdk.name))


def test_before_and_after_the_import(sdk: Sdk) -> None:
    """Not imported by us; left alone if we have gone before it is; patched at once when it is there."""
    wrapped, plain = {"FunctionWrapper"}, {"function"}
    lines = _program(
        sdk,
        """
import genscope, genscope.instrumentors, sys
genscope.instrument()
print(wrapped(), any(name.split(".")[0] == "{sdk}" for name in sys.modules))
genscope.uninstrument()
import {sdk}
print(wrapped())
genscope.instrument()
print(wrapped())
genscope.uninstrument()
print(wrapped())
""",
    )
    assert lines == ["not imported False", str(plain), str(wrapped), str(plain)]


def test_instrumented_before_the_import(sdk: Sdk) -> None:
    lines = _program(
        sdk,
        """
import genscope
genscope.instrument()
genscope.uninstrument()
genscope.instrument()  # the hook of the first time is still registered: it must not patch twice
from {sdk} import *
import {sdk}
print(wrapped())
genscope.uninstrument()
print(wrapped())
""",
    )
    assert lines == [str({"FunctionWrapper"}), str({"function"})]


def test_an_sdk_that_is_not_installed_is_no_problem(sdk: Sdk) -> None:
    lines = _program(
        sdk,
        """
import sys
sys.modules["{sdk}"] = None  # what Python does for a package that cannot be imported
import genscope
genscope.instrument()
try:
    import {sdk}
except ImportError:
    print("no {sdk}")
genscope.uninstrument()
""",
    )
    assert lines == [f"no {sdk.name}"]


def test_unknown_settings_are_refused_and_leave_nothing_behind(sdk: Sdk, simulator: Simulator) -> None:
    before = door(sdk)
    with pytest.raises(TypeError, match="stream_usage"):
        genscope.instrument(only=[sdk.name], streem_usage=True)
    assert all(before[name] is original for name, original in door(sdk).items())
    body = recorded(sdk, sdk.apis[0], simulator, stream=False)
    stand_in = StandIn(sdk, "sync", lambda request: answer(sdk, body))
    with instrumented(sdk) as recorder:  # and it can be done right afterwards
        stand_in.ask(sdk.apis[0])
    stand_in.http.close()
    assert len(recorder.spans()) == 1
