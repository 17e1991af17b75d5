"""What goes into an annotated function and what comes out, as attributes: where content is asked for.

All of it passes one place, the content of a pipeline, in the shape that a call of a tool has in a conversation: so the
paths of the redaction settings (`*.arguments.order_id`) hold here, too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from genscope import semconv
from genscope.annotate.kinds import AGENT, RETRIEVAL, TOOL, WORKFLOW, Kind
from genscope.annotate.output import Output
from genscope.core import messages
from genscope.core.messages import Content
from genscope.telemetry.content import ContentWriter

_CONVERSATIONS: Final = (WORKFLOW, AGENT)
UNSEEN: Final = object()


def arguments_of(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """By parameter, without the object that a method belongs to."""
    try:
        signature = inspect.signature(function)
        found = dict(signature.bind(*args, **kwargs).arguments)
    except Exception:  # no such call: the function is about to say so
        return {"args": list(args), "kwargs": dict(kwargs)}
    first = next(iter(signature.parameters), None)
    if first in ("self", "cls"):
        found.pop(first, None)
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            found |= found.pop(name, {})
    return found


def written_arguments(out: Output, span: Any, kind: Kind, name: str, call_id: str | None, value: Any) -> dict[str, Any]:
    """Attributes that say what went in."""
    content = out.new_content()
    content.input = [messages.message("user", [messages.tool_call(name, call_id, value)])]
    seen = _seen(content.input, "arguments")
    if seen is UNSEEN or seen == {} or out.writer is None:
        return {}
    if kind in _CONVERSATIONS:
        said = [messages.message("user", [messages.text(_as_text(out.writer, _only(seen)))])]
        return out.writer.as_json(Content(input=said), _longest(span))
    if kind is RETRIEVAL:
        text = out.writer.text(_as_text(out.writer, _query(seen)))
        return {} if not text else {semconv.RETRIEVAL_QUERY: text}
    return _as_attribute(
        out.writer, span, semconv.TOOL_CALL_ARGUMENTS if kind is TOOL else semconv.CALL_ARGUMENTS, seen
    )


def written_result(out: Output, span: Any, kind: Kind, call_id: str | None, value: Any) -> dict[str, Any]:
    """Attributes that say what came out."""
    seen = seen_result(out, call_id, value)
    if seen is UNSEEN or out.writer is None:
        return {}
    if kind in _CONVERSATIONS:
        text = messages.text(_as_text(out.writer, seen))
        said = [messages.message("assistant", [text], finish_reason="stop")]
        return out.writer.as_json(Content(output=said), _longest(span))
    names = {TOOL: semconv.TOOL_CALL_RESULT, RETRIEVAL: semconv.RETRIEVAL_DOCUMENTS}
    return _as_attribute(out.writer, span, names.get(kind, semconv.CALL_RESULT), seen)


def seen_result(out: Output, call_id: str | None, value: Any) -> Any:
    """What may be seen of what came out; `UNSEEN` for nothing."""
    content = out.new_content()
    content.output = [messages.message("tool", [messages.tool_call_response(call_id, value)])]
    return _seen(content.output, "response")


def written_error(out: Output, error: BaseException | str) -> str | None:
    """The text of an exception, which may quote anything."""
    return None if out.writer is None else screened_error(out.new_content(), out.writer, error)


def screened_error(content: Content, writer: ContentWriter, error: BaseException | str) -> str | None:
    """The text of an exception, as a content that screens what is said lets it be seen."""
    content.error = str(error)
    seen: Any = content.error
    return writer.text(seen) if isinstance(seen, str) else None


def _seen(said: Any, field: str) -> Any:
    """What the screens have left of the value; they may have left nothing, or put something else in its place."""
    try:
        return said[0]["parts"][0][field]
    except (TypeError, LookupError):
        return UNSEEN


def _as_attribute(writer: ContentWriter, span: Any, name: str, value: Any) -> dict[str, Any]:
    text = writer.json(value, _longest(span))
    return {} if text is None else {name: text}


def _as_text(writer: ContentWriter, value: Any) -> str:
    return value if isinstance(value, str) else writer.json(value) or ""


def _only(arguments: Any) -> Any:
    """A single argument by itself."""
    if not isinstance(arguments, dict):
        return arguments
    by_name = cast("dict[str, Any]", arguments)
    return next(iter(by_name.values())) if len(by_name) == 1 else by_name


def _query(arguments: Any) -> Any:
    if not isinstance(arguments, dict):
        return arguments
    by_name = cast("dict[str, Any]", arguments)
    return by_name["query"] if "query" in by_name else _only(by_name)


def _longest(span: Any) -> int | None:
    """The limit that the provider of a span has for values: cut by it, JSON would be none any more."""
    return getattr(getattr(span, "_limits", None), "max_span_attribute_length", None)
