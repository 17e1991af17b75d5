"""The Anthropic API: which path is which API, its headers and errors. The formats have modules of their own.

Its clients have base URLs without `/v1` and put it into every path; as only the end of a path counts, they take the
simulator's base URLs nevertheless.
"""

from __future__ import annotations

import re

from . import anthropic_complete, anthropic_messages
from .exchange import Exchange, Json
from .models import asked
from .replies import Api, ErrorAnswer, Service
from .scenarios import HttpError

__all__ = ["ROUTES", "SERVICE"]

_HEADERS = {
    "anthropic-organization-id": "00000000-0000-4000-8000-000000000000",
    "anthropic-ratelimit-requests-limit": "4000",
    "anthropic-ratelimit-requests-remaining": "3999",
    "anthropic-ratelimit-requests-reset": "2025-10-09T08:53:20Z",
    "anthropic-ratelimit-tokens-limit": "400000",
    "anthropic-ratelimit-tokens-remaining": "399977",
    "anthropic-ratelimit-tokens-reset": "2025-10-09T08:53:20Z",
}

_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_WORDS = {
    "rate_limit_exceeded": (
        429,
        "This request would exceed your organization's rate limit of 3 requests per minute (model: {model}). For "
        "details, refer to: https://docs.claude.com/en/api/rate-limits.",
    ),
    "server_is_overloaded": (529, "Overloaded"),
    "insufficient_quota": (
        402,
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or "
        "purchase credits.",
    ),
    "invalid_api_key": (401, "invalid x-api-key"),
    "unsupported_country_region_territory": (403, "Request not allowed"),
    "model_not_found": (404, "model: {model}"),
    "context_length_exceeded": (400, "prompt is too long: 200042 tokens > 200000 maximum"),
    "content_filter": (400, "Output blocked by content filtering policy"),
    "invalid_value": (400, 'messages: Unexpected role "robot". Allowed roles are "user" or "assistant".'),
    "server_error": (500, "Internal server error"),
}
"""What this service says where the scenarios' own words are another's: status and message."""


def _headers(request_id: str) -> dict[str, str]:
    return {"request-id": request_id, **_HEADERS}


def _answer(status: int, message: str, request_id: str) -> ErrorAnswer:
    kind = _TYPES.get(status) or ("api_error" if status >= 500 else "invalid_request_error")
    body: Json = {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}
    again = status in (408, 409, 429) or status >= 500
    headers = {"x-should-retry": "true" if again else "false"}
    if status == 429:
        headers["anthropic-ratelimit-requests-remaining"] = "0"
    return ErrorAnswer(status, body, headers)


def _error(x: Exchange, error: HttpError) -> ErrorAnswer:
    status, message = _WORDS.get(error.code or error.type or "", (error.status, error.message))
    return _answer(status, message.format(model=asked(x)), x.request.request_id)


def _unknown_url(_method: str, _path: str, request_id: str) -> ErrorAnswer:
    return _answer(404, "Not found", request_id)


SERVICE = Service(
    _headers,
    _error,
    _unknown_url,
    not_json=b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": \n\n',
    event="message_start",
)

ROUTES = (
    Api(
        SERVICE,
        "messages",
        "POST",
        re.compile(r"/v1/messages$"),
        anthropic_messages.whole,
        anthropic_messages.broken,
        anthropic_messages.frames,
    ),
    Api(
        SERVICE,
        "count_tokens",
        "POST",
        re.compile(r"/v1/messages/count_tokens$"),
        anthropic_messages.counted,
        anthropic_messages.broken,
    ),
    Api(
        SERVICE,
        "complete",
        "POST",
        re.compile(r"/v1/complete$"),
        anthropic_complete.whole,
        anthropic_messages.broken,
        anthropic_complete.frames,
    ),
)
