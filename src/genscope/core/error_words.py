"""The words of providers and SDKs for what goes wrong, and the kind of error that each means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_CODES: Final[Mapping[str, tuple[str, ...]]] = {
    "rate_limit": (
        "rate_limit_exceeded", "rate_limit_error", "rate_limit_reached", "rate_limited", "too_many_requests",
        "requests", "tokens", "throttling_exception",
    ),
    "quota": (
        "insufficient_quota", "quota_exceeded", "credit_balance_exhausted", "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded", "organization_usage_limit_exceeded", "billing_hard_limit_reached",
        "billing_not_active", "billing_error", "payment_required", "service_quota_exceeded_exception",
        "contract_spend_limit_reached", "enforced_spend_limit_reached",
    ),
    "timeout": (
        "timeout", "timeout_error", "vector_store_timeout", "deadline_exceeded", "model_timeout_exception",
    ),
    "authentication": (
        "invalid_api_key", "incorrect_api_key", "authentication_error", "invalid_authentication", "unauthenticated",
        "account_deactivated", "invalid_grant", "invalid_subject_token",
    ),
    "permission": (
        "permission_error", "permission_denied", "unsupported_country_region_territory", "access_denied_exception",
        "organization_on_hold",
    ),
    "model_not_found": (
        "model_not_found", "model_not_available", "model_decommissioned", "unknown_model", "invalid_model",
        "deployment_not_found",
    ),
    "context_length": (
        "context_length_exceeded", "exceed_context_size_error", "string_above_max_length", "request_too_large",
    ),
    "content_filter": (
        "content_filter", "content_policy_violation", "responsible_ai_policy_violation", "moderation_blocked",
        "invalid_prompt", "bio_policy", "misalignment_policy_violation", "image_content_policy_violation",
        "data_inspection_failed",
    ),
    "overloaded": (
        "overloaded", "overloaded_error", "engine_overloaded", "engine_overloaded_error", "model_overloaded",
        "server_is_overloaded", "service_unavailable", "service_unavailable_error", "unavailable", "no_capacity",
        "capacity_exceeded", "service_tier_capacity_exceeded", "service_unavailable_exception",
        "model_not_ready_exception",
    ),
    "invalid_response": ("tool_use_failed", "json_validate_failed"),  # Groq: what the model wrote did not fit
    "invalid_request": (
        "invalid_value", "invalid_type", "missing_required_parameter", "unknown_parameter", "unsupported_parameter",
        "unsupported_value", "data_residency_mismatch", "invalid_image", "invalid_image_format", "invalid_image_url",
        "invalid_image_mode", "invalid_base64_image", "image_too_large", "image_too_small", "image_parse_error",
        "image_file_too_large", "image_file_not_found", "empty_image_file", "failed_to_download_image",
        "unsupported_image_media_type",
    ),
}  # fmt: skip
"""Codes and types that say more than the status of the answer. `DeploymentNotFound` is `deployment_not_found` here."""

_GENERAL: Final[Mapping[str, tuple[str, ...]]] = {
    "rate_limit": ("slow_down", "resource_exhausted"),
    "invalid_request": ("invalid_request_error", "bad_request_error", "invalid_argument", "validation_exception"),
    "server_error": (
        "server_error", "api_error", "internal_server_error", "internal_error", "internal",
        "internal_server_exception", "model_error_exception", "model_stream_error_exception",
    ),
}  # fmt: skip
"""Codes and types that say less than a status, for where there is none: in the middle of a stream."""


def plain(code: str) -> str:
    return "".join(filter(str.isalnum, code.lower()))


BY_CODE: Final = {plain(code): kind for kind, codes in _CODES.items() for code in codes}
BY_GENERAL_CODE: Final = {plain(code): kind for kind, codes in _GENERAL.items() for code in codes}

BY_STATUS: Final = {
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
    498: "overloaded",  # Groq's, https://console.groq.com/docs/errors
    499: "cancelled",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}

BY_CLASS: Final = {
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
    "CredentialsError": "authentication",
    "WorkloadIdentityError": "authentication",
    "InvalidWebhookSignatureError": "authentication",
    "WebSocketConnectionClosedError": "connection",
    "WebSocketQueueFullError": "overloaded",
    # HTTP libraries (httpx and httpx2 share their names) and the standard library
    "TimeoutException": "timeout",
    "TimeoutError": "timeout",
    "UnsupportedProtocol": "invalid_request",
    "LocalProtocolError": "invalid_request",
    "TransportError": "connection",
    "TooManyRedirects": "invalid_response",
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

BY_PROSE: Final[Mapping[str, re.Pattern[str]]] = {
    "context_length": re.compile(
        r"prompt is too long|input length and `max_tokens` exceed|input is too long|the input token count"
        r"|this model's maximum context length is|too many tokens|request too large for",
        re.I,
    ),
    "quota": re.compile(r"your credit balance is too low|you have reached your specified api usage limits", re.I),
}
"""How a message begins that says more than its code, of Anthropic, Bedrock, DeepSeek, vLLM, Gemini and Cohere.

And of OpenAI: code and status of `Request too large for` are a rate limit's, but it will be too large next time, too.
"""
