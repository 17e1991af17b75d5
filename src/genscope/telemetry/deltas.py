"""Which of the messages of a call an earlier span has, so that this one need not repeat them.

The request of an agent repeats all that was said before. Here the history is a chain of digests, one for each of its
messages: the digest of a message is over all messages before it, so equal digests are equal beginnings. Of the last
conversations it is known which span has which beginning. A call that goes on with one of them leaves it out, says how
many messages that are, and names the span: together with what that one leaves out, nothing is missing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import local
from typing import Any, Final, NamedTuple

from opentelemetry.trace import SpanContext, TraceFlags, format_span_id, format_trace_id

from genscope import semconv
from genscope.core.operation import Operation
from genscope.core.payload import canonical, from_json

EARLIER_MESSAGES: Final = "earlier_messages"
"""`genscope.link.kind` of a link to the span that has the messages left out."""
"""The same link on an event, which has none."""

_BEGINNINGS: Final = 2_048
"""So many are remembered, of all conversations together."""
_OF_ONE_CALL: Final = 256
"""No more of one call, lest a single long history push all others out."""
_ROOM: Final = 1 << 23
"""Characters of JSON that a history may have: what is longer is written, whoever has it."""


class Earlier(NamedTuple):
    """The span that has the first so many messages of a call, by itself or by the span that it names."""

    messages: int
    span: SpanContext

    def is_linked_from(self, span: Any) -> bool:
        """Link to it; whether that has come to pass: a span may have a limit, or not know how to get a link late."""
        try:
            if not hasattr(span, "links"):
                return False
            span.add_link(self.span, {semconv.LINK_KIND: EARLIER_MESSAGES})
            return any(link.context == self.span for link in span.links)
        except Exception:  # a span that is not OpenTelemetry's own
            return False

    def as_attributes(self) -> dict[str, Any]:
        """For an event."""
        return {
            semconv.OMITTED_MESSAGES: self.messages,
            semconv.LINK_KIND: EARLIER_MESSAGES,
            semconv.LINK_TRACE_ID: format_trace_id(self.span.trace_id),
            semconv.LINK_SPAN_ID: format_span_id(self.span.span_id),
        }


class Deltas:
    """What the spans have, or what the events have: each needs one of these.

    Digests and ids only. All that is done with the memory are single operations of an `OrderedDict`, each atomic: with
    a lock, a fork or a destructor could come at the wrong moment.
    """

    def __init__(self, most: int = _BEGINNINGS) -> None:
        self._most = most
        self._spans: OrderedDict[bytes, tuple[int, int]] = OrderedDict()

    def earlier(self, op: Operation) -> Earlier | None:
        """Where the longest beginning of the messages of a call is. The newest message is never part of it."""
        chain = _chain(op)
        if chain is None:
            return None
        for count in range(min(len(chain.digests), chain.messages - 1), 0, -1):
            digest = chain.digests[count - 1]
            found = self._spans.get(digest)
            if found is not None and found != chain.span:  # ids repeat where the application seeds `random`
                with suppress(KeyError):  # in another thread it has just become one too many
                    self._spans.move_to_end(digest)
                trace_id, span_id = found
                return Earlier(count, SpanContext(trace_id, span_id, False, TraceFlags(TraceFlags.SAMPLED)))
        return None

    def remember(self, op: Operation, written: Mapping[str, Any]) -> None:
        """The span, or the event, of a call has these attributes. Counts only if all messages are among them."""
        chain, content = _chain(op), op.content
        if chain is None or content is None:
            return
        omitted = written.get(semconv.OMITTED_MESSAGES, 0)
        if not _are_there(written.get(semconv.INPUT_MESSAGES), (content.input or ())[omitted:]):
            return
        known = chain.digests[omitted:]
        if chain.answered is not None and _are_there(written.get(semconv.OUTPUT_MESSAGES), content.output or ()):
            known.append(chain.answered)
        for digest in known[-_OF_ONE_CALL:]:
            self._spans[digest] = chain.span
            with suppress(KeyError):
                self._spans.move_to_end(digest)
        while len(self._spans) > self._most:
            with suppress(KeyError):
                self._spans.popitem(last=False)


class _Chain(NamedTuple):
    span: tuple[int, int]
    digests: list[bytes]
    """Of the first message, of the first two, and so on as far as they can be told."""
    messages: int
    answered: bytes | None
    """Of all messages and the answer, as a message of the history."""


class _Latest(local):
    """The chain of the call that is just ending in this thread: its event and its span need the same."""

    call: tuple[int, int, float] | None = None
    chain: _Chain | None = None


_latest: Final = _Latest()


def _chain(op: Operation) -> _Chain | None:
    """None if the call has no span that others could name: only one that is recorded, and ours, goes where they go."""
    span = op.span
    if op.neighbour is not None or op.content is None or span is None or not span.is_recording():
        return None
    context = span.get_span_context()
    if not context.is_valid or not context.trace_flags.sampled:
        return None
    call = (context.trace_id, context.span_id, op.started)
    if _latest.call != call:
        _latest.call, _latest.chain = call, _chained(op, call[:2])
    return _latest.chain


def _conversation(op: Operation, trace_id: int) -> str:
    """By its id, else by the trace. What redaction has put in the place of an id may stand for many: by both."""
    conversation = op.request.get("conversation_id") or (op.identity and op.identity.conversation_id)
    if not isinstance(conversation, str):
        return f"trace {trace_id}"
    redacted = "[" in conversation or "*" in conversation
    return f"trace {trace_id} {conversation}" if redacted else f"conversation {conversation}"


def _chained(op: Operation, span: tuple[int, int]) -> _Chain | None:
    assert op.content is not None
    said, output = op.content.input, op.content.output
    if type(said) not in (list, tuple) or not said:
        return None
    from hashlib import blake2b  # here: it brings OpenSSL, which takes longer to load than all of ours

    def following(before: bytes, message: Any) -> bytes | None:
        nonlocal room
        text = canonical(message, room)
        if text is None:
            return None
        room -= len(text)
        return blake2b(before + text.encode(), digest_size=16).digest()

    room = _ROOM
    conversation = _conversation(op, span[0])
    last: bytes | None = blake2b(conversation.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    digests: list[bytes] = []
    for message in said:
        last = following(last, message)
        if last is None:
            return _Chain(span, digests, len(said), None)
        digests.append(last)
    if type(output) in (list, tuple) and output is not None and len(output) == 1 and type(output[0]) is dict:
        # of several choices nobody knows which one the conversation goes on with
        return _Chain(span, digests, len(said), following(last, _as_history(output[0])))
    return _Chain(span, digests, len(said), None)


def _as_history(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "finish_reason"}


def _are_there(written: Any, messages: Sequence[Any]) -> bool:
    """Each of the messages, with all of its parts. Texts may have lost their middle: they say so."""
    shown = from_json(written) if isinstance(written, str) else written
    try:
        return [len(message["parts"]) for message in shown] == [len(message["parts"]) for message in messages]
    except (TypeError, KeyError):
        return False
