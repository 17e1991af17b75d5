"""The floor: about the least that Python code over the OpenTelemetry SDK can do for a call and still be of use.

One CLIENT span with 12 attributes, current while the SDK runs; one duration and two token measurements; a stream is
followed in place for its first chunk (one more measurement) and its last two, which hold what the answer has to
tell. With content: one `json.dumps` of what was asked and one of what was answered; of a stream all chunks are kept.

It is a ruler and no library: no messages but plain text, no tool calls, raw responses, ``.stream()`` helpers, other
entrances, error kinds, or protection of the caller from faults in here.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Generator
from time import perf_counter
from typing import Any, NamedTuple

from opentelemetry import context, metrics, trace

SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS = tuple(4**power for power in range(14))

Answer = tuple[str, str, str, int, int]
"""Response id, response model, finish reason, input tokens, output tokens."""


class Reader(NamedTuple):
    limit: str
    """Name of the request's token limit."""
    whole: Callable[[Any], Answer]
    last: Callable[[Any, Any], Answer]
    """From the last chunk but one and the last chunk."""
    prompt: str
    """Name of the request's messages."""
    text: Callable[[Any], str]
    """What is said in a whole answer."""
    piece: Callable[[Any], str]
    """What is said in a chunk."""


def _chat(answer: Any) -> Answer:
    usage = answer.usage
    return answer.id, answer.model, answer.choices[0].finish_reason, usage.prompt_tokens, usage.completion_tokens


def _chat_last(before: Any, last: Any) -> Answer:
    usage = last.usage
    return last.id, last.model, before.choices[0].finish_reason, usage.prompt_tokens, usage.completion_tokens


def _responses(answer: Any) -> Answer:
    usage = answer.usage
    return answer.id, answer.model, answer.status, usage.input_tokens, usage.output_tokens


CHAT = Reader(
    "max_tokens",
    _chat,
    _chat_last,
    "messages",
    lambda answer: answer.choices[0].message.content,
    lambda chunk: chunk.choices[0].delta.content or "" if chunk.choices else "",
)
RESPONSES = Reader(
    "max_output_tokens",
    _responses,
    lambda before, last: _responses(last.response),
    "input",
    lambda answer: answer.output[0].content[0].text,
    lambda event: event.delta if event.type == "response.output_text.delta" else "",
)


class Floor:
    call: type[Call]
    followers: tuple[Callable[..., Any], Callable[..., Any]]
    """A stream's, and an asynchronous one's."""

    def __init__(self) -> None:
        meter = metrics.get_meter("floor")
        self.tracer = trace.get_tracer("floor")
        self.duration, self.first_chunk = (
            meter.create_histogram(name, "s", explicit_bucket_boundaries_advisory=SECONDS)
            for name in ("gen_ai.client.operation.duration", "gen_ai.client.operation.time_to_first_chunk")
        )
        self.tokens = meter.create_histogram(
            "gen_ai.client.token.usage", "{token}", explicit_bucket_boundaries_advisory=TOKENS
        )

    def begin(self, resource: Any, request: dict[str, Any], reader: Reader) -> Call:
        client = resource._client
        try:
            host, port = client._floor_address
        except AttributeError:  # the URL's host and port are computed at each access: ask once per client
            url = client.base_url
            host, port = client._floor_address = url.host, url.port or 443
        return self.call(self, reader, request["model"], host, port, request)

    def patch(self, owner: Any, reader: Reader, asynchronous: bool) -> None:
        """Replace ``owner.create``; a plain function is the cheapest wrapper there is."""
        original: Callable[..., Any] = owner.create
        begin = self.begin
        follow, follow_async = self.followers

        def create(self: Any, **request: Any) -> Any:
            call = begin(self, request, reader)
            token = context.attach(call.context)
            try:
                result = original(self, **request)
            except BaseException as error:
                call.fail(error)
                raise
            finally:
                context.detach(token)
            if request.get("stream"):
                result._iterator = follow(call, result._iterator)
            else:
                call.end(reader.whole(result))
            return result

        async def create_async(self: Any, **request: Any) -> Any:
            call = begin(self, request, reader)
            token = context.attach(call.context)
            try:
                result = await original(self, **request)
            except BaseException as error:
                call.fail(error)
                raise
            finally:
                context.detach(token)
            if request.get("stream"):
                result._iterator = follow_async(call, result._iterator)
            else:
                call.end(reader.whole(result))
            return result

        owner.create = create_async if asynchronous else create


