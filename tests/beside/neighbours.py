"""The others: how they are put on and taken off, and what is known of them."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import openai
import openai.resources
from contract.play import Seen, play
from contract.recorder import CALLER, Recorder, instrumented
from contract.vocabulary import Case
from opentelemetry.sdk.trace import ReadableSpan

from genscope.local.simulator import Simulator

OURS = "genscope"


@dataclass(frozen=True)
class Neighbour:
    """Another instrumentation of the SDK.

    name        as the tests say it
    module      where its `OpenAIInstrumentor` is
    scope       of its spans, if it is not the module
    measures    APIs whose tokens it measures under the name that we do; then we do not
    afterwards  APIs of which it makes its span when the call is over, so that it cannot be completed
    comes_off   whether its `uninstrument` takes all of it off
    """

    name: str
    module: str
    scope: str = ""
    measures: Sequence[str] = ()
    afterwards: Sequence[str] = ()
    comes_off: bool = True

    def __str__(self) -> str:
        return self.name

    def spans(self, recorder: Recorder) -> list[ReadableSpan]:
        return recorder.spans(self.scope or self.module)

    @property
    def instrumentor(self) -> Any:
        return importlib.import_module(self.module).OpenAIInstrumentor()

    def instrument(self, recorder: Recorder) -> None:
        self.instrumentor.instrument(skip_dep_check=True, **recorder.providers)


APIS = ("chat", "responses", "embeddings")
OFFICIAL = Neighbour("official", "opentelemetry.instrumentation.genai.openai", measures=APIS)
OPENLLMETRY = Neighbour(
    "openllmetry",
    "opentelemetry.instrumentation.openai",
    scope="opentelemetry.instrumentation.openai.v1",
    measures=("chat", "embeddings"),
    afterwards=("responses", "fetch_response"),
    comes_off=False,
)
OPENINFERENCE = Neighbour("openinference", "openinference.instrumentation.openai")
NEIGHBOURS = (OFFICIAL, OPENLLMETRY, OPENINFERENCE)

ORDERS = ("ours first", "theirs first")


@contextmanager
def theirs(neighbour: Neighbour, recorder: Recorder) -> Iterator[None]:
    """The neighbour on the SDK."""
    neighbour.instrument(recorder)
    try:
        yield
    finally:
        neighbour.instrumentor.uninstrument()


def alone(neighbour: Neighbour, case: Case, simulator: Simulator) -> tuple[Seen, Recorder]:
    """A run with the neighbour and without genscope."""
    return _run(case, simulator, lambda recorder: [theirs(neighbour, recorder)])


def together(neighbour: Neighbour, order: str, case: Case, simulator: Simulator) -> tuple[Seen, Recorder]:
    """A run with both, put on in this order."""

    def both(recorder: Recorder) -> list[Any]:
        found = [instrumented(case.sdk, recorder), theirs(neighbour, recorder)]
        return found if order == ORDERS[0] else found[::-1]

    return _run(case, simulator, both)


def _run(case: Case, simulator: Simulator, who: Callable[[Recorder], list[Any]]) -> tuple[Seen, Recorder]:
    recorder = Recorder()
    with ExitStack() as stack:
        for instrumentation in who(recorder):
            stack.enter_context(instrumentation)
        seen = play(case, simulator)
    restore()
    return seen, recorder


def spans(recorder: Recorder) -> list[ReadableSpan]:
    """All that have ended but the caller's own."""
    return [span for span in recorder.ended if span.name != CALLER]


def completed(span: ReadableSpan) -> bool:
    """Whether genscope has added to it."""
    return "genscope.enriched" in (span.attributes or {})


def scopes(found: Sequence[ReadableSpan]) -> list[str]:
    return sorted(span.instrumentation_scope.name for span in found if span.instrumentation_scope)


# --- what they leave behind


def _classes() -> set[type]:
    """The SDK's classes that somebody may wrap methods of."""
    for module in pkgutil.walk_packages(openai.resources.__path__, "openai.resources."):
        importlib.import_module(module.name)
    modules = [module for name, module in sys.modules.items() if name.startswith("openai.resources")]
    modules += [openai, sys.modules["openai._base_client"]]
    found = (value for module in modules for value in vars(module).values())
    return {cls for cls in found if isinstance(cls, type) and cls.__module__.startswith("openai") and _may_change(cls)}


def _may_change(cls: type) -> bool:
    return cls.__module__.startswith("openai.resources") or hasattr(cls, "request")


_ORIGINAL = {cls: dict(vars(cls)) for cls in _classes()}


def restore() -> None:
    """The methods of the SDK as they were, and the memory of OpenLLMetry, which goes by the identifiers of answers."""
    for cls, original in _ORIGINAL.items():
        for name, now in list(vars(cls).items()):
            if name not in original and name == "request":
                delattr(cls, name)
            elif callable(now) and now is not original.get(name, now):
                setattr(cls, name, original[name])
    late = sys.modules.get("opentelemetry.instrumentation.openai.v1.responses_wrappers")
    if late is not None:
        late.responses.clear()
