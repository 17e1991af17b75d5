"""Exceptions and reported errors -> `Failure`: one small vocabulary of kinds for every SDK.

SDKs are known here by the shape of their exceptions only (`status_code`, `code`, `body`, `response`, class names):
none is imported. Names and codes: https://platform.openai.com/docs/guides/error-codes,
https://learn.microsoft.com/azure/ai-services/openai/how-to/content-filters, https://docs.anthropic.com/en/api/errors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from genscope.core.error_words import BY_CLASS, BY_CODE, BY_GENERAL_CODE, BY_PROSE, BY_STATUS, plain
from genscope.core.operation import Failure, ProviderError

KINDS: Final = (
    "rate_limit",
    "quota",
    "timeout",
    "connection",
    "authentication",
    "permission",
    "model_not_found",
    "context_length",
    "content_filter",
    "invalid_request",
    "overloaded",
    "server_error",
    "cancelled",
    "invalid_response",
    "budget_exceeded",
    "unknown",
)
"""Values of `genscope.error.kind`. `unknown` is an exception that says nothing we understand: it is not guessed at."""

_OTHER: Final = "_OTHER"
"""OpenTelemetry's `error.type` of an error without a name."""

RETRYABLE: Final = frozenset({"rate_limit", "timeout", "connection", "overloaded", "server_error"})

_NO_REPORTS: Final = frozenset({"APIResponseValidationError", "SystemExit"})
"""Exceptions whose `body` or `code` is no provider's error: the answer that was not understood, an exit status."""

_REQUEST_ID_HEADERS: Final = ("x-request-id", "request-id", "apim-request-id")
_CODE: Final = re.compile(r"[\w.:/+=-]{1,64}", re.ASCII)


def classify(error: BaseException) -> Failure:
    """What an exception raised by an SDK means. Never raises, whatever the exception's attributes do."""
    status = _status(error)
    reported = _reported(error)
    kind = _kind(reported, status, error)
    return Failure(
        kind=kind,
        type=_type(reported) or _text(type(error).__name__) or _OTHER,
        # 409: the SDKs retry a lock conflict, https://github.com/openai/openai-python#retries
        retryable=kind in RETRYABLE or status == 409,
        status=status,
        request_id=_request_id(error),
        exception=error,
    )


def classify_reported(error: ProviderError) -> Failure:
    """What an error inside an answer means: an `error` event of a stream, a response with status `failed`."""
    reported = ProviderError(code=_text(error.code), type=_text(error.type))
    kind = _kind(reported, None)
    return Failure(kind=kind, type=_type(reported) or _OTHER, retryable=kind in RETRYABLE)


def kind_of_status(status: int) -> str:
    """What an HTTP status of 400 or more means by itself."""
    return BY_STATUS.get(status) or ("server_error" if status >= 500 else "invalid_request")


def rejected_answer(error: BaseException) -> Any:
    """The answer that an SDK received, paid for and rejected: openai's `parse` raises when it was cut or filtered."""
    return _attribute(error, "completion")


def _kind(reported: ProviderError, status: int | None, error: BaseException | None = None) -> str:
    if status == 413:  # whatever the code: Groq's is that of a rate limit
        return "context_length"
    kind = _kind_of_prose(status, error) or _look_up(BY_CODE, reported)
    if kind is not None:
        return kind
    if status is None or status < 400:  # in the middle of a stream: OpenRouter and vLLM put it into the code
        status = int(reported.code) if reported.code and re.fullmatch("[45]..", reported.code) else 0
    if status >= 400:
        if status == 404 and plain(_type(reported) or "") == "notfounderror":
            return "model_not_found"  # Anthropic, vLLM and Ollama have no code of its own for a model
        return kind_of_status(status)
    kind = _look_up(BY_GENERAL_CODE, reported)
    if kind is not None:
        return kind
    for cls in type(error).__mro__:
        kind = BY_CLASS.get(cls.__name__)
        if kind is not None:
            return kind
    return "unknown"


