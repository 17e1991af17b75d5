"""Exceptions and reported errors -> `Failure`: one small vocabulary of kinds for every SDK.

SDKs are known here by the shape of their exceptions only (`status_code`, `code`, `body`, `response`, class names):
none is imported. Names and codes: https://platform.openai.com/docs/guides/error-codes,
https://learn.microsoft.com/azure/ai-services/openai/how-to/content-filters, https://docs.anthropic.com/en/api/errors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

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

RETRYABLE: Final = frozenset({"rate_limit", "timeout", "connection", "overloaded", "server_error"})

_BY_CODE: Final = {
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
    "requests": "rate_limit",
    "tokens": "rate_limit",
    "rate_limit_reached": "rate_limit",
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota",
    "billing_error": "quota",
    "quota_exceeded": "quota",
    "timeout": "timeout",
    "timeout_error": "timeout",
    "vector_store_timeout": "timeout",
    "invalid_api_key": "authentication",
    "incorrect_api_key": "authentication",
    "authentication_error": "authentication",
    "invalid_authentication": "authentication",
    "account_deactivated": "authentication",
    "permission_error": "permission",
    "permission_denied": "permission",
    "unsupported_country_region_territory": "permission",
    "model_not_found": "model_not_found",
    "model_not_available": "model_not_found",
    "deploymentnotfound": "model_not_found",
    "unknown_model": "model_not_found",
    "context_length_exceeded": "context_length",
    "string_above_max_length": "context_length",
    "request_too_large": "context_length",
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "responsibleaipolicyviolation": "content_filter",
    "moderation_blocked": "content_filter",
    "invalid_prompt": "content_filter",
    "overloaded_error": "overloaded",
    "overloaded": "overloaded",
    "engine_overloaded": "overloaded",
    "model_overloaded": "overloaded",
    "slow_down": "overloaded",
    "server_error": "server_error",
    "internal_server_error": "server_error",
    "internal_error": "server_error",
    "api_error": "server_error",
    "invalid_value": "invalid_request",
    "invalid_type": "invalid_request",
    "missing_required_parameter": "invalid_request",
    "unknown_parameter": "invalid_request",
    "unsupported_parameter": "invalid_request",
    "unsupported_value": "invalid_request",
}
"""Provider error codes and types, lower case. `invalid_request_error` is no kind: half of all have that type."""

_BY_STATUS: Final = {
    400: "invalid_request",
    401: "authentication",
    402: "quota",
    403: "permission",
    404: "invalid_request",
    405: "invalid_request",
    408: "timeout",
    409: "invalid_request",
    413: "context_length",
    415: "invalid_request",
    422: "invalid_request",
    429: "rate_limit",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}

_BY_CLASS: Final = {
    # what a caller does to a call
    "CancelledError": "cancelled",
    "Cancelled": "cancelled",
    "KeyboardInterrupt": "cancelled",
    "SystemExit": "cancelled",
    "GeneratorExit": "cancelled",
    "BudgetExceeded": "budget_exceeded",
    # SDK exceptions without an HTTP answer
    "APITimeoutError": "timeout",
    "APIConnectionError": "connection",
    "APIResponseValidationError": "invalid_response",
    "LengthFinishReasonError": "invalid_response",
    "ContentFilterFinishReasonError": "content_filter",
    "SubjectTokenProviderError": "authentication",
    "OAuthError": "authentication",
    "InvalidWebhookSignatureError": "authentication",
    "WebSocketConnectionClosedError": "connection",
    "WebSocketQueueFullError": "overloaded",
    # HTTP libraries (httpx and httpx2 share their names) and the standard library
    "TimeoutException": "timeout",
    "TimeoutError": "timeout",
    "TransportError": "connection",
    "StreamError": "invalid_request",
    "InvalidURL": "invalid_request",
    "DecodingError": "invalid_response",
    "JSONDecodeError": "invalid_response",
    "ValidationError": "invalid_response",
    "UnicodeDecodeError": "invalid_response",
    "ConnectionError": "connection",
    "gaierror": "connection",
    "SSLError": "connection",
    # never sent: the request could not be built
    "TypeError": "invalid_request",
    "UnicodeEncodeError": "invalid_request",
}
"""By the name of the exception's class or of its nearest base class."""


