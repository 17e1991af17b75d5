"""What an application of some kind leaves behind: calls of all kinds, an agent, a conversation, trouble."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from store.samples import DESK, SECOND, SHOP, span_id, trace_id

from genscope import semconv
from genscope.local.store.records import Event, LogRecord, SpanRecord

NOW = (time.time_ns() // (3600 * SECOND)) * 3600 * SECOND - 3600 * SECOND
"""An hour ago, at the beginning of an hour: all that the story tells is in the same one."""


def text(role: str, said: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": said}]}


def asks(id: str, name: str, **arguments: Any) -> dict[str, Any]:
    return {"role": "assistant", "parts": [{"type": "tool_call", "id": id, "name": name, "arguments": arguments}]}


def answers(id: str, said: Any) -> dict[str, Any]:
    return {"role": "tool", "parts": [{"type": "tool_call_response", "id": id, "response": said}]}


def span(trace: int, number: int, name: str, begin: float, took: float, parent: int | None = 0, **about: Any) -> Any:
    """`begin` and `took` in seconds, the former after the beginning of the trace."""
    attributes: Mapping[str, Any] = about.pop("attributes", {})
    start = NOW + trace * 10 * SECOND + round(begin * SECOND)
    values: dict[str, Any] = {
        "trace_id": trace_id(trace),
        "span_id": span_id(trace * 100 + number),
        "parent_id": None if parent is None else span_id(trace * 100 + parent),
        "name": name,
        "kind": "internal",
        "start_ns": start,
        "end_ns": start + round(took * SECOND),
        "source": SHOP,
        "attributes": attributes,
    }
    return SpanRecord(**values | about)


def call(trace: int, number: int, begin: float, took: float, parent: int | None = 0, **about: Any) -> SpanRecord:
    """Of gpt-4o-mini, with usage; `given` and `got` are its messages."""
    model = about.pop("model", "gpt-4o-mini")
    said = {semconv.INPUT_MESSAGES: about.pop("given", None), semconv.OUTPUT_MESSAGES: about.pop("got", None)}
    attributes = {
        semconv.OPERATION_NAME: "chat",
        semconv.PROVIDER_NAME: "openai",
        semconv.REQUEST_MODEL: model,
        semconv.RESPONSE_FINISH_REASONS: ("stop",),
        semconv.USAGE["input_tokens"]: 120,
        semconv.USAGE["output_tokens"]: 40,
        semconv.COST_AMOUNT: 0.000042,
        semconv.COST_CURRENCY: "USD",
        **{name: json.dumps(value) for name, value in said.items() if value is not None},
        **about.pop("attributes", {}),
    }
    about = {"name": f"chat {model}", "kind": "client", **about}
    left = {name: value for name, value in attributes.items() if value is not None}
    return span(trace, number, begin=begin, took=took, parent=parent, attributes=left, **about)


ADA = {semconv.USER_ID: "ada", semconv.CONVERSATION_ID: "paris-trip"}
SYSTEM = text("system", "You are a guide.")
WEATHER = text("user", "How is the weather in Paris?")
ASKED = asks("call_1", "get_weather", city="Paris")
ANSWERED = answers("call_1", {"degrees": 18})
SUNNY = text("assistant", "It is sunny.")


def agent() -> list[SpanRecord]:
    """Trace 1: a workflow, a retrieval, an agent of two turns with a tool between them, the second one streamed."""
    flow = {semconv.OPERATION_NAME: "invoke_workflow", semconv.WORKFLOW_NAME: "answer", **ADA}
    guide = {semconv.OPERATION_NAME: "invoke_agent", semconv.AGENT_NAME: "guide", **ADA}
    search = {semconv.OPERATION_NAME: "retrieval", semconv.RETRIEVAL_QUERY: "weather"}
    tool = {
        semconv.OPERATION_NAME: "execute_tool",
        semconv.TOOL_NAME: "get_weather",
        semconv.TOOL_CALL_ID: "call_1",
        semconv.TOOL_CALL_ARGUMENTS: '{"city": "Paris"}',
        semconv.TOOL_CALL_RESULT: '{"degrees": 18}',
    }
    streamed = {
        semconv.TIME_TO_FIRST_TOKEN: 0.5,
        semconv.STREAM_OUTCOME: "completed",
        semconv.USAGE["cache_read_input_tokens"]: 100,
        semconv.USAGE["reasoning_output_tokens"]: 12,
        **ADA,
    }
    thinks = {"role": "assistant", "parts": [{"type": "reasoning", "content": "The tool says 18."}, *SUNNY["parts"]]}
    return [
        span(1, 0, "invoke_workflow answer", 0, 4, None, attributes=flow),
        span(1, 1, "retrieval guides", 0.1, 0.1, attributes=search),
        span(1, 2, "invoke_agent guide", 0.2, 3.8, attributes=guide),
        call(1, 3, 0.4, 1.0, 2, given=[SYSTEM, WEATHER], got=[ASKED], attributes=ADA),
        span(1, 4, "execute_tool get_weather", 1.5, 0.4, 2, attributes=tool),
        call(1, 5, 2, 2, 2, given=[SYSTEM, WEATHER, ASKED, ANSWERED], got=[thinks], attributes=streamed),
    ]


def later() -> list[SpanRecord]:
    """Trace 2: the conversation goes on, elsewhere."""
    before = [SYSTEM, WEATHER, ASKED, ANSWERED, SUNNY]
    question, answer = text("user", "And tomorrow?"), text("assistant", "Rain, they say.")
    return [call(2, 0, 0, 1, None, given=[*before, question], got=[answer], attributes=ADA, source=DESK)]


def trouble() -> list[SpanRecord]:
    """Trace 3: a call with retries, one that failed, one that was refused, one that was stopped early."""
    retried = {
        semconv.RETRY_ATTEMPTS: 3,
        semconv.RETRY_KINDS: ("rate_limit", "overloaded"),
        semconv.RETRY_STATUSES: (429, 503),
        semconv.RETRY_DELAYS: (0.4, 0.8),
    }
    failed = {semconv.ERROR_KIND: "context_length", semconv.ERROR_TYPE: "context_length_exceeded"}
    nothing = {semconv.USAGE[name]: None for name in ("input_tokens", "output_tokens")}
    nothing |= {semconv.COST_AMOUNT: None, semconv.RESPONSE_FINISH_REASONS: None}
    told = {semconv.EXCEPTION_TYPE: "openai.BadRequestError", semconv.EXCEPTION_MESSAGE: "The prompt is too long."}
    left = {
        semconv.STREAM_OUTCOME: "abandoned",
        semconv.TIME_TO_FIRST_TOKEN: 1.9,
        semconv.PROVIDER_NAME: "anthropic",
    }
    image = {"type": "uri", "modality": "image", "mime_type": "image/png", "uri": "https://images.example/cat.png"}
    return [
        span(3, 0, "meet trouble", 0, 6, None),
        call(3, 1, 0, 2, attributes=retried),
        call(
            3, 2, 2.5, 0.1, model="gpt-4o", status="error", given=[text("user", "a very long prompt")],
            attributes={**failed, **nothing}, events=(Event("exception", NOW, told),),
        ),
        call(3, 3, 3, 1, attributes={semconv.RESPONSE_DEFECT: ("refused",), semconv.USER_ID: "grace"}),
        call(
            3, 4, 4, 2, model="claude-haiku-4-5", given=[{"role": "user", "parts": [image]}],
            attributes=left,
        ),
    ]  # fmt: skip


def verdict() -> LogRecord:
    """On the last call of the agent."""
    said = {
        semconv.EVALUATION_NAME: "faithfulness",
        semconv.EVALUATION_SCORE: 0.75,
        semconv.EVALUATION_LABEL: "good",
        semconv.EVALUATION_EXPLANATION: "It says what the tool says.",
    }
    return LogRecord(
        time_ns=NOW + 15 * SECOND,
        source=SHOP,
        attributes=said,
        event=semconv.EVALUATION_EVENT,
        trace_id=trace_id(1),
        span_id=span_id(105),
    )


def all_of_it() -> list[SpanRecord]:
    return [*agent(), *later(), *trouble()]