def _kind_of_prose(status: int | None, error: BaseException | None) -> str | None:
    """By how a message begins, where providers have no code for it, or one that says something else."""
    if error is None or status not in (400, 429):
        return None
    try:
        said = _error_object(error)
        message = cast("Mapping[str, Any]", said).get("message") if isinstance(said, Mapping) else None
    except Exception:  # as with codes: a body is whatever the server sent
        return None
    if not isinstance(message, str):
        return None
    return next((kind for kind, beginning in BY_PROSE.items() if beginning.match(message)), None)


def _look_up(table: Mapping[str, str], reported: ProviderError) -> str | None:
    for code in (reported.code, reported.type):
        kind = table.get(plain(code)) if code else None
        if kind is not None:
            return kind
    return None


def _type(reported: ProviderError) -> str | None:
    """The provider's own word for an error: a number says less than the type beside it."""
    code = reported.code
    return reported.type or code if code is None or code.isdecimal() else code


def _reported(error: BaseException) -> ProviderError:
    """The provider's code and type: from the exception's own attributes, else from the body of the answer."""
    if any(cls.__name__ in _NO_REPORTS for cls in type(error).__mro__):
        return ProviderError()
    found = ProviderError(code=_text(_attribute(error, "code")), type=_text(_attribute(error, "type")))
    if found.code is None or found.type is None:
        try:
            said = _error_object(error)
            if isinstance(said, Mapping):
                said = cast("Mapping[str, Any]", said)
                status = said.get("status")
                found.code = found.code or _text(said.get("code")) or _text(_cause(said.get("details")))
                found.type = found.type or _text(said.get("type")) or _text(status if isinstance(status, str) else None)
            else:
                found.code = found.code or _text(said)  # OAuth: {"error": "invalid_grant"}
        except Exception:  # a body is whatever the server sent, read by whatever the SDK reads with
            pass
    return found


def _cause(details: Any) -> Any:
    """Anthropic's code: its `type` is one of few. https://docs.claude.com/en/api/errors#error-shapes"""
    return cast("Mapping[str, Any]", details).get("error_code") if isinstance(details, Mapping) else None


def _error_object(error: BaseException) -> Any:
    """What the provider says about an error: the body of its answer, or what that has under `error`."""
    body = _attribute(error, "body")
    if not isinstance(body, (Mapping, list)):
        body = _body(_attribute(error, "response"))
    if isinstance(body, list) and body:  # Gemini
        body = cast("list[Any]", body)[0]
    if not isinstance(body, Mapping):
        return None
    body = cast("Mapping[str, Any]", body)
    return body.get("error") or body


def _body(response: Any) -> Any:
    """JSON of an answer that has been read already; nothing is read for us."""
    try:
        return json.loads(response.content)
    except Exception:  # no response, not read, closed, not JSON: all the same, there is no body to look at
        return None


def _status(error: BaseException) -> int | None:
    for holder in (error, _attribute(error, "response")):
        status = _attribute(holder, "status_code")
        if isinstance(status, int) and 100 <= status <= 599:
            return int(status)
    return None


def _request_id(error: BaseException) -> str | None:
    found = _text(_attribute(error, "request_id"))
    if found is None:
        headers = _attribute(_attribute(error, "response"), "headers")
        try:
            found = next(filter(None, (_text(headers.get(name)) for name in _REQUEST_ID_HEADERS)), None)
        except Exception:  # no answer, no headers
            pass
    return found


def _attribute(holder: Any, name: str) -> Any:
    try:
        return getattr(holder, name, None)
    except Exception:  # foreign exceptions may have properties that raise, httpx's `request` among them
        return None


def _text(value: Any) -> str | None:
    """A code is a short identifier: what is longer is prose, may quote the prompt, and would be a label of a metric."""
    if type(value) is int:
        value = str(value) if 0 <= value < 1_000_000 else None
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None
