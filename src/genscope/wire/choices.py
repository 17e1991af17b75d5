"""Answers made of choices (chat completions and text completions), whole or streamed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar, cast

from genscope.core.operation import Operation, ProviderError
from genscope.wire.fields import count, listed, members, objects, provider_error, text

_Pieces = TypeVar("_Pieces")


class _Streamed:
    """What a stream says is not kept: whether that is anything, its first chunks have told."""

    content = True


class Choice:
    """One choice of a streamed answer."""

    __slots__ = ("finish_reason",)

    message = _Streamed

    def __init__(self) -> None:
        self.finish_reason: str | None = None


class StreamedChoices:
    """What the chunks of a stream add up to, with the fields of a whole answer."""

    error: ProviderError | None = None

    def __init__(self) -> None:
        self.id: str | None = None
        self.model: str | None = None
        self.service_tier: str | None = None
        self.system_fingerprint: str | None = None
        self.usage: Any = None
        self.choices: list[Choice] = []

    def fold(self, chunk: Any) -> None:
        # The path of every chunk: plain attribute access, nothing more than the two tests for what most do not have.
        try:
            if chunk.usage is not None:  # cumulative where it comes more than once: the last one wins
                self.usage = chunk.usage
            for choice in chunk.choices or self._bare(chunk):
                if choice.finish_reason:
                    self._finish(chunk)
                    break
        except (AttributeError, TypeError):
            self._fold_unshaped(objects(chunk))

    def numbered(self, pieces: Mapping[int, _Pieces]) -> Iterator[tuple[_Pieces | None, str | None]]:
        """What `pieces` has of each choice, and its finish reason, in order; None for what did not come."""
        for index in range(max([len(self.choices), *(index + 1 for index in pieces)])):
            yield pieces.get(index), self.choices[index].finish_reason if index < len(self.choices) else None

    def _fold_unshaped(self, chunk: Any) -> None:
        """A chunk that lacks a field, or plain JSON because the caller wants it so (`cast_to=object`)."""
        usage = getattr(chunk, "usage", None)
        if usage is not None:
            self.usage = usage
        if any(getattr(choice, "finish_reason", None) for choice in listed(getattr(chunk, "choices", None))):
            self._finish(chunk)
        else:
            self.read_beside(members(chunk))

    def _bare(self, chunk: Any) -> Iterable[Any]:
        """A chunk without choices, and it is not there for the usage."""
        if chunk.usage is None:
            self.read_beside(members(chunk))
        return ()

    def read_beside(self, said: Mapping[str, Any]) -> None:
        """What some providers say beside the choices, in the last chunk of a stream."""
        error = said.get("error")  # most SDKs raise it, Writer's does not
        if said.get("x_groq") is not None:
            groq = members(said["x_groq"])
            error = error or groq.get("error")
            if self.usage is None:
                self.usage = objects(groq.get("usage"))
        if error:
            self.error = provider_error({"code": error, "message": error} if isinstance(error, str) else error)

    def identify(self, chunk: Any) -> Mapping[str, Any]:
        """The last that says it wins: Azure's first chunk, a report on the prompt, has an empty id and model."""
        said = members(chunk)
        for name in ("id", "model", "service_tier", "system_fingerprint"):
            value = text(said.get(name))
            if value is not None:
                setattr(self, name, value)
        return said

    def _finish(self, chunk: Any) -> None:
        """Take the finish reasons of a chunk that has one."""
        self.read_beside(self.identify(chunk))
        for place, choice in enumerate(listed(chunk.choices)):
            self.end(index_of(choice, place), text(getattr(choice, "finish_reason", None)))

    def end(self, index: int | None, reason: str | None) -> None:
        """Choice `index` has finished, if there are both."""
        if reason is not None and index is not None:
            while len(self.choices) <= index:
                self.choices.append(Choice())
            self.choices[index].finish_reason = reason


class StreamedChat(StreamedChoices):
    """A streamed chat completion."""

    refused = False

    def lead(self, chunk: Any) -> str | None:
        chunk = objects(chunk)
        self.identify(chunk)
        thinks = False
        for choice in listed(getattr(chunk, "choices", None)):
            said = members(getattr(choice, "delta", None))  # Azure's report on what it filtered has none
            if any(said.get(part) for part in _CONTENT):
                self.refused = bool(said.get("refusal"))
                return "text"
            thinks = thinks or any(said.get(part) for part in _REASONING)
        return "reasoning" if thinks else None


