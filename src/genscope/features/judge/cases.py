"""From the record of a call to what is judged of it: text, and none of the application's objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from genscope.core.operation import Operation
from genscope.core.payload import to_json, to_plain
from genscope.features.judge.verdict import Case

_MAX_BYTES: Final = 65_536
"""Of all that is judged of one answer; what is longer loses its middle."""
_MAX_SCHEMA: Final = 65_536
_DOCUMENTS: Final = 32
_RESULTS: Final = 8
"""So many documents, and results of tools, the last ones, are shown."""

_TEXTS: Final = ("text", "content", "page_content", "document", "passage", "chunk", "body", "snippet")
"""Where documents have their text, by the names that retrievers give it."""
_LISTS: Final = ("documents", "results", "matches", "hits", "chunks", "data")
"""Where the documents are in a page of them."""

_TOOL_CALLS: Final = frozenset({"tool_call", "server_tool_call"})
_TOOL_RESULTS: Final = {"tool_call_response": "response", "server_tool_call_response": "server_tool_call_response"}

Message = Mapping[str, Any]


def case_of(op: Operation, found: Sequence[Any], schema: Mapping[str, Any] | None) -> Case | None:
    """None where the model has said nothing that can be judged: there is no answer, or only a call of a tool.

    The context is `found`, what retrievals around the call have returned, in plain values; else the results of tools.
    """
    content = op.content
    if content is None:
        return None
    answers = _messages(content.output)
    if not answers:
        return None
    answer = _text_of(answers[0])
    if not answer and any(part.get("type") in _TOOL_CALLS for part in _parts(answers[0])):
        return None
    asked = _messages(content.input)
    documents = [text for documents in found for text in documents_of(documents)] or list(_tool_results(asked))
    shown: Any = to_plain(
        {"question": _question(asked), "answer": answer, "context": list(dict.fromkeys(documents))[-_DOCUMENTS:]},
        _MAX_BYTES,
    )
    reasons = op.finish_reasons
    prompt = op.request.get("prompt_name")
    return Case(
        shown.get("answer"),
        shown.get("question"),
        tuple(shown.get("context") or ()) or None,
        model=op.model or op.response_model,
        provider=op.provider,
        prompt_name=prompt if isinstance(prompt, str) else None,
        schema=schema,
        finish_reason=reasons[0] if reasons else None,
        refused="refused" in op.defects or None,
        shortened=shown.get("answer") != answer,
    )


def schema_of(body: Any) -> Mapping[str, Any] | None:
    """The JSON schema in a request that wants its answer to have one: of chat completions, responses and messages."""
    for path in (
        ("response_format", "json_schema", "schema"),
        ("text", "format", "schema"),
        ("output_config", "format", "schema"),
        ("output_format", "schema"),
    ):
        found = body
        for name in path:
            found = cast("Mapping[str, Any]", found).get(name) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping) and found:
            copy = to_plain(found, _MAX_SCHEMA)
            if copy == found:  # not one of which something is missing
                return copy
    return None


def _question(asked: Sequence[Message]) -> str | None:
    """What the user said last."""
    return next((text for said in reversed(asked) if said.get("role") == "user" and (text := _text_of(said))), None)


def _tool_results(asked: Sequence[Message]) -> Iterator[str]:
    results = [
        part.get(_TOOL_RESULTS[str(part.get("type"))])
        for said in asked
        for part in _parts(said)
        if part.get("type") in _TOOL_RESULTS
    ]
    for result in results[-_RESULTS:]:
        yield from documents_of(result)


def documents_of(found: Any) -> Iterator[str]:
    """Whatever a retriever returns: texts, objects with a text in them, or lists of these."""
    if isinstance(found, str):
        if found.strip():
            yield found
    elif isinstance(found, (list, tuple)):
        for one in cast("Sequence[Any]", found):
            yield from documents_of(one)
    elif isinstance(found, Mapping):
        by_name = dict(cast("Mapping[str, Any]", found))
        inner = next((name for name in _LISTS if isinstance(by_name.get(name), (list, tuple))), None)
        name = next((name for name in _TEXTS if isinstance(by_name.get(name), str)), None)
        if name is not None:
            text, rest = by_name.pop(name), to_json(by_name, _MAX_BYTES)
            yield f"{text}\n{rest}" if by_name else text  # an answer may go by title or date, too
        elif inner is not None:
            yield from documents_of(by_name[inner])
        else:
            yield to_json(by_name, _MAX_BYTES) or ""
    elif found is not None:
        yield to_json(found, _MAX_BYTES) or ""


def _messages(said: Any) -> list[Message]:
    """A stage that screens content may have put something else in the place of messages."""
    return list(_mappings(said))


def _parts(said: Message) -> list[Message]:
    return list(_mappings(said.get("parts")))


def _text_of(said: Message) -> str:
    texts = [part.get("content") for part in _parts(said) if part.get("type") == "text"]
    return "\n".join(text for text in texts if isinstance(text, str))


def _mappings(said: Any) -> Iterator[Message]:
    items: Iterable[Any] = cast("Sequence[Any]", said) if isinstance(said, (list, tuple)) else ()
    return (cast("Message", item) for item in items if isinstance(item, Mapping))
