"""One record for each call: on the logger `genscope.calls`, as a log record of OpenTelemetry, and as a line of JSON."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import logging.config
import logging.handlers
import os
import queue
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import anthropic
import openai
import pytest
from contract.recorder import Recorder
from conversations import Logbook, attributes_of, name_of
from opentelemetry import _logs, trace
from opentelemetry.sdk._logs import LoggingHandler
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import genscope
from genscope.core.fingerprint import fingerprint
from genscope.core.messages import message, reasoning, text, tool_call
from genscope.core.operation import Cost, Operation
from genscope.local.simulator import REPLY, Simulator
from genscope.telemetry import call_log
from genscope.telemetry.excerpts import answer_excerpt, excerpt, question_excerpt

NAME = "genscope.calls"
EVENT = "genscope.client.call"
CANARY = "canary-b7e2-9f41"
HELLO: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
SAID = [message("user", [text("Hello")])]
ANSWERED = [message("assistant", [text(REPLY)])]
STRUCTURED = hasattr(_logs.LogRecord, "event_name") or "event_name" in _logs.Logger.emit.__annotations__


class Records(logging.Handler):
    """Keeps the records of calls, and which span was the current one then."""

    def __init__(self, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.records: list[logging.LogRecord] = []
        self.spans: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == NAME:
            self.records.append(record)
            self.spans.append(trace.get_current_span().get_span_context())

    def one(self) -> dict[str, Any]:
        """The fields of the only record."""
        (record,) = self.records
        assert record.exc_info is None
        return fields_of(record)

    def message(self) -> str:
        (record,) = self.records
        return re.sub(r"\b\d+(\.\d+)? m?s\b", "TIME", record.getMessage())


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    usual = vars(logging.LogRecord("", 0, "", 0, "", (), None)).keys() | {"message", "asctime", "taskName"}
    return {name: value for name, value in vars(record).items() if name not in usual}


@pytest.fixture(autouse=True)
def as_new(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> Iterator[None]:
    """No environment, and a logger that nobody has touched."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "GENSCOPE_", "OPENAI_", "ANTHROPIC_")):
            monkeypatch.delenv(name)
    simulator.reset()
    yield
    logging.disable(logging.NOTSET)
    for name in (NAME, "genscope"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.NOTSET)
        logger.disabled, logger.propagate = False, True
        logger.handlers[:], logger.filters[:] = [], []


def leave_only(*handlers: logging.Handler) -> None:
    """Take away those that pytest has put on the root logger, and on those that do not propagate."""
    logging.getLogger(NAME).propagate = False
    logging.getLogger(NAME).handlers[:] = handlers


@pytest.fixture
def records() -> Iterator[Records]:
    handler = Records()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


@contextmanager
def instrumented(recorder: Recorder | None = None, **options: Any) -> Iterator[Recorder]:
    recorder = recorder or Recorder()
    usual = {"raise_faults": True, "call_log": True, "providers": {"127.0.0.1": "openai"}, **recorder.providers}
    genscope.instrument(**{**usual, **options})
    try:
        yield recorder
    finally:
        genscope.uninstrument()


def chat(simulator: Simulator, scenario: str = "ok", **arguments: Any) -> Any:
    """One call, read to its end."""
    with openai.OpenAI(api_key="k", base_url=simulator.base_url(scenario)) as client:
        answer = client.chat.completions.create(**{**HELLO, **arguments})
        return list(answer) if arguments.get("stream") else answer


async def achat(simulator: Simulator, scenario: str = "ok", **arguments: Any) -> Any:
    async with openai.AsyncOpenAI(api_key="k", base_url=simulator.base_url(scenario)) as client:
        answer = await client.chat.completions.create(**{**HELLO, **arguments})
        return [chunk async for chunk in answer] if arguments.get("stream") else answer


def called(asynchronous: bool, simulator: Simulator, scenario: str = "ok", **arguments: Any) -> Any:
    if asynchronous:
        return asyncio.run(achat(simulator, scenario, **arguments))
    return chat(simulator, scenario, **arguments)


both = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


def ids(span: Any) -> dict[str, str]:
    return {"trace_id": f"{span.context.trace_id:032x}", "span_id": f"{span.context.span_id:016x}"}


def of_content(value: Any, name: str, key: str | None = None) -> dict[str, Any]:
    found = fingerprint(value, key)
    assert found is not None
    return {f"genscope.{name}.hash": found[0], f"genscope.{name}.length": found[1]}


# --- what a record says


@both
def test_the_record_of_a_call(asynchronous: bool, simulator: Simulator, records: Records) -> None:
    with instrumented() as recorder:
        called(asynchronous, simulator)
    span = recorder.span()
    fields = records.one()
    assert records.message() == "chat gpt-4o-mini TIME, 23 -> 7 tokens, stop"
    assert records.records[0].levelno == logging.INFO
    assert fields.pop("genscope.duration") > 0
    assert fields == {
        "event.name": EVENT,
        **ids(span),
        **dict(span.attributes or {}),
        **of_content(SAID, "input"),
        **of_content(ANSWERED, "output"),
    }
    assert fields["gen_ai.response.model"] == "gpt-4o-mini-2024-07-18"
    assert fields["gen_ai.usage.cache_read.input_tokens"] == 5