_CONTENT: Final = ("content", "tool_calls", "refusal", "function_call", "audio")
_REASONING: Final = ("reasoning_content", "reasoning")
"""Not OpenAI's: DeepSeek and vLLM send the first, Groq, Cerebras and OpenRouter the second, Together either."""


class StreamedText(StreamedChoices):
    """A streamed completion."""

    def lead(self, chunk: Any) -> str | None:
        chunk = objects(chunk)
        self.identify(chunk)
        return "text" if any(filter(None, (words for _, words in pieces_of(chunk)))) else None


def pieces_of(chunk: Any) -> Iterator[tuple[int | None, Any]]:
    """What a chunk of a completion adds to which choice: its text, with Together also as that of a chat."""
    said = members(chunk)
    for place, choice in enumerate(listed(said.get("choices"))):
        brought = members(choice)
        yield index_of(choice, place), brought.get("text") or members(brought.get("delta")).get("content")
    yield 0, said.get("value")  # Writer's chunks are nothing else


def index_of(choice: Any, place: int) -> int | None:
    """Which choice a piece belongs to. Some servers leave out the index: then its place in the chunk counts."""
    index = getattr(choice, "index", None)
    if index.__class__ is not int:
        index = place if index is None else count(index)
    return index if index is not None and 0 <= index < _MAX_CHOICES else None


def in_order(choices: Any) -> Iterable[Any]:
    """The choices of a whole answer by their index."""
    found = listed(choices)
    if len(found) < 2:
        return found

    def index(numbered: tuple[int, Any]) -> int:
        place = index_of(numbered[1], numbered[0])
        return numbered[0] if place is None else place

    return (choice for _, choice in sorted(enumerate(found), key=index))


_MAX_CHOICES: Final = 128
"""The API's own limit for `n`: no answer makes us allocate more."""


def ask_for_usage(body: Any) -> Mapping[str, Any] | None:
    """The body of a streamed request that asks for its token usage; None if it has said already what it wants."""
    if not isinstance(body, Mapping):
        return None
    body = cast("Mapping[str, Any]", body)
    options = body.get("stream_options")
    if options is not None and not isinstance(options, Mapping):
        return None
    options = cast("Mapping[str, Any]", options or {})
    if "include_usage" in options:
        return None
    return {**body, "stream_options": {**options, "include_usage": True}}


def is_usage_only(chunk: Any) -> bool:
    """Whether a chunk is there only because the usage was asked for. Never raises: the application is iterating."""
    chunk = objects(chunk)
    return not getattr(chunk, "choices", None) and getattr(chunk, "usage", None) is not None


_REASONS: Final = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
"""OpenAI's; other words have to be looked at."""


def read_messages(op: Operation, answer: Any) -> None:
    """`read_choices` of chat completions, and whether anything is said in them."""
    choice = read_choices(op, answer)
    try:
        if choice.message.content:  # nearly always
            return
    except AttributeError:
        pass
    for choice in listed(getattr(answer, "choices", None)):
        said = members(getattr(choice, "message", None))
        if said.get("refusal"):
            op.lack = "refused"
        elif said and not any(said.get(part) for part in _ANSWERS):
            op.lack = "empty"


_ANSWERS: Final = ("content", "tool_calls", "function_call", "audio", "images")


def read_choices(op: Operation, answer: Any) -> Any:
    """The finish reason of each choice, in order; `error` in the place of one that never finished while others did.

    Returns the choice, where there is one and nothing odd about it.
    """
    choices: Any = getattr(answer, "choices", None)
    try:
        (choice,) = choices  # nearly always there is one
        reason = choice.finish_reason
        if reason in _REASONS:
            op.finish_reasons = (reason,)
            return choice
    except (AttributeError, TypeError, ValueError):
        pass
    reasons = [text(getattr(choice, "finish_reason", None)) for choice in listed(choices)]
    if any(reasons):
        op.finish_reasons = tuple([reason or "error" for reason in reasons])
    elif not reasons:
        error = members(answer).get("error")
        if error:  # OpenRouter says so, with status 200, when the provider behind it failed
            op.error = provider_error(error)
        elif choices is not None and not op.streaming:
            op.lack = "empty"
    return None
