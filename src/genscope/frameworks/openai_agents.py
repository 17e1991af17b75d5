"""The OpenAI Agents SDK, 0.8 and later: https://github.com/openai/openai-agents-python

It tells a trace processor when its traces and spans begin and end, in the thread or task that goes on to do the work.
What it says of calls to models is left alone: these are traced where they are sent, beneath the spans made here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any, Final, NamedTuple, cast

from opentelemetry.context import Context, create_key, set_value

from genscope import semconv
from genscope.annotate.kinds import AGENT, TASK, TOOL, WORKFLOW, Kind
from genscope.annotate.run import Run
from genscope.core.attachment import Hook
from genscope.core.identity import context as on_behalf_of
from genscope.core.identity import identity
from genscope.core.pipeline import Faults, Pipeline
from genscope.frameworks.framework import Framework
from genscope.frameworks.runs import Runs, here
from genscope.settings import Settings

_KINDS: Final[Mapping[str, Kind]] = {
    "agent": AGENT,
    "function": TOOL,
    "handoff": TASK,
    "guardrail": TASK,
    "custom": TASK,
}
"""By the SDK's type of span. Of the others most are calls to models; `task` and `turn` say no more than what is around
them, and listing the tools of an MCP server is traced by those who trace MCP."""

_ERRORS: Final[Mapping[str, str]] = {
    "Max turns exceeded": "MaxTurnsExceeded",
    "Guardrail tripwire triggered": "GuardrailTripwireTriggered",
    "Multiple handoffs requested": "MultipleHandoffsRequested",
}
"""What the SDK says of errors that it does not raise past the span, as values of `error.type`."""
_TOOL_ERROR: Final = "tool_error"
"""As the conventions for MCP call it when a tool answers with an error."""
_OTHER_ERROR: Final = "_OTHER"


class _Place(NamedTuple):
    """Where in the SDK's own tree a context is."""

    span_id: str | None
    trace_id: str
    handled: int | None
    """The `id` of the exception in whose handler it began: that one is not its own."""


_PLACE: Final = create_key("genscope_openai_agents_place")


class Listener:
    """A `TracingProcessor` of the SDK's."""

    def __init__(self, faults: Faults) -> None:
        self._runs = Runs()
        self._faults = faults
        self._take_off: Callable[[], None] | None = None

    def stop(self, take_off: Callable[[], None]) -> None:
        """Begin nothing any more. `take_off` is called once the SDK has ended what it has begun."""
        self._take_off = take_off
        self._runs.abandon_all()
        self._leave_if_done()

    # --- what the SDK calls

    def on_trace_start(self, trace: Any) -> None:
        if self._take_off is None:
            self._do(self._begin_trace, trace)

    def on_trace_end(self, trace: Any) -> None:
        self._do(self._end_trace, trace)

    def on_span_start(self, span: Any) -> None:
        if self._take_off is None:
            self._do(self._begin_span, span)

    def on_span_end(self, span: Any) -> None:
        self._do(self._end_span, span)

    def shutdown(self) -> None:
        """Nothing to do: what is open when the process exits is ended by `Runs`."""

    def force_flush(self) -> None:
        """Nothing to do."""

    def _do(self, act: Callable[[Any], None], subject: Any) -> None:
        self._faults.attempt("listening to the OpenAI Agents SDK", lambda: act(subject))

    # --- what becomes of it

    def _begin_trace(self, trace: Any) -> None:
        around, group = here(), trace.group_id
        who = identity()
        if group and (who is None or who.conversation_id is None):
            around = on_behalf_of(conversation_id=group).within(around)
        # Several runs at once may be given the same trace_id.
        key = trace.trace_id if self._runs.get(trace.trace_id) is None else id(trace)
        self._begin(key, WORKFLOW, trace.name, around, _Place(None, trace.trace_id, _handled()))

    def _end_trace(self, trace: Any) -> None:
        own = self._runs.get(id(trace))
        self._end(trace.trace_id if own is None else id(trace), WORKFLOW, None)

    def _begin_span(self, span: Any) -> None:
        kind = _KINDS.get(span.span_data.type)
        if kind is not None:
            place = _Place(span.span_id, span.trace_id, _handled())
            self._begin(span.span_id, kind, _name(span.span_data), self._around(span), place)

    def _end_span(self, span: Any) -> None:
        run = self._runs.get(span.span_id)
        if run is not None:
            self._do(partial(_tell, run), span.span_data)
            self._end(span.span_id, _KINDS[span.span_data.type], span.error)

    def _around(self, span: Any) -> Context:
        """The current context, unless it is not that of the span's parent: the application may have named another."""
        now = here()
        place = cast("_Place | None", now.get(_PLACE))
        parent = self._runs.get(span.parent_id)
        if place is None or place.trace_id != span.trace_id:
            parent = parent or self._runs.get(span.trace_id)
        elif place.span_id == span.parent_id:
            return now
        return now if parent is None else parent.context

    def _begin(self, key: Any, kind: Kind, name: Any, around: Context, place: _Place) -> None:
        known = {semconv.TOOL_TYPE: "function"} if kind is TOOL else {}
        self._runs.begin(key, kind, str(name or ""), context=set_value(_PLACE, place, around), attributes=known)

    def _end(self, key: Any, kind: Kind, error: Any) -> None:
        run = self._runs.get(key)
        if run is None:
            return
        exception = sys.exc_info()[1]  # on its way through the span: the SDK ends these in `finally` and `__exit__`
        place = cast(_Place, run.context.get(_PLACE))
        if exception is not None and id(exception) != place.handled:
            self._runs.fail(key, exception)
        elif error:
            self._runs.fail_as(key, *_failure(kind, error))
        else:
            self._runs.end(key)
        self._leave_if_done()

    def _leave_if_done(self) -> None:
        if self._take_off is not None and not self._runs:
            self._take_off()