@both
def test_the_record_of_a_stream(asynchronous: bool, simulator: Simulator, records: Records) -> None:
    with instrumented() as recorder:
        called(asynchronous, simulator, stream=True, stream_options={"include_usage": True})
    fields = records.one()
    assert records.message() == "chat gpt-4o-mini TIME, first token after TIME, 23 -> 7 tokens, stop"
    assert dict(recorder.span().attributes or {}).items() <= fields.items()
    assert fields["genscope.stream.outcome"] == "completed"
    assert 0 < fields["genscope.time_to_first_token"] <= fields["genscope.duration"]
    assert of_content(ANSWERED, "output").items() <= fields.items()  # as of the whole answer


def test_the_record_of_a_stream_that_is_left(simulator: Simulator, records: Records) -> None:
    with (
        instrumented(),
        openai.OpenAI(api_key="k", base_url=simulator.base_url()) as client,
        client.chat.completions.create(**HELLO, stream=True) as stream,
    ):
        for chunk in stream:
            if chunk.choices[0].delta.content:
                break
    fields = records.one()
    assert records.message() == "chat gpt-4o-mini TIME, first token after TIME, abandoned after 2 chunks"
    assert fields["genscope.stream.outcome"] == "abandoned"
    assert of_content([message("assistant", [text("Paris")])], "output").items() <= fields.items()


@both
def test_the_record_of_a_failure(asynchronous: bool, simulator: Simulator, records: Records) -> None:
    with instrumented() as recorder, pytest.raises(openai.BadRequestError):
        called(asynchronous, simulator, "context_length")
    fields = records.one()
    assert records.records[0].levelname == "WARNING"
    assert records.message() == ("chat gpt-4o-mini failed after TIME: context_length 400 context_length_exceeded")
    assert dict(recorder.span().attributes or {}).items() <= fields.items()
    assert fields["http.response.status_code"] == 400
    assert "exception.message" not in fields
    assert "genscope.output.hash" not in fields


def test_the_record_of_a_stream_that_breaks(simulator: Simulator, records: Records) -> None:
    with instrumented(), pytest.raises(openai.APIError):
        chat(simulator, "stream_error", stream=True)
    fields = records.one()
    assert records.records[0].levelname == "WARNING"
    assert fields["genscope.stream.outcome"] == "failed"
    assert fields["genscope.output.length"] > 0


def test_the_record_of_a_retried_call(simulator: Simulator, records: Records) -> None:
    with instrumented():
        chat(simulator, "retry")
    assert records.message() == "chat gpt-4o-mini TIME, 1 retry, 23 -> 7 tokens, stop"
    assert records.one()["genscope.retry.kinds"] == ["rate_limit"]


def test_the_record_of_a_cancelled_stream(simulator: Simulator, records: Records) -> None:
    async def cancel() -> None:
        begun = asyncio.Event()

        async def read() -> None:
            async with openai.AsyncOpenAI(api_key="k", base_url=simulator.base_url("midhang")) as client:
                async for _ in await client.chat.completions.create(**HELLO, stream=True):
                    begun.set()

        task = asyncio.create_task(read())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with instrumented():
        asyncio.run(cancel())
    fields = records.one()
    assert fields["genscope.stream.outcome"] == fields["genscope.error.kind"] == "cancelled"
    assert "cancelled after TIME: CancelledError" in records.message()


@both
def test_the_record_of_another_provider(asynchronous: bool, simulator: Simulator, records: Records) -> None:
    asked: dict[str, Any] = {
        "model": "claude-haiku-4-5",
        "max_tokens": 99,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Hello"}],
    }

    async def ask() -> None:
        async with anthropic.AsyncAnthropic(api_key="k", base_url=simulator.base_url()) as client:
            await client.messages.create(**asked)

    with instrumented(providers={"127.0.0.1": "anthropic"}) as recorder:
        if asynchronous:
            asyncio.run(ask())
        else:
            with anthropic.Anthropic(api_key="k", base_url=simulator.base_url()) as client:
                client.messages.create(**asked)
    fields = records.one()
    assert records.message() == "chat claude-haiku-4-5 TIME, 23 -> 7 tokens, end_turn"
    assert dict(recorder.span().attributes or {}).items() <= fields.items()
    assert of_content([message("system", [text("Be brief.")]), *SAID], "input").items() <= fields.items()


def test_an_operation_without_content_has_no_hash(simulator: Simulator, records: Records) -> None:
    with instrumented(), openai.OpenAI(api_key="k", base_url=simulator.base_url()) as client:
        client.embeddings.create(model="text-embedding-3-small", input="x", encoding_format="float")
    assert records.message().startswith("embeddings text-embedding-3-small TIME, ")
    assert not [name for name in records.one() if name.startswith("genscope.output.")]


def test_the_conversation_and_the_cost(simulator: Simulator, records: Records) -> None:
    class Priced(genscope.Stage):
        def end(self, op: Operation) -> None:
            op.cost = Cost(0.25, "USD", "test")

    asked = {"model": "gpt-4o-mini", "input": "x", "conversation": "conv_1"}
    with instrumented(stages=[Priced()]), openai.OpenAI(api_key="k", base_url=simulator.base_url()) as client:
        client.post("/responses", body=asked, cast_to=object)
    fields = records.one()
    assert fields["gen_ai.conversation.id"] == "conv_1"
    assert (fields["genscope.cost.amount"], fields["genscope.cost.currency"]) == (0.25, "USD")


def test_hashes_have_the_key(simulator: Simulator, records: Records) -> None:
    with instrumented(hash_key="pepper"):
        chat(simulator)
    fields = records.one()
    assert (of_content(SAID, "input", "pepper") | of_content(ANSWERED, "output", "pepper")).items() <= fields.items()