class Call:
    __slots__ = ("context", "first", "floor", "host", "model", "port", "reader", "span", "started")

    def __init__(self, floor: Floor, reader: Reader, model: str, host: str, port: int, request: dict[str, Any]) -> None:
        self.started = perf_counter()
        self.first = 0.0
        self.floor = floor
        self.reader = reader
        self.model = model
        self.host, self.port = host, port
        self.span = floor.tracer.start_span(
            "chat " + model,
            kind=trace.SpanKind.CLIENT,
            attributes={
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": model,
                "gen_ai.request.max_tokens": request[reader.limit],
                "gen_ai.request.temperature": request["temperature"],
                "server.address": host,
                "server.port": port,
            },
        )
        self.context = trace.set_span_in_context(self.span)

    def end(self, answer: Any) -> None:
        elapsed = perf_counter() - self.started
        identity, model, reason, input_tokens, output_tokens = answer
        span, floor, around = self.span, self.floor, self.context
        if span.is_recording():
            span.set_attributes(
                {
                    "gen_ai.response.id": identity,
                    "gen_ai.response.model": model,
                    "gen_ai.response.finish_reasons": (reason,),
                    "gen_ai.usage.input_tokens": input_tokens,
                    "gen_ai.usage.output_tokens": output_tokens,
                }
            )
        shared = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": self.model,
            "gen_ai.response.model": model,
            "server.address": self.host,
            "server.port": self.port,
        }
        floor.duration.record(elapsed, shared, around)
        floor.tokens.record(input_tokens, {**shared, "gen_ai.token.type": "input"}, around)
        floor.tokens.record(output_tokens, {**shared, "gen_ai.token.type": "output"}, around)
        if self.first:
            floor.first_chunk.record(self.first - self.started, shared, around)
        span.end()

    def fail(self, error: BaseException) -> None:
        self.span.set_attribute("error.type", type(error).__qualname__)
        self.span.end()


def _follow(call: Call, source: Any) -> Generator[Any, None, None]:
    before = last = None
    try:
        for last in source:
            call.first = perf_counter()
            yield last
            break
        for chunk in source:  # the loop that counts: two names bound, nothing else
            before = last
            last = chunk
            yield chunk
    finally:
        call.end(call.reader.last(before, last))


async def _follow_async(call: Call, source: Any) -> AsyncGenerator[Any, None]:
    before = last = None
    try:
        async for last in source:
            call.first = perf_counter()
            yield last
            break
        async for chunk in source:
            before = last
            last = chunk
            yield chunk
    finally:
        call.end(call.reader.last(before, last))


def _follow_said(call: Call, source: Any) -> Generator[Any, None, None]:
    chunks: list[Any] = []
    keep = chunks.append
    try:
        for chunk in source:
            call.first = perf_counter()
            keep(chunk)
            yield chunk
            break
        for chunk in source:
            keep(chunk)
            yield chunk
    finally:
        call.end((*call.reader.last(chunks[-2], chunks[-1]), "".join(map(call.reader.piece, chunks))))


async def _follow_said_async(call: Call, source: Any) -> AsyncGenerator[Any, None]:
    chunks: list[Any] = []
    keep = chunks.append
    try:
        async for chunk in source:
            call.first = perf_counter()
            keep(chunk)
            yield chunk
            break
        async for chunk in source:
            keep(chunk)
            yield chunk
    finally:
        call.end((*call.reader.last(chunks[-2], chunks[-1]), "".join(map(call.reader.piece, chunks))))


Floor.call = Call
Floor.followers = (_follow, _follow_async)


class CallWithContent(Call):
    """What it is told at its end is an `Answer` and its text."""

    __slots__ = ("request",)

    def __init__(self, floor: Floor, reader: Reader, model: str, host: str, port: int, request: dict[str, Any]) -> None:
        super().__init__(floor, reader, model, host, port, request)
        self.request = request

    def end(self, answer: Any) -> None:
        *answer, text = answer
        if self.span.is_recording():
            asked = self.request[self.reader.prompt]
            messages = [{"role": one["role"], "parts": [{"type": "text", "content": one["content"]}]} for one in asked]
            said = {"role": "assistant", "parts": [{"type": "text", "content": text}], "finish_reason": answer[2]}
            self.span.set_attribute("gen_ai.input.messages", json.dumps(messages, ensure_ascii=False))
            self.span.set_attribute("gen_ai.output.messages", json.dumps([said], ensure_ascii=False))
        super().end(answer)


class FloorWithContent(Floor):
    """Apart, so that the floor costs what it did before it could do this."""

    call = CallWithContent
    followers = (_follow_said, _follow_said_async)

    def patch(self, owner: Any, reader: Reader, asynchronous: bool) -> None:
        super().patch(
            owner, reader._replace(whole=lambda answer: (*reader.whole(answer), reader.text(answer))), asynchronous
        )


def install(content: bool) -> None:
    from openai.resources.chat.completions import AsyncCompletions, Completions

    floor = FloorWithContent() if content else Floor()
    floor.patch(Completions, CHAT, False)
    floor.patch(AsyncCompletions, CHAT, True)
    try:
        from openai.resources.responses import AsyncResponses, Responses
    except ImportError:  # openai < 1.66
        return
    floor.patch(Responses, RESPONSES, False)
    floor.patch(AsyncResponses, RESPONSES, True)