def _handled() -> int | None:
    """The exception in whose handler we are, if any. It is not held: it holds the frames of the application."""
    exception = sys.exc_info()[1]
    return None if exception is None else id(exception)


def _name(data: Any) -> str:
    match data.type:
        case "handoff":
            return "handoff"
        case "guardrail":
            return f"guardrail {data.name}"
        case _:
            return data.name


def _tell(run: Run, data: Any) -> None:
    """What is known at the end only."""
    match data.type:
        case "function":
            if data.input is not None:
                arguments = partial(_parsed, data.input)
                _look_for_call_id(run, data.name, arguments)
                run.say_input(arguments)
            if data.output is not None:
                run.say_output(data.output)
        case "handoff":
            found = {semconv.HANDOFF_FROM: data.from_agent, semconv.HANDOFF_TO: data.to_agent}
            run.span.set_attributes({name: str(agent) for name, agent in found.items() if agent})
            if data.to_agent:
                run.span.update_name(f"{TASK.word} handoff to {data.to_agent}")
        case "guardrail":
            run.span.set_attribute(semconv.GUARDRAIL_TRIGGERED, bool(data.triggered))
        case "custom" if data.data:
            run.say_input(lambda: data.data)
        case _:
            return


def _parsed(arguments: Any) -> Any:
    """JSON, as the model has written it; it may be none."""
    try:
        return json.loads(arguments)
    except (TypeError, ValueError, RecursionError):
        return arguments


def _look_for_call_id(run: Run, name: str, arguments: Callable[[], Any]) -> None:
    """Of several calls of the same tool, which begin before their arguments are shown."""
    if run.call_id is None:
        run.call_id = run.node.asked_for().take(name, arguments)
        if run.call_id is not None:
            run.span.set_attribute(semconv.TOOL_CALL_ID, run.call_id)


def _failure(kind: Kind, error: Any) -> tuple[str, str | None]:
    """Type and text of a `SpanError`, which is a message of the SDK's and a dictionary of details."""
    message = _member(error, "message")
    detail = _member(_member(error, "data"), "error")
    type_ = _TOOL_ERROR if kind is TOOL else _ERRORS.get(str(message), _OTHER_ERROR)
    return type_, ": ".join(str(part) for part in (message, detail) if part) or None


def _member(of: Any, name: str) -> Any:
    return cast("Mapping[str, Any]", of).get(name) if isinstance(of, Mapping) else None


def _listen(faults: Faults, tracing: ModuleType) -> Callable[[], None]:
    provider: Any = tracing.get_trace_provider()
    listener = Listener(faults)
    provider.register_processor(listener)
    return partial(listener.stop, partial(_take_off, provider, listener))


def _take_off(provider: Any, listener: Listener) -> None:
    """The SDK has no way to take one processor off. Where this one does not work, ours stays and takes no notice."""
    processors: Any = getattr(getattr(provider, "_multi_processor", None), "_processors", ())
    others = [one for one in processors if one is not listener]
    if len(others) < len(processors):
        provider.set_processors(others)


def _attach(pipeline: Pipeline, settings: Settings) -> Hook:
    return Hook("agents.tracing", partial(_listen, pipeline.faults))


OPENAI_AGENTS: Final = Framework("openai_agents", "agents", _attach)