class BudgetExceeded(RuntimeError):
    """A call was refused before it was sent: a limit is used up. The only exception that a stage may let out."""


def classify(error: BaseException) -> Failure:
    """What an exception raised by an SDK means. Never raises, whatever the exception's attributes do."""
    status = _status(error)
    reported = _reported(error)
    return Failure(
        kind=_kind(error, status, reported),
        type=reported.code or reported.type or type(error).__name__,
        retryable=_retryable(error, status, reported),
        status=status,
        request_id=_text(_attribute(error, "request_id")),
        exception=error,
    )


def classify_reported(error: ProviderError) -> Failure:
    """What an error inside an answer means: an `error` event of a stream, a response with status `failed`."""
    kind = _by_code(error) or "unknown"
    return Failure(kind=kind, type=error.code or error.type or "error", retryable=kind in RETRYABLE)


def rejected_answer(error: BaseException) -> Any:
    """The answer that an SDK received, paid for and rejected: openai's `parse` raises when it was cut or filtered."""
    return _attribute(error, "completion")


def _kind(error: BaseException, status: int | None, reported: ProviderError) -> str:
    kind = _by_code(reported)
    if kind is not None:
        return kind
    if status is not None and status >= 400:
        if status == 404 and reported.type == "not_found_error":  # Anthropic says no more than that for a model
            return "model_not_found"
        return _BY_STATUS.get(status) or ("server_error" if status >= 500 else "invalid_request")
    for cls in type(error).__mro__:
        kind = _BY_CLASS.get(cls.__name__)
        if kind is not None:
            return kind
    return "server_error" if reported.code or reported.type else "unknown"


def _retryable(error: BaseException, status: int | None, reported: ProviderError) -> bool:
    if status == 409:  # the SDKs retry a lock conflict, https://github.com/openai/openai-python#retries
        return True
    return _kind(error, status, reported) in RETRYABLE


def _by_code(reported: ProviderError) -> str | None:
    for code in (reported.code, reported.type):
        kind = _BY_CODE.get(code.lower()) if code else None
        if kind is not None:
            return kind
    return None


def _reported(error: BaseException) -> ProviderError:
    """The provider's code and type: from the exception's own attributes, else from the body of the answer."""
    found = ProviderError(code=_text(_attribute(error, "code")), type=_text(_attribute(error, "type")))
    body = _attribute(error, "body")
    if not isinstance(body, Mapping):
        body = _body(_attribute(error, "response"))
    if isinstance(body, Mapping):
        body = cast("Mapping[str, Any]", body)
        inner = body.get("error", body)
        if isinstance(inner, Mapping):
            inner = cast("Mapping[str, Any]", inner)
            found.code = found.code or _text(inner.get("code"))
            found.type = found.type or _text(inner.get("type"))
        elif found.code is None:
            found.code = _text(inner)  # OAuth: {"error": "invalid_grant"}
    return found


def _body(response: Any) -> Any:
    """JSON of an answer that has been read already; nothing is read for us."""
    try:
        return json.loads(response.content)
    except Exception:  # no response, not read, closed, not JSON: all the same, there is no body to look at
        return None


def _status(error: BaseException) -> int | None:
    for holder in (error, _attribute(error, "response")):
        status = _attribute(holder, "status_code")
        if isinstance(status, int) and not isinstance(status, bool):
            return status
    return None


def _attribute(holder: Any, name: str) -> Any:
    try:
        return getattr(holder, name, None)
    except Exception:  # foreign exceptions may have properties that raise, httpx's `request` among them
        return None


def _text(value: Any) -> str | None:
    """A code is a short identifier: what is longer is prose, may quote the prompt, and would be a label of a metric."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and 0 < len(value) <= 64 and not any(c.isspace() for c in value):
        return value
    return None
