"""The columns that are taken out of attributes. To add one is a row here, with the next `VERSION` of the schema.

Files of an older version get the column when they are next written to, and it is filled from the attributes there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from genscope import semconv
from genscope.local.store.json_text import as_json, clean
from genscope.local.store.records import Attributes

VERSION: Final = 3
"""Of the schema; `PRAGMA user_version` of the file."""

SERVICE: Final = "service.name"
"""Attribute of a resource."""

CALLS: Final = semconv.INFERENCE | {"embeddings"}
"""Operations that are calls to a model, each on the bill by itself."""

JUDGING: Final = "judge"
"""The purpose of calls that judge the answers of others."""

CONTENT: Final = (
    semconv.INPUT_MESSAGES,
    semconv.OUTPUT_MESSAGES,
    semconv.SYSTEM_INSTRUCTIONS,
    semconv.TOOL_DEFINITIONS,
    semconv.TOOL_CALL_ARGUMENTS,
    semconv.TOOL_CALL_RESULT,
    semconv.RETRIEVAL_QUERY,
    semconv.RETRIEVAL_DOCUMENTS,
    semconv.CALL_ARGUMENTS,
    semconv.CALL_RESULT,
)
"""Attributes that hold what was said: in a column of their own, as JSON and not as texts of JSON."""

_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of SQL, and how a value of an attribute becomes one of its values; None for what it cannot be."""

    sql: str
    read: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """`attributes` are tried one after the other; the first that has a value counts."""

    name: str
    kind: Kind
    attributes: Sequence[str]
    means: str
    since: int = 1
    """The version of the schema that has it first."""

    def read(self, attributes: Attributes) -> Any:
        for name in self.attributes:
            if name in attributes and (value := self.kind.read(attributes[name])) is not None:
                return value
        return None


def text(value: Any) -> str | None:
    return clean(value) if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not -_LARGEST <= value <= _LARGEST:
        return None
    return float(value)


def _count(value: Any) -> int | None:
    return int(value) if _number(value) is not None and int(value) == value else None


def _retries(value: Any) -> int | None:
    attempts = _count(value)
    return None if attempts is None else max(attempts - 1, 0)


def _nanoseconds(value: Any) -> int | None:
    seconds = _number(value)
    return None if seconds is None or not 0 <= seconds < 1e9 else round(seconds * 1e9)


def _texts(value: Any) -> str | None:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return None
    return as_json([item for item in cast("Sequence[Any]", value) if isinstance(item, str)])


def _is_call(value: Any) -> int | None:
    return 1 if isinstance(value, str) and value in CALLS else None


TEXT: Final = Kind("TEXT", text)
COUNT: Final = Kind("INTEGER", _count)
NUMBER: Final = Kind("REAL", _number)
RETRIES: Final = Kind("INTEGER", _retries)
SECONDS: Final = Kind("INTEGER", _nanoseconds)
TEXTS: Final = Kind("TEXT", _texts)
CALL: Final = Kind("INTEGER", _is_call)

SPAN_COLUMNS: Final = (
    Column("operation", TEXT, (semconv.OPERATION_NAME, semconv.OUR_OPERATION_NAME), "what it does"),
    Column("is_call", CALL, (semconv.OPERATION_NAME,), "1 for inference and embeddings"),
    Column("provider", TEXT, (semconv.PROVIDER_NAME,), "who answers"),
    Column("model", TEXT, (semconv.REQUEST_MODEL, semconv.RESPONSE_MODEL), "as requested, else as answered"),
    Column("response_model", TEXT, (semconv.RESPONSE_MODEL,), "as answered"),
    Column("input_tokens", COUNT, (semconv.USAGE["input_tokens"],), "all of the input"),
    Column("output_tokens", COUNT, (semconv.USAGE["output_tokens"],), "all of the output"),
    Column("cache_read_tokens", COUNT, (semconv.USAGE["cache_read_input_tokens"],), "part of the input"),
    Column("cache_write_tokens", COUNT, (semconv.USAGE["cache_write_input_tokens"],), "part of the input"),
    Column("reasoning_tokens", COUNT, (semconv.USAGE["reasoning_output_tokens"],), "part of the output"),
    Column("cost", NUMBER, (semconv.COST_AMOUNT,), "what the call cost"),
    Column("currency", TEXT, (semconv.COST_CURRENCY,), "of that cost"),
    Column(
        "ttft_ns",
        SECONDS,
        (semconv.TIME_TO_FIRST_TOKEN, semconv.RESPONSE_TIME_TO_FIRST_CHUNK),
        "to the first content of a stream, else to its first chunk",
    ),
    Column("outcome", TEXT, (semconv.STREAM_OUTCOME,), "how a stream ended"),
    Column("finish_reasons", TEXTS, (semconv.RESPONSE_FINISH_REASONS,), "JSON, one for each choice"),
    Column("error_type", TEXT, (semconv.ERROR_TYPE,), "the provider's code, or the exception's class"),
    Column("error_kind", TEXT, (semconv.ERROR_KIND,), "one word for every provider"),
    Column("retries", RETRIES, (semconv.RETRY_ATTEMPTS,), "attempts after the first"),
    Column("conversation", TEXT, (semconv.CONVERSATION_ID,), "its id"),
    Column("user", TEXT, (semconv.USER_ID,), "for whom"),
    Column("workflow", TEXT, (semconv.WORKFLOW_NAME,), "name, of the workflow's own span"),
    Column("agent", TEXT, (semconv.AGENT_NAME,), "name, of the agent's own span and those of its tools"),
    Column("tool", TEXT, (semconv.TOOL_NAME,), "name, of the tool's own span"),
    Column("content_hash", TEXT, (semconv.CONTENT_HASH,), "the same for the same prompt"),
    Column("purpose", TEXT, (semconv.OUR_OPERATION_NAME,), "of a call, what it is for: `judge`", since=2),
    Column("tenant", TEXT, (semconv.TENANT,), "for whom", since=2),
    Column("defects", TEXTS, (semconv.RESPONSE_DEFECT,), "JSON, what is wrong with an answer that came", since=2),
)

LOG_COLUMNS: Final = (
    Column("evaluation", TEXT, (semconv.EVALUATION_NAME,), "the judge of a verdict"),
    Column("score", NUMBER, (semconv.EVALUATION_SCORE,), "what it gives"),
    Column("label", TEXT, (semconv.EVALUATION_LABEL,), "what it calls that"),
    Column("explanation", TEXT, (semconv.EVALUATION_EXPLANATION,), "why"),
)


def said(attributes: Attributes) -> dict[str, Any]:
    """The part of attributes that is content; a text that is JSON as what it stands for."""
    found: dict[str, Any] = {}
    for name in CONTENT:
        value = attributes.get(name)
        if isinstance(value, str) and value[:1] in ("[", "{"):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):  # cut off somewhere
                pass
        if value is not None:
            found[name] = value
    return found


def unsaid(attributes: Attributes) -> Mapping[str, Any]:
    """All the others."""
    if not any(name in attributes for name in CONTENT):
        return attributes
    return {name: value for name, value in attributes.items() if name not in CONTENT}