def test_a_sentence_is_one_line_whatever_the_names(simulator: Simulator, records: Records) -> None:
    with instrumented():
        chat(simulator, model="x\r\n\x1b[31m2026-01-01 ERROR %s %d" + "y" * 500)
    said = records.message()
    assert re.fullmatch(r"chat x \[31m2026-01-01 ERROR %s %dy+… TIME, .*", said)
    assert len(said) < 250


# --- content


def exchange(body: Any, status: int = 200) -> openai.OpenAI:
    """A client whose provider answers so, within the process."""
    library: Any = getattr(openai._base_client, "httpx2", None) or openai._base_client.httpx
    answer = library.MockTransport(lambda request: library.Response(status, json=body))
    return openai.OpenAI(api_key="k", max_retries=0, http_client=library.Client(transport=answer))


def answer(content: str | None, **more: Any) -> dict[str, Any]:
    return {"id": "c1", "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content, **more}}]}  # fmt: skip # noqa: E501


REFUSED = {"error": {"message": f"{CANARY} is no word", "type": "invalid_request_error", "code": "bad"}}


def talk(client: openai.OpenAI, content: str = CANARY) -> None:
    with client:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": content}], user=CANARY)


def test_no_content_by_default(records: Records) -> None:
    formatter, logbook = genscope.JsonFormatter(), Logbook()
    with instrumented(logger_provider=logbook.provider):
        talk(exchange(answer(f"You said {CANARY}")))
        with pytest.raises(openai.BadRequestError):
            talk(exchange(REFUSED, 400))
    assert len(records.records) == len(logbook.records) == 2
    said = [f"{formatter.format(record)} {vars(record)}" for record in records.records]
    said += [f"{record.body} {dict(record.attributes)}" for record in logbook.records]
    assert CANARY not in "".join(said)
    assert not re.search(r"excerpt|exception\.message", "".join(said))


@pytest.mark.parametrize("capture", ["SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT"])
def test_content_where_it_is_captured(capture: str, records: Records) -> None:
    with instrumented(capture_message_content=capture):
        talk(exchange(answer(f"You said {CANARY}")))
        with pytest.raises(openai.BadRequestError):
            talk(exchange(REFUSED, 400))
    good, bad = map(fields_of, records.records)
    assert good["genscope.input.excerpt"] == bad["genscope.input.excerpt"] == CANARY
    assert good["genscope.output.excerpt"] == f"You said {CANARY}"
    assert "genscope.output.excerpt" not in bad
    assert CANARY in bad["exception.message"]
    assert "exception.message" not in good


def test_no_excerpt_if_none_is_wanted(records: Records) -> None:
    with instrumented(capture_message_content="SPAN_ONLY", call_log_excerpt=0), pytest.raises(openai.BadRequestError):
        talk(exchange(REFUSED, 400))
    assert CANARY not in str(records.one())
    assert records.one()["genscope.input.length"] == len(CANARY)


def test_all_of_it_is_of_what_redaction_lets_through(records: Records) -> None:
    with instrumented(capture_message_content="SPAN_ONLY", redaction_patterns={"BIRD": CANARY}):
        talk(exchange(answer(f"You said {CANARY}")))
        with pytest.raises(openai.BadRequestError):
            talk(exchange(REFUSED, 400))
    good, bad = map(fields_of, records.records)
    assert CANARY not in f"{good}{bad}"
    assert good["genscope.input.excerpt"] == "[BIRD]"
    assert good["genscope.output.excerpt"] == "You said [BIRD]"
    assert "[BIRD] is no word" in bad["exception.message"]
    assert of_content([message("user", [text("[BIRD]")])], "input").items() <= good.items()


def test_an_excerpt_is_as_long_as_asked_for(records: Records) -> None:
    with instrumented(capture_message_content="SPAN_ONLY", call_log_excerpt=20):
        talk(exchange(answer("b" * 21)), "a" * 20)
    fields = records.one()
    assert fields["genscope.input.excerpt"] == "a" * 20
    assert fields["genscope.output.excerpt"] == "b" * 19 + "…"
    assert fields["genscope.output.length"] == 21


def test_an_excerpt_of_tool_calls(records: Records) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Köln"}'}}
    with instrumented(capture_message_content="SPAN_ONLY"):
        talk(exchange(answer(None, tool_calls=[call])))
    assert records.one()["genscope.output.excerpt"] == 'weather({"city":"Köln"})'


@pytest.mark.parametrize(
    "said, expected",
    [
        ("", ""),
        (None, ""),
        (7, ""),
        ("a\r\n\tb\x00\x1b[0m c\u2028d", "a b [0m c…"),
        ("   " * 1000 + "abc", "abc"),
        ("a" + " " * 1000 + "b", "a…"),
        ("0123456789", "0123456789"),
        ("0123456789x", "012345678…"),
        ("01234567 9x", "01234567…"),
        ("01234567e\u0301x", "01234567…"),
        ("012345👩\u200d👩\u200d👧", "012345…"),
        ("\ud83d\ude00 \ud83d", "😀 \ufffd"),
        ("\u0301" * 40, "…"),
    ],
)
def test_where_an_excerpt_is_cut(said: Any, expected: str) -> None:
    found = excerpt(said, 10)
    assert len(found) <= 10
    assert found.startswith(expected[:8])
    assert found == expected or expected == "…"


def test_the_excerpt_of_a_question_is_of_the_newest() -> None:
    old, new = message("user", [text("old")]), message("user", [text("new"), reasoning("x"), text("er")])
    reply, picture = message("assistant", [text("hm")]), message("user", [{"type": "uri", "uri": "x"}])
    assert question_excerpt([old, reply, new, reply, picture], 99) == "new er"
    assert question_excerpt((old, reply), 99) == "old"
    assert (
        question_excerpt([reply], 99) == question_excerpt("x", 99) == question_excerpt([7, {"role": "user"}], 99) == ""
    )


def test_the_excerpt_of_an_answer_is_of_all_choices() -> None:
    calls = message("assistant", [tool_call("f", "c", {"a": object()}), tool_call("g", None, None)])
    assert answer_excerpt([*ANSWERED, calls, message("assistant", [text("two")])], 99) == f"{REPLY} two"
    assert answer_excerpt([calls], 99) == 'f({"a":"[object]"}) g(null)'
    assert answer_excerpt(None, 99) == answer_excerpt([message("assistant", [])], 99) == ""
    assert len(answer_excerpt([message("assistant", [tool_call("f", "c", "x" * 100_000)])], 20)) == 20


# --- whose span it is


def test_the_span_of_the_call_is_current(simulator: Simulator, records: Records) -> None:
    with instrumented() as recorder, recorder.tracer.start_as_current_span("the caller's own") as caller:
        chat(simulator)
        assert trace.get_current_span() is caller
    (seen,) = records.spans
    assert seen == recorder.span().context


def test_a_factory_of_records_sees_the_span_and_may_have_names_of_its_own(
    simulator: Simulator, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `opentelemetry-instrumentation-logging` has one, and many an application."""

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = logging.LogRecord(*args, **kwargs)
        span = trace.get_current_span().get_span_context()
        vars(record).update({"otelSpanID": f"{span.span_id:016x}", "trace_id": "mine", "dd.trace_id": "7"})
        return record

    logbook = Logbook()
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(factory)
    try:
        with instrumented(logger_provider=logbook.provider) as recorder:
            chat(simulator)
    finally:
        logging.setLogRecordFactory(before)
    fields = records.one()
    assert ids(recorder.span()).items() <= fields.items()
    assert fields["otelSpanID"] == fields["span_id"]
    assert not {"otelSpanID", "trace_id", "dd.trace_id"} & attributes_of(logbook.event(EVENT)).keys()


def test_a_call_that_is_not_sampled(simulator: Simulator, records: Records) -> None:
    with instrumented(Recorder(sampler=ALWAYS_OFF)) as recorder:
        chat(simulator)
    assert recorder.ended == []
    fields = records.one()
    assert {"trace_id": f"{records.spans[0].trace_id:032x}", "span_id": f"{records.spans[0].span_id:016x}"}.items() <= (
        fields.items()
    )
    assert records.spans[0].is_valid
    assert fields["gen_ai.usage.output_tokens"] == 7


@pytest.mark.parametrize("disabled", [False, True], ids=["no provider", "disabled"])
def test_logging_alone_is_enough(
    disabled: bool, simulator: Simulator, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    if disabled:
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with instrumented(tracer_provider=None, meter_provider=None):
        chat(simulator)
    fields = records.one()
    assert not {"trace_id", "span_id"} & fields.keys()
    assert fields["gen_ai.request.model"] == "gpt-4o-mini"
    assert fields["genscope.output.length"] == len(REPLY)


def test_a_call_that_another_instrumentation_describes(simulator: Simulator, records: Records) -> None:
    """Ours is no second span, but there is one record, of that span."""
    with instrumented() as recorder:
        tracer = recorder.tracer_provider.get_tracer("opentelemetry.instrumentation.somebody")
        with tracer.start_as_current_span("chat", attributes={"gen_ai.operation.name": "chat"}):
            chat(simulator)
    (span,) = recorder.ended
    assert ids(span).items() <= records.one().items()


def test_a_span_of_another_that_is_not_current(records: Records) -> None:
    logbook, recorder = Logbook(), Recorder()
    log = call_log.CallLog(call_log.EventLog(logbook.provider))
    op = Operation("chat", "openai", None, None, False)
    with recorder.tracer.start_as_current_span("the caller's own"):
        op.context = trace.set_span_in_context(trace.get_current_span())
    held = op.span = recorder.tracer.start_span("theirs")
    op.neighbour = "somebody"
    log.end(op)
    assert ids(held).items() <= records.one().items()
    assert records.spans == [held.get_span_context()]
    assert logbook.event(EVENT).span_id == held.get_span_context().span_id


# --- OpenTelemetry


@pytest.mark.parametrize("listened", [True, False], ids=["with handlers", "alone"])
def test_a_log_record_of_opentelemetry(listened: bool, simulator: Simulator, records: Records) -> None:
    if not listened:
        leave_only()
    logbook = Logbook()
    with instrumented(logger_provider=logbook.provider) as recorder:
        chat(simulator)
    record = logbook.event(EVENT)
    assert (record.severity_number.value, record.severity_text) == (9, "INFO" if STRUCTURED else None)
    assert {"trace_id": f"{record.trace_id:032x}", "span_id": f"{record.span_id:016x}"} == ids(recorder.span())
    attributes = attributes_of(record)
    assert not {"trace_id", "span_id"} & attributes.keys()
    assert attributes["genscope.output.length"] == len(REPLY)
    assert attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert len(records.records) == listened
    if listened:
        assert attributes.keys() == records.one().keys() - {"trace_id", "span_id", "event.name"}


def test_a_failure_as_a_log_record_of_opentelemetry(simulator: Simulator) -> None:
    leave_only()
    logbook = Logbook()
    with instrumented(logger_provider=logbook.provider), pytest.raises(openai.BadRequestError):
        chat(simulator, "context_length")
    record = logbook.event(EVENT)
    assert (record.severity_number.value, record.severity_text) == (13, "WARN" if STRUCTURED else None)


def opentelemetry_handler(logbook: Logbook, kind: type[Any] = LoggingHandler, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it moves to a package of its own
        return kind(logger_provider=logbook.provider, **options)


class Theirs(LoggingHandler):
    """A vendor's."""


def behind_a_buffer(handler: logging.Handler) -> logging.Handler:
    return logging.handlers.MemoryHandler(1, target=handler)


@pytest.fixture
def on_root() -> Iterator[Callable[[logging.Handler], logging.Handler]]:
    added: list[logging.Handler] = []

    def add(handler: logging.Handler) -> logging.Handler:
        logging.getLogger().addHandler(handler)
        added.append(handler)
        return handler

    yield add
    for handler in added:
        logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("wrap", [lambda handler: handler, behind_a_buffer], ids=["direct", "buffered"])
@pytest.mark.parametrize("kind", [LoggingHandler, Theirs])
def test_a_handler_of_opentelemetry_makes_the_only_record(
    kind: type[Any], wrap: Any, simulator: Simulator, records: Records, on_root: Any
) -> None:
    logbook = Logbook()
    on_root(wrap(opentelemetry_handler(logbook, kind)))
    with instrumented(logger_provider=logbook.provider) as recorder:
        chat(simulator)
    ours = [record for record in logbook.records if record.attributes.get("gen_ai.request.model")]
    (record,) = ours
    assert re.fullmatch(r"chat gpt-4o-mini \S+ m?s, 23 -> 7 tokens, stop", record.body)
    assert record.attributes["genscope.output.length"] == len(REPLY)
    assert record.span_id == recorder.span().context.span_id  # type: ignore[union-attr]
    records.one()


def test_a_handler_of_opentelemetry_behind_a_queue(simulator: Simulator, on_root: Any) -> None:
    """As `dictConfig` joins them since Python 3.12."""
    logbook = Logbook()
    handler: Any = logging.handlers.QueueHandler(queue.SimpleQueue())
    handler.listener = logging.handlers.QueueListener(handler.queue, opentelemetry_handler(logbook))
    on_root(handler)
    handler.listener.start()
    try:
        with instrumented(logger_provider=logbook.provider):
            chat(simulator)
    finally:
        handler.listener.stop()
    assert len([record for record in logbook.records if record.attributes.get("gen_ai.request.model")]) == 1


def test_a_handler_by_the_package_of_its_own(
    simulator: Simulator, on_root: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told by its name: neither that package nor the SDK is imported for it."""
    kind = type("LoggingHandler", (Records,), {"__module__": "opentelemetry.instrumentation.logging.handler"})
    logbook, handler = Logbook(), kind()
    on_root(handler)
    with instrumented(logger_provider=logbook.provider):
        chat(simulator)
    assert logbook.records == []
    handler.one()


@pytest.mark.parametrize("why", ["level", "propagate", "name"])
def test_a_handler_that_does_not_get_it_makes_none(why: str, simulator: Simulator, on_root: Any) -> None:
    logbook, theirs = Logbook(), Logbook()
    kind = type("LoggingHandler", (Records,), {"__module__": "app.opentelemetry"}) if why == "name" else None
    on_root(kind() if kind else opentelemetry_handler(theirs, level=logging.ERROR if why == "level" else 0))
    logging.getLogger(NAME).propagate = why != "propagate"
    with instrumented(logger_provider=logbook.provider):
        chat(simulator)
    assert name_of(logbook.event(EVENT)) == EVENT
    assert [record for record in theirs.records if record.attributes.get("gen_ai.request.model")] == []


def test_attributes_are_such_as_opentelemetry_takes(
    simulator: Simulator, caplog: pytest.LogCaptureFixture, records: Records
) -> None:
    class Odd(genscope.Stage):
        def end(self, op: Operation) -> None:
            op.request["seed"] = None  # type: ignore[assignment]
            op.request["stop_sequences"] = [{"a": 1}]  # type: ignore[list-item]
            op.response["status"] = {"a": 1}  # type: ignore[assignment]
            op.request["max_tokens"] = 7

    logbook = Logbook()
    with instrumented(logger_provider=logbook.provider), pytest.raises(openai.BadRequestError):
        chat(simulator, "context_length")
    log = call_log.CallLog(call_log.EventLog(logbook.provider))
    op = Operation("chat", "openai", "host", None, False)
    Odd().end(op)
    log.end(op)
    assert not [record for record in caplog.records if record.name.startswith("opentelemetry")]
    names = attributes_of(logbook.records[-1]).keys()
    assert names >= {"gen_ai.request.max_tokens", "server.address", "genscope.duration"}
    assert not names & {"gen_ai.request.seed", "gen_ai.request.stop_sequences", "gen_ai.response.status", "server.port"}


# --- who listens, and at which level


@pytest.fixture
def nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made: list[Any] = []
    for name in ("fingerprint", "request_attributes", "question_excerpt", "_sentence"):
        monkeypatch.setattr(call_log, name, lambda *_: made.append(_))
    yield
    assert made == []


SILENCES: dict[str, Callable[[logging.Logger], Any]] = {
    "level": lambda logger: logger.setLevel(logging.WARNING),
    "level above": lambda logger: logging.getLogger("genscope").setLevel(logging.ERROR),
    "disabled": lambda logger: setattr(logger, "disabled", True),
    "all disabled": lambda logger: logging.disable(logging.CRITICAL),
    "handlers above": lambda logger: leave_only(Records(logging.WARNING)),
}


@pytest.mark.usefixtures("nothing_is_made")
@pytest.mark.parametrize("name", SILENCES)
def test_what_nobody_wants_is_not_made(name: str, simulator: Simulator, records: Records) -> None:
    SILENCES[name](logging.getLogger(NAME))
    logbook = Logbook()
    provider = {} if name == "handlers above" else {"logger_provider": logbook.provider}
    with instrumented(**provider) as recorder:
        chat(simulator)
    assert recorder.span()
    assert records.records == logbook.records == []


@pytest.mark.usefixtures("nothing_is_made")
@pytest.mark.parametrize("handlers", [(), (logging.NullHandler(),)], ids=["none", "null"])
def test_without_anybody_calls_pass_by(
    handlers: Any, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: list[Any] = []
    monkeypatch.setattr("genscope.core.call.Call.begin", lambda *_: begun.append(_))
    leave_only(*handlers)
    with instrumented(tracer_provider=None, meter_provider=None):
        chat(simulator)
        with pytest.raises(openai.BadRequestError):
            chat(simulator, "context_length")
    assert begun == []
    assert capsys.readouterr().err == ""


def test_the_last_resort_of_logging_is_none_of_ours(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    leave_only()
    logbook = Logbook()
    with instrumented(logger_provider=logbook.provider), pytest.raises(openai.BadRequestError):
        chat(simulator, "context_length")
    assert logbook.event(EVENT)
    assert capsys.readouterr().err == ""


def test_a_level_of_the_application_is_kept(simulator: Simulator, records: Records) -> None:
    logging.getLogger(NAME).setLevel(logging.WARNING)
    with instrumented():
        chat(simulator)
        with pytest.raises(openai.BadRequestError):
            chat(simulator, "context_length")
    assert [record.levelname for record in records.records] == ["WARNING"]
    assert logging.getLogger(NAME).level == logging.WARNING


def test_failures_are_logged_where_nothing_else_is(simulator: Simulator, records: Records) -> None:
    logging.getLogger(NAME).setLevel(logging.WARNING)
    with instrumented(tracer_provider=None, meter_provider=None), pytest.raises(openai.BadRequestError):
        chat(simulator, "context_length")
    assert records.one()["genscope.error.kind"] == "context_length"


def test_the_level_of_the_root_is_for_other_lines(simulator: Simulator, records: Records) -> None:
    assert logging.getLogger().level == logging.WARNING
    with instrumented():
        chat(simulator)
    records.one()
    assert logging.getLogger(NAME).handlers == []


def test_dict_config_may_come_later(simulator: Simulator, on_root: Any) -> None:
    """It disables the loggers that it finds and does not name: ours is not there yet."""
    code = f"""
import logging.config, openai, genscope
genscope.instrument(call_log=True, raise_faults=True)
logging.config.dictConfig({{
    "version": 1,
    "formatters": {{"json": {{"()": "genscope.JsonFormatter"}}}},
    "handlers": {{"out": {{"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}}}},
    "root": {{"handlers": ["out"], "level": "WARNING"}},
}})
client = openai.OpenAI(api_key="k", base_url={simulator.base_url()!r})
client.chat.completions.create(model="gpt-4o-mini", messages=[{{"role": "user", "content": "Hello"}}])
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.stderr == ""
    (said,) = [one for one in map(json.loads, ran.stdout.splitlines()) if one["logger"] == NAME]
    assert (said["level"], said["genscope.output.length"]) == ("INFO", len(REPLY))


def test_no_record_unasked(simulator: Simulator, records: Records) -> None:
    with instrumented(call_log=False):
        chat(simulator)
    assert records.records == []


# --- faults of the application's


class Broken(logging.Handler):
    def handle(self, record: logging.LogRecord) -> bool:
        raise RuntimeError("no")


def broken_filter(record: logging.LogRecord) -> bool:
    raise RuntimeError("no")


@pytest.mark.parametrize("raises", [True, False], ids=["raiseExceptions", "quiet"])
@pytest.mark.parametrize("what", ["handler", "filter", "factory"])
def test_what_breaks_is_no_fault_of_the_call(
    what: str, raises: bool, simulator: Simulator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", raises)
    logger, logbook = logging.getLogger(NAME), Logbook()
    if what == "handler":
        logger.addHandler(Broken())
    elif what == "filter":
        logger.addFilter(broken_filter)
    else:
        monkeypatch.setattr(logger, "makeRecord", broken_filter)
    with instrumented(raise_faults=False, logger_provider=logbook.provider) as recorder:
        answer = chat(simulator)
        list(chat(simulator, stream=True))
    monkeypatch.undo()
    assert answer.choices[0].message.content == REPLY
    assert len(recorder.ended) == 2
    assert trace.get_current_span() is trace.INVALID_SPAN
    said = [record.getMessage() for record in caplog.records if record.name == "genscope" and "CallLog" in record.msg % record.args]  # noqa: E501 # fmt: skip
    assert len(said) == 1
    assert "the call is not affected" in said[0]
    assert len(logbook.records) == (2 if what == "handler" else 0)  # OpenTelemetry has it all the same


def test_a_handler_whose_emit_breaks(
    simulator: Simulator, records: Records, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    stream.close()
    logging.getLogger(NAME).addHandler(logging.StreamHandler(stream))
    monkeypatch.setattr(logging, "raiseExceptions", False)
    with instrumented():
        chat(simulator)
    records.one()


def test_a_handler_that_is_none(simulator: Simulator) -> None:
    seen: list[Operation] = []

    class Seeing(genscope.Stage):
        def end(self, op: Operation) -> None:
            seen.append(op)

    logger = logging.getLogger(NAME)
    logger.handlers.append(object())  # type: ignore[arg-type]
    with instrumented(raise_faults=False, tracer_provider=None, meter_provider=None, stages=[Seeing()]):
        assert chat(simulator).choices[0].message.content == REPLY
    logger.handlers.clear()
    assert len(seen) == 1


def test_a_handler_that_calls_a_model(simulator: Simulator, records: Records) -> None:
    """Its calls have spans; a record of them would be one more call, and so on."""

    class Summary(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name == NAME:
                chat(simulator, model="gpt-4o")

    logging.getLogger(NAME).addHandler(Summary())
    with instrumented() as recorder:
        chat(simulator)
        chat(simulator)
    assert sorted(span.name for span in recorder.spans()) == ["chat gpt-4o"] * 2 + ["chat gpt-4o-mini"] * 2
    assert [fields_of(record)["gen_ai.request.model"] for record in records.records] == ["gpt-4o-mini"] * 2


def test_a_filter_drops_and_changes_it_everywhere(simulator: Simulator, records: Records) -> None:
    def censor(record: logging.LogRecord) -> bool:
        vars(record).pop("genscope.input.excerpt", None)
        vars(record)["genscope.output.excerpt"] = "cut"
        return vars(record)["gen_ai.request.model"] != "gpt-4o"

    logbook = Logbook()
    logging.getLogger(NAME).addFilter(censor)
    with instrumented(logger_provider=logbook.provider, capture_message_content="SPAN_ONLY"):
        chat(simulator)
        chat(simulator, model="gpt-4o")
    for found in (records.one(), attributes_of(logbook.event(EVENT))):
        assert found["genscope.output.excerpt"] == "cut"
        assert "genscope.input.excerpt" not in found


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a filter could not replace a record")
def test_a_filter_may_put_another_record_in_its_place(simulator: Simulator, records: Records) -> None:
    def replaced(record: logging.LogRecord) -> Any:
        other = logging.makeLogRecord(vars(record))
        vars(other)["genscope.output.length"] = 7
        return other

    logbook = Logbook()
    logging.getLogger(NAME).addFilter(replaced)
    with instrumented(logger_provider=logbook.provider):
        chat(simulator)
    assert records.one()["genscope.output.length"] == 7
    assert attributes_of(logbook.event(EVENT))["genscope.output.length"] == 7


def test_an_unknown_opentelemetry_leaves_logging(
    simulator: Simulator, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(log: Any, provider: Any) -> None:
        raise ImportError("a release of OpenTelemetry that nobody knows yet")

    monkeypatch.setattr("genscope.telemetry.events.EventLog.__init__", broken)
    with instrumented():
        chat(simulator)
    assert records.one()["genscope.output.length"] == len(REPLY)


# --- as JSON


def line(record: logging.LogRecord) -> dict[str, Any]:
    formatted = genscope.JsonFormatter().format(record)
    assert formatted.splitlines() == [formatted]
    found: dict[str, Any] = json.loads(formatted)
    return found


def made(message: Any = "hello %s", *args: Any, level: int = logging.INFO, exc_info: Any = None, **extra: Any) -> Any:
    record = logging.LogRecord("app", level, "app.py", 7, message, args, exc_info)
    vars(record).update(extra)
    return record


def test_a_line_of_json() -> None:
    record = made("hello %s", "world", user="ada", count=3, tags=("a", "b"), nested={"a": [1, None]})
    found = line(record)
    moment = datetime.fromisoformat(found.pop("timestamp").replace("Z", "+00:00"))
    assert moment == datetime.fromtimestamp(record.created, timezone.utc)
    assert found == {
        "level": "INFO",
        "logger": "app",
        "message": "hello world",
        "user": "ada",
        "count": 3,
        "tags": ["a", "b"],
        "nested": {"a": [1, None]},
    }


def test_a_line_has_the_exception_and_the_stack() -> None:
    try:
        raise ValueError("wrong\u2028line")
    except ValueError:
        record = made("oh", level=logging.ERROR, exc_info=sys.exc_info())
    record.stack_info = "Stack (most recent call last):\n  ..."
    found = line(record)
    assert found["exception"].startswith("Traceback (most recent call last):\n")
    assert found["exception"].endswith("ValueError: wrong\u2028line")
    assert found["stack"].startswith("Stack")


def test_an_extra_with_a_name_of_ours() -> None:
    found = line(made("x", logger="mine", timestamp=1))
    assert (found["logger"], found["extra.logger"], found["extra.timestamp"]) == ("app", "mine", 1)


class Rude:
    def __repr__(self) -> str:
        raise RuntimeError(CANARY)

    __str__ = __repr__


class RudeError(Exception):
    def __str__(self) -> str:
        raise RuntimeError(CANARY)


def looped() -> Any:
    found: list[Any] = []
    found.append(found)
    return found


ODD_RECORDS: dict[str, Callable[[], Any]] = {
    "arguments that do not fit": lambda: made("%d %d", "x"),
    "a message that cannot be written": lambda: made(Rude()),
    "arguments that cannot be written": lambda: made("%s", Rude()),
    "an exception that cannot be written": lambda: made("x", exc_info=(RudeError, RudeError(), None)),
    "no exception": lambda: made("x", exc_info=True),
    "nothing to see": lambda: made("x", exc_info=(None, None, None)),
    "extras": lambda: made(
        "x", a=Rude(), b=looped(), c={1: 2, None: 3}, d=float("nan"), e=10**6000, f=b"x", g="\ud800"
    ),
    "time": lambda: made("x", created=float("inf")),
    "no time": lambda: made("x", created=None),
    "level": lambda: made("x", levelname=Rude(), name=Rude()),
    "size": lambda: made("x" * 10_000_000, a=["y" * 1000] * 10_000),
    "a name": lambda: made("x", **{"a\nb": 1, "": 2}),
}


@pytest.mark.parametrize("name", ODD_RECORDS)
def test_a_line_of_whatever_is_logged(name: str) -> None:
    found = line(ODD_RECORDS[name]())
    assert CANARY not in json.dumps(found)
    assert len(json.dumps(found)) < 600_000


def test_a_line_has_no_more_than_its_bytes() -> None:
    formatted = genscope.JsonFormatter().format(made("é" * 1_000_000))
    assert len(formatted.encode()) <= genscope.JsonFormatter.max_bytes
    assert json.loads(formatted)["level"] == "INFO"


def test_the_formatter_of_an_application(simulator: Simulator) -> None:
    """By `dictConfig`, for all of its lines."""
    output = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": "genscope.JsonFormatter"}},
            "handlers": {"out": {"class": "logging.StreamHandler", "stream": output, "formatter": "json"}},
            "root": {"handlers": ["out"], "level": "WARNING"},
        }
    )
    try:
        with instrumented() as recorder:
            chat(simulator, stream=True)
        logging.getLogger("app").warning("careful: %s", "wet", extra={"floor": 3})
    finally:
        root.handlers[:], root.level = handlers, level
    lines = map(json.loads, output.getvalue().splitlines())
    ours, theirs = (one for one in lines if one["logger"] in (NAME, "app"))
    assert ids(recorder.span()).items() <= ours.items()
    assert ours["gen_ai.response.finish_reasons"] == ["stop"]
    assert ours["event.name"] == EVENT
    assert (theirs["logger"], theirs["message"], theirs["floor"]) == ("app", "careful: wet", 3)


def test_the_formatter_by_a_file(tmp_path: Path) -> None:
    """`fileConfig` makes it with a format, which it has no use for."""
    file = tmp_path / "logging.ini"
    file.write_text(
        "[loggers]\nkeys=root\n[handlers]\nkeys=\n[formatters]\nkeys=json\n[logger_root]\nhandlers=\n"
        "[formatter_json]\nclass=genscope.JsonFormatter\nformat=%(message)s\n"
    )
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        logging.config.fileConfig(file, disable_existing_loggers=False)
    finally:
        logging.getLogger().handlers[:], logging.getLogger().level = handlers, level
    assert json.loads(genscope.JsonFormatter("%(message)s", None, "%").format(made("x")))["message"] == "x"


# --- without a line of code

APP = """
import openai
client = openai.OpenAI(api_key="k")
client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "canary-b7e2-9f41"}])
"""


@pytest.mark.parametrize("handler", ["false", "true"], ids=["no handler", "handler"])
def test_opentelemetry_instrument_shows_it(handler: str, simulator: Simulator) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "OPENAI_BASE_URL": simulator.base_url(),
        "NO_PROXY": "127.0.0.1",
        "GENSCOPE_CALL_LOG": "true",
        "GENSCOPE_RAISE_FAULTS": "true",
        "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": handler,
        "OTEL_TRACES_EXPORTER": "console",
        "OTEL_METRICS_EXPORTER": "none",
    }
    command = ["opentelemetry-instrument", "--logs_exporter", "console", sys.executable, "-c", APP]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert CANARY not in ran.stdout + ran.stderr
    shown = list(json_objects(ran.stdout))
    (span,) = [one for one in shown if "context" in one]
    (record,) = [one for one in shown if "genscope.output.length" in (one["attributes"] or ())]
    assert record["attributes"]["gen_ai.response.model"] == "gpt-4o-mini-2024-07-18"
    assert record["trace_id"] == span["context"]["trace_id"]
    assert record["span_id"] == span["context"]["span_id"]


def json_objects(text: str) -> Iterator[dict[str, Any]]:
    at = text.find("{")
    while at >= 0:
        found, at = json.JSONDecoder().raw_decode(text, at)
        yield found
        at = text.find("{", at)


def test_nothing_is_imported_for_it_unasked() -> None:
    code = "import sys, genscope; genscope.instrument(); print(*[m for m in sys.modules if m.startswith('genscope.')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    loaded = ran.stdout.split()
    assert "genscope.assembly" in loaded, ran.stderr
    unwanted = {"genscope.telemetry.call_log", "genscope.telemetry.json_formatter", "genscope.core.fingerprint"}
    assert not unwanted & set(loaded)


def test_the_formatter_is_a_public_name() -> None:
    module: ModuleType = import_module("genscope.telemetry.json_formatter")
    assert genscope.JsonFormatter is module.JsonFormatter
    assert "JsonFormatter" in genscope.__all__
