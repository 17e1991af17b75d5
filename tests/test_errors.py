"""What an exception means: kind, retryable or not, and an `error.type` that never quotes anybody.

The tables are the specification. That of the SDKs' classes is in `errors/test_classes.py`, real answers are in
`errors/bodies`.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
from typing import Any

import openai
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genscope.core import error_words
from genscope.core.errors import KINDS, RETRYABLE, classify, classify_reported
from genscope.core.operation import Failure, ProviderError
from genscope.core.refusal import BudgetExceeded
from genscope.wire.fields import objects, provider_error

http: Any = getattr(openai._base_client, "httpx2", None) or openai._base_client.httpx

URL = "https://api.openai.com/v1/chat/completions"
PROSE = "The secret prompt was: rob a bank"


RETRIES = {
    "rate_limit": True,
    "quota": False,  # openai answers with 429 too, but nothing changes until somebody pays
    "timeout": True,
    "connection": True,
    "authentication": False,
    "permission": False,
    "model_not_found": False,
    "context_length": False,
    "content_filter": False,
    "invalid_request": False,
    "overloaded": True,
    "server_error": True,
    "cancelled": False,
    "invalid_response": False,
    "budget_exceeded": False,
    "unknown": False,
}
"""Kind -> whether the same request may succeed later."""


def request() -> Any:
    return http.Request("POST", URL)


def response(status: int, body: Any = None, **headers: str) -> Any:
    return http.Response(status, headers={"x-request-id": "req_1", **headers}, json=body, request=request())


# --- what providers answer


def says(code: Any, type: Any = "invalid_request_error") -> dict[str, Any]:
    return {"error": {"message": PROSE, "type": type, "param": None, "code": code}}


def says_flat(type: str, code: Any) -> dict[str, Any]:
    return {"object": "error", "message": PROSE, "type": type, "param": None, "code": code}


def azure(code: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": PROSE, **more}}


def openrouter(code: int, **metadata: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": PROSE, "metadata": metadata}, "user_id": "user_1"}


def gemini(code: int, status: str) -> list[Any]:
    return [{"error": {"code": code, "message": PROSE, "status": status}}]


def claude(type: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": type, "message": PROSE}, "request_id": "req_1"}


SPEND = "organization_spend_limit_exceeded"
USAGE = "organization_usage_limit_exceeded"
COUNTRY = "unsupported_country_region_territory"
CAPACITY = "service_tier_capacity_exceeded"
FILTER = {"innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}}}

Rows = list[tuple[int, Any, str, str]]
"""Status and body of an answer; its kind and its `error.type`."""

ANSWERS: dict[str, Rows] = {
    "openai": [  # https://platform.openai.com/docs/guides/error-codes
        (400, says("context_length_exceeded"), "context_length", "context_length_exceeded"),
        (400, says("string_above_max_length"), "context_length", "string_above_max_length"),
        (400, says("content_policy_violation"), "content_filter", "content_policy_violation"),
        (400, says("content_filter"), "content_filter", "content_filter"),
        (400, says("moderation_blocked"), "content_filter", "moderation_blocked"),
        (400, says("invalid_prompt"), "content_filter", "invalid_prompt"),
        (400, says("invalid_value"), "invalid_request", "invalid_value"),
        (400, says("unsupported_parameter"), "invalid_request", "unsupported_parameter"),
        (400, says("unsupported_value"), "invalid_request", "unsupported_value"),
        (400, says("unknown_parameter"), "invalid_request", "unknown_parameter"),
        (400, says("missing_required_parameter"), "invalid_request", "missing_required_parameter"),
        (400, says("invalid_image_url"), "invalid_request", "invalid_image_url"),
        (400, says("a_code_of_tomorrow"), "invalid_request", "a_code_of_tomorrow"),
        (400, says(None), "invalid_request", "invalid_request_error"),
        (400, says("billing_hard_limit_reached"), "quota", "billing_hard_limit_reached"),
        (400, {"error": "invalid_grant", "error_description": PROSE}, "authentication", "invalid_grant"),
        (401, says("invalid_api_key"), "authentication", "invalid_api_key"),
        (401, says("account_deactivated"), "authentication", "account_deactivated"),
        (401, says(None), "authentication", "invalid_request_error"),
        (403, says(COUNTRY, "request_forbidden"), "permission", COUNTRY),
        (403, says("model_not_found"), "model_not_found", "model_not_found"),
        (404, says("model_not_found"), "model_not_found", "model_not_found"),
        (404, says("unknown_url"), "invalid_request", "unknown_url"),
        (404, says(None), "invalid_request", "invalid_request_error"),
        (409, says("conversation_locked"), "invalid_request", "conversation_locked"),
        (429, says("rate_limit_exceeded", "requests"), "rate_limit", "rate_limit_exceeded"),
        (429, says("rate_limit_exceeded", "tokens"), "rate_limit", "rate_limit_exceeded"),
        (429, says(None, "requests"), "rate_limit", "requests"),
        (429, says("slow_down", "rate_limit_error"), "rate_limit", "slow_down"),
        (429, says("insufficient_quota", "insufficient_quota"), "quota", "insufficient_quota"),
        (429, says("credit_balance_exhausted", "insufficient_quota"), "quota", "credit_balance_exhausted"),
        (429, says("billing_not_active", None), "quota", "billing_not_active"),
        (429, says("project_spend_limit_exceeded", None), "quota", "project_spend_limit_exceeded"),
        (429, says(SPEND, None), "quota", SPEND),
        (429, says(USAGE, None), "quota", USAGE),
        (500, says(None, "server_error"), "server_error", "server_error"),
        (500, says("internal_error", "internal_error"), "server_error", "internal_error"),
        (503, says("server_is_overloaded", "service_unavailable_error"), "overloaded", "server_is_overloaded"),
        (503, says(None, "server_error"), "overloaded", "server_error"),
        (503, says("slow_down", None), "overloaded", "slow_down"),
    ],
    "azure": [  # https://learn.microsoft.com/azure/ai-services/openai/how-to/content-filters
        (
            400,
            azure("content_filter", type=None, param="prompt", status=400, **FILTER),
            "content_filter",
            "content_filter",
        ),
        (400, azure("ResponsibleAIPolicyViolation"), "content_filter", "ResponsibleAIPolicyViolation"),
        (400, azure("unknown_model"), "model_not_found", "unknown_model"),
        (401, azure("401"), "authentication", "401"),
        (401, azure("PermissionDenied"), "permission", "PermissionDenied"),
        (401, {"statusCode": 401, "message": PROSE}, "authentication", "AuthenticationError"),
        (404, azure("DeploymentNotFound"), "model_not_found", "DeploymentNotFound"),
        (404, azure("404"), "invalid_request", "404"),
        (408, azure("Timeout"), "timeout", "Timeout"),
        (429, azure("429"), "rate_limit", "429"),
        (429, azure("RateLimitReached"), "rate_limit", "RateLimitReached"),
        (429, azure("NoCapacity"), "overloaded", "NoCapacity"),
        (500, azure("InternalServerError"), "server_error", "InternalServerError"),
    ],
    "groq": [  # https://console.groq.com/docs/errors
        (400, says("model_decommissioned"), "model_not_found", "model_decommissioned"),
        (400, says("tool_use_failed"), "invalid_response", "tool_use_failed"),
        (400, says("json_validate_failed"), "invalid_response", "json_validate_failed"),
        (401, says("invalid_api_key"), "authentication", "invalid_api_key"),
        (413, says("rate_limit_exceeded", "tokens"), "context_length", "rate_limit_exceeded"),
        (498, says("capacity_exceeded", None), "overloaded", "capacity_exceeded"),
    ],
    "deepseek": [  # https://api-docs.deepseek.com/quick_start/error_codes
        (401, says("invalid_request_error", "authentication_error"), "authentication", "invalid_request_error"),
        (402, says("invalid_request_error", "unknown_error"), "quota", "invalid_request_error"),
        (422, says("invalid_request_error"), "invalid_request", "invalid_request_error"),
        (503, says(None, "service_unavailable_error"), "overloaded", "service_unavailable_error"),
    ],
    "mistral": [  # the code is a number in a text, the type says what it means
        (400, says_flat("invalid_model", "1500"), "model_not_found", "invalid_model"),
        (401, {"detail": "Unauthorized"}, "authentication", "AuthenticationError"),
        (422, {"detail": [{"type": "missing", "msg": PROSE}]}, "invalid_request", "UnprocessableEntityError"),
        (429, says_flat("rate_limited", "1300"), "rate_limit", "rate_limited"),
        (429, says_flat(CAPACITY, "3505"), "overloaded", CAPACITY),
        (429, says_flat("invalid_request_error", None), "rate_limit", "invalid_request_error"),
    ],
    "together": [  # https://docs.together.ai/docs/error-codes
        (402, says(None, "credit_limit"), "quota", "credit_limit"),
        (404, says("model_not_available"), "model_not_found", "model_not_available"),
        (429, says(None, "rate_limit"), "rate_limit", "rate_limit"),
        (503, says(None, "engine_overloaded"), "overloaded", "engine_overloaded"),
    ],
    "openrouter": [  # https://openrouter.ai/docs/api/reference/errors-and-debugging
        (402, openrouter(402, provider_name=None), "quota", "402"),
        (403, openrouter(403, flagged_input=PROSE), "permission", "403"),
        (429, openrouter(429, raw=PROSE), "rate_limit", "429"),
        (502, openrouter(502), "server_error", "502"),
    ],
    "vllm": [  # flat before 0.10
        (400, says_flat("BadRequestError", 400), "invalid_request", "BadRequestError"),
        (404, says_flat("NotFoundError", 404), "model_not_found", "NotFoundError"),
        (400, says(400, "BadRequestError"), "invalid_request", "BadRequestError"),
        (404, {"detail": "Not Found"}, "invalid_request", "NotFoundError"),
        (500, says(500, "InternalServerError"), "server_error", "InternalServerError"),
    ],
    "ollama": [
        (404, says(None, "api_error"), "invalid_request", "api_error"),
        (404, says(None, "not_found_error"), "model_not_found", "not_found_error"),
        (404, {"error": 'model "llama3" not found, try pulling it first'}, "invalid_request", "NotFoundError"),
        (500, says(None, "api_error"), "server_error", "api_error"),
    ],
    "llama.cpp": [
        (400, says(400, "exceed_context_size_error"), "context_length", "exceed_context_size_error"),
        (503, says(503, "unavailable_error"), "overloaded", "unavailable_error"),
    ],
    "gemini": [  # a list, and the names that gRPC has for a status
        (400, gemini(400, "INVALID_ARGUMENT"), "invalid_request", "INVALID_ARGUMENT"),
        (401, gemini(401, "UNAUTHENTICATED"), "authentication", "UNAUTHENTICATED"),
        (403, gemini(403, "PERMISSION_DENIED"), "permission", "PERMISSION_DENIED"),
        (429, gemini(429, "RESOURCE_EXHAUSTED"), "rate_limit", "RESOURCE_EXHAUSTED"),
        (500, gemini(500, "INTERNAL"), "server_error", "INTERNAL"),
        (503, gemini(503, "UNAVAILABLE"), "overloaded", "UNAVAILABLE"),
        (504, gemini(504, "DEADLINE_EXCEEDED"), "timeout", "DEADLINE_EXCEEDED"),
    ],
    "dashscope": [
        (400, says("data_inspection_failed", None), "content_filter", "data_inspection_failed"),
    ],
    "anthropic": [  # https://docs.claude.com/en/api/errors
        (400, claude("invalid_request_error"), "invalid_request", "invalid_request_error"),
        (401, claude("authentication_error"), "authentication", "authentication_error"),
        (402, claude("billing_error"), "quota", "billing_error"),
        (403, claude("permission_error"), "permission", "permission_error"),
        (404, claude("not_found_error"), "model_not_found", "not_found_error"),
        (413, claude("request_too_large"), "context_length", "request_too_large"),
        (429, claude("rate_limit_error"), "rate_limit", "rate_limit_error"),
        (500, claude("api_error"), "server_error", "api_error"),
        (504, claude("timeout_error"), "timeout", "timeout_error"),
        (529, claude("overloaded_error"), "overloaded", "overloaded_error"),
    ],
    "what stands in front of a provider": [
        (400, {"error": {"code": {}, "type": []}}, "invalid_request", "BadRequestError"),
        (400, {"error": []}, "invalid_request", "BadRequestError"),
        (413, "<html>413 Request Entity Too Large</html>", "context_length", "APIStatusError"),
        (418, {}, "invalid_request", "APIStatusError"),
        (500, "null", "server_error", "InternalServerError"),
        (500, "[]", "server_error", "InternalServerError"),
        (500, {"error": None}, "server_error", "InternalServerError"),
        (500, {"error": {}}, "server_error", "InternalServerError"),
        (502, "<html>502 Bad Gateway</html>", "server_error", "InternalServerError"),
        (503, "", "overloaded", "InternalServerError"),
        (504, "upstream request timeout", "timeout", "InternalServerError"),
        (599, {}, "server_error", "InternalServerError"),
    ],
}

IN_A_STREAM: dict[str, Rows] = {  # no status says anything there
    "openai": [
        (200, says(None, "server_error"), "server_error", "server_error"),
        (200, says("rate_limit_exceeded", "tokens"), "rate_limit", "rate_limit_exceeded"),
        (200, says(None), "invalid_request", "invalid_request_error"),
        (200, says("slow_down", None), "rate_limit", "slow_down"),
        (200, says("a_code_of_tomorrow", None), "unknown", "a_code_of_tomorrow"),
    ],
    "openrouter": [
        (200, openrouter(429), "rate_limit", "429"),
        (200, openrouter(502), "server_error", "502"),
        (200, says("server_error", None), "server_error", "server_error"),
    ],
    "vllm": [(200, says(400, "BadRequestError"), "invalid_request", "BadRequestError")],
    "llama.cpp": [(200, says(400, "exceed_context_size_error"), "context_length", "exceed_context_size_error")],
    "mistral": [(200, {"error": says_flat("rate_limited", "1300")}, "rate_limit", "rate_limited")],
}


def rows(table: dict[str, Rows], *names: str) -> list[Any]:
    """Parameters of pytest."""
    return [
        pytest.param(*row, id=f"{name} {row[0]} {row[3]}")
        for name, rows in table.items()
        if not names or name in names
        for row in rows
    ]


def client(answer: Any) -> Any:
    transport = http.MockTransport(lambda request: answer)
    return openai.OpenAI(
        api_key="none", base_url="https://x.example/v1", max_retries=0, http_client=http.Client(transport=transport)
    )


def raised_by(status: int, body: Any) -> Any:
    """What the SDK makes of an answer."""
    content = body if isinstance(body, str) else json.dumps(body)
    answer = http.Response(status, headers={"x-request-id": "req_1"}, content=content)
    with client(answer) as sdk, pytest.raises(openai.APIStatusError) as raised:
        sdk.post("/chat/completions", cast_to=object, body={})
    return raised.value


@pytest.mark.parametrize("status, body, kind, type", rows(ANSWERS))
def test_what_an_answer_with_an_error_means(status: int, body: Any, kind: str, type: str) -> None:
    error = raised_by(status, body)
    retryable = RETRIES[kind] or status == 409  # the SDKs retry a lock conflict
    assert classify(error) == Failure(kind, type, retryable, status, "req_1", error)


class AnthropicError(Exception):
    """As the anthropic SDK raises it: it keeps the whole body, and its errors in a stream have status 200."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(PROSE)
        self.status_code = status
        self.body = body
        self.request_id = "req_1"
        self.response = response(status, body)


@pytest.mark.parametrize("status, body, kind, type", rows(ANSWERS, "anthropic"))
def test_what_an_error_of_anthropic_means(status: int, body: Any, kind: str, type: str) -> None:
    error = AnthropicError(status, body)
    assert classify(error) == Failure(kind, type, RETRIES[kind], status, "req_1", error)


def test_what_an_error_of_anthropic_in_a_stream_means() -> None:
    error = AnthropicError(200, claude("overloaded_error"))
    assert classify(error) == Failure("overloaded", "overloaded_error", True, 200, "req_1", error)


# --- errors in the middle of an answer

# https://platform.openai.com/docs/api-reference/responses: the codes of a response that failed
FAILED_RESPONSES = {
    "server_error": "server_error",
    "rate_limit_exceeded": "rate_limit",
    "invalid_prompt": "content_filter",
    "data_residency_mismatch": "invalid_request",
    "bio_policy": "content_filter",
    "misalignment_policy_violation": "content_filter",
    "vector_store_timeout": "timeout",
    "invalid_image": "invalid_request",
    "invalid_image_format": "invalid_request",
    "invalid_base64_image": "invalid_request",
    "invalid_image_url": "invalid_request",
    "image_too_large": "invalid_request",
    "image_too_small": "invalid_request",
    "image_parse_error": "invalid_request",
    "image_content_policy_violation": "content_filter",
    "invalid_image_mode": "invalid_request",
    "image_file_too_large": "invalid_request",
    "unsupported_image_media_type": "invalid_request",
    "empty_image_file": "invalid_request",
    "failed_to_download_image": "invalid_request",
    "image_file_not_found": "invalid_request",
}


@pytest.mark.parametrize("status, body, kind, type", rows(IN_A_STREAM))
def test_what_an_error_in_a_stream_means(status: int, body: Any, kind: str, type: str) -> None:
    """The same whether the SDK raises it or the application reads the bytes."""
    event = f"data: {json.dumps(body)}\n\n"
    with client(http.Response(status, headers={"content-type": "text/event-stream"}, content=event)) as sdk:
        stream = sdk.post("/chat/completions", cast_to=object, body={}, stream=True, stream_cls=openai.Stream[object])
        with pytest.raises(openai.APIError) as raised:
            list(stream)
    assert classify(raised.value) == Failure(kind, type, RETRIES[kind], exception=raised.value)
    assert classify_reported(provider_error(objects(body).error)) == Failure(kind, type, RETRIES[kind])


@pytest.mark.parametrize("code", FAILED_RESPONSES)
def test_what_a_failed_response_means(code: str) -> None:
    kind = FAILED_RESPONSES[code]
    assert classify_reported(ProviderError(code=code, message=PROSE)) == Failure(kind, code, RETRIES[kind])


def test_the_codes_of_a_failed_response_are_those_of_the_sdk() -> None:
    try:
        from openai.types.responses import ResponseError
    except ImportError:
        pytest.skip("this release of openai has no responses")
    known = set(pydantic.TypeAdapter(ResponseError.model_fields["code"].annotation).json_schema()["enum"])
    assert known <= FAILED_RESPONSES.keys(), "a code without a row: what does it mean?"


@pytest.mark.parametrize(
    "error, expected",
    [
        (ProviderError(), "_OTHER"),
        (ProviderError(message=PROSE), "_OTHER"),
        (ProviderError(code=PROSE, type=PROSE), "_OTHER"),
        (ProviderError(type="response_failed"), "response_failed"),
    ],
)
def test_an_error_that_says_nothing_is_unknown(error: ProviderError, expected: str) -> None:
    assert classify_reported(error) == Failure("unknown", expected, False)


# --- exceptions of others


class Hostile(Exception):
    """Everything that is asked of it raises."""

    code = type = body = response = status_code = request_id = property(lambda self: 1 / 0)


class Deaf(Exception):
    """What it has not got raises."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(PROSE)


class Masked(Exception):
    """Even `isinstance` fails on what it has."""

    class Body:
        __class__ = property(lambda self: 1 / 0)  # type: ignore[assignment]

    body = Body()


class Angry(dict[str, Any]):
    def get(self, key: str, default: Any = None) -> Any:
        raise LookupError(PROSE)


def with_attributes(**attributes: Any) -> Exception:
    error = Exception(PROSE)
    vars(error).update(attributes)
    return error


def validation_error() -> Exception:
    class Answer(pydantic.BaseModel):
        city: int

    try:
        Answer.model_validate({"city": PROSE})
    except pydantic.ValidationError as error:
        return error
    raise AssertionError


def raising(call: Any) -> Exception:
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError


def http_error(name: str) -> Exception:
    return getattr(http, name)(PROSE)


def status_error() -> Exception:
    return http.HTTPStatusError(PROSE, request=request(), response=response(503))


# exception -> kind, error.type
FOREIGN: list[tuple[BaseException, str, str]] = [
    # the application's: in an HTTP hook, a credential provider
    (ValueError(PROSE), "unknown", "ValueError"),
    (RuntimeError(PROSE), "unknown", "RuntimeError"),
    (KeyError(PROSE), "unknown", "KeyError"),
    (TypeError(PROSE), "invalid_request", "TypeError"),
    (MemoryError(), "unknown", "MemoryError"),
    (RecursionError(PROSE), "unknown", "RecursionError"),
    (AssertionError(PROSE), "unknown", "AssertionError"),
    # the caller's: it wants no answer any more
    (asyncio.CancelledError(PROSE), "cancelled", "CancelledError"),
    (KeyboardInterrupt(), "cancelled", "KeyboardInterrupt"),
    (SystemExit(PROSE), "cancelled", "SystemExit"),
    (SystemExit("goodbye"), "cancelled", "SystemExit"),
    (SystemExit(429), "cancelled", "SystemExit"),
    (type("Exit", (SystemExit,), {})("goodbye"), "cancelled", "Exit"),
    (GeneratorExit(), "cancelled", "GeneratorExit"),
    (type("Cancelled", (BaseException,), {})(), "cancelled", "Cancelled"),  # trio's
    (BudgetExceeded(PROSE), "budget_exceeded", "BudgetExceeded"),
    (type("TeamBudgetExceeded", (BudgetExceeded,), {})(PROSE), "budget_exceeded", "TeamBudgetExceeded"),
    # the machine's
    (TimeoutError(PROSE), "timeout", "TimeoutError"),
    (asyncio.TimeoutError(PROSE), "timeout", "TimeoutError"),  # before Python 3.11 a class of its own
    (OSError(PROSE), "unknown", "OSError"),
    (FileNotFoundError(2, PROSE), "unknown", "FileNotFoundError"),
    (ConnectionResetError(PROSE), "connection", "ConnectionResetError"),
    (ConnectionRefusedError(PROSE), "connection", "ConnectionRefusedError"),
    (BrokenPipeError(PROSE), "connection", "BrokenPipeError"),
    (socket.gaierror(8, PROSE), "connection", "gaierror"),
    (ssl.SSLError(PROSE), "connection", "SSLError"),
    (ssl.SSLCertVerificationError(PROSE), "connection", "SSLCertVerificationError"),
    # what cannot be written or read
    (UnicodeEncodeError("ascii", "ß", 0, 1, PROSE), "invalid_request", "UnicodeEncodeError"),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, PROSE), "invalid_response", "UnicodeDecodeError"),
    (raising(lambda: json.loads(PROSE)), "invalid_response", "JSONDecodeError"),
    (validation_error(), "invalid_response", "ValidationError"),
    # the HTTP library's, which old releases of the SDK let out in the middle of a stream
    (http_error("ReadTimeout"), "timeout", "ReadTimeout"),
    (http_error("ConnectTimeout"), "timeout", "ConnectTimeout"),
    (http_error("WriteTimeout"), "timeout", "WriteTimeout"),
    (http_error("PoolTimeout"), "timeout", "PoolTimeout"),
    (http_error("ConnectError"), "connection", "ConnectError"),
    (http_error("ReadError"), "connection", "ReadError"),
    (http_error("WriteError"), "connection", "WriteError"),
    (http_error("CloseError"), "connection", "CloseError"),
    (http_error("ProxyError"), "connection", "ProxyError"),
    (http_error("RemoteProtocolError"), "connection", "RemoteProtocolError"),
    (http_error("LocalProtocolError"), "invalid_request", "LocalProtocolError"),
    (http_error("UnsupportedProtocol"), "invalid_request", "UnsupportedProtocol"),
    (http_error("InvalidURL"), "invalid_request", "InvalidURL"),
    (http_error("DecodingError"), "invalid_response", "DecodingError"),
    (http_error("TooManyRedirects"), "invalid_response", "TooManyRedirects"),
    (http.StreamConsumed(), "invalid_request", "StreamConsumed"),
    (http.ResponseNotRead(), "invalid_request", "ResponseNotRead"),
    (status_error(), "overloaded", "HTTPStatusError"),
    # what nobody would make on purpose
    (Hostile(PROSE), "unknown", "Hostile"),
    (Deaf(PROSE), "unknown", "Deaf"),
    (Masked(PROSE), "unknown", "Masked"),
    (with_attributes(body=Angry()), "unknown", "Exception"),
    (type(PROSE, (Exception,), {})(PROSE), "unknown", "_OTHER"),
    (with_attributes(code=PROSE, type=PROSE), "unknown", "Exception"),
    (with_attributes(code="请求过于频繁"), "unknown", "Exception"),  # prose without a space
    (with_attributes(code="x" * 65), "unknown", "Exception"),
    (with_attributes(code="x" * 64), "unknown", "x" * 64),
    (with_attributes(code=""), "unknown", "Exception"),
    (with_attributes(code=["rate_limit_exceeded"]), "unknown", "Exception"),
    (with_attributes(code={"a": 1}, type=b"tokens"), "unknown", "Exception"),
    (with_attributes(code=True), "unknown", "Exception"),
    (with_attributes(code=10**5000), "unknown", "Exception"),
    (with_attributes(code=-1), "unknown", "Exception"),
    (with_attributes(code=429), "rate_limit", "429"),
    (with_attributes(code=lambda: "rate_limit_exceeded"), "unknown", "Exception"),  # gRPC's is a method
    (with_attributes(body="rate_limit_exceeded"), "unknown", "Exception"),
    (with_attributes(body={"error": {"code": "rate_limit_exceeded"}}), "rate_limit", "rate_limit_exceeded"),
    (with_attributes(body={"error": PROSE}), "unknown", "Exception"),
    (with_attributes(body=[]), "unknown", "Exception"),
    (with_attributes(body=[1]), "unknown", "Exception"),
    (with_attributes(status_code="429"), "unknown", "Exception"),
    (with_attributes(status_code=True), "unknown", "Exception"),
    (with_attributes(status_code=10**400), "unknown", "Exception"),
    (with_attributes(response=response(429)), "rate_limit", "Exception"),
    (with_attributes(response=response(400, says("invalid_api_key"))), "authentication", "invalid_api_key"),
]  # fmt: skip


@pytest.mark.parametrize("error, kind, type", FOREIGN, ids=lambda value: repr(value)[:40])
def test_what_an_exception_of_others_means(error: BaseException, kind: str, type: str) -> None:
    failure = classify(error)
    assert (failure.kind, failure.type) == (kind, type)
    assert failure.retryable is RETRIES[kind]
    assert failure.exception is error


@pytest.mark.parametrize("name", ["x-request-id", "request-id", "apim-request-id"])
def test_the_request_id_is_found_where_the_provider_puts_it(name: str) -> None:
    error = openai.InternalServerError(
        PROSE, response=http.Response(500, headers={name: "id-7"}, request=request()), body=None
    )
    assert classify(error).request_id == "id-7"


@pytest.mark.parametrize("value", [PROSE, "x" * 65, 7.5, [], None])
def test_a_request_id_that_is_none_is_left_out(value: Any) -> None:
    assert classify(with_attributes(request_id=value)).request_id is None


def test_an_answer_that_was_not_read_is_not_read_for_us() -> None:
    body = iter([b'{"error": {"code": "rate_limit_exceeded"}}'])
    unread = http.Response(400, content=body, request=request())
    assert classify(with_attributes(response=unread)).type == "Exception"
    assert next(body, None) is not None


# --- in general


def test_the_tables_speak_of_the_same_kinds() -> None:
    tables = (error_words.BY_CODE, error_words.BY_GENERAL_CODE, error_words.BY_STATUS, error_words.BY_CLASS)
    used = {kind for table in tables for kind in table.values()}
    assert used | {"unknown"} == set(KINDS)
    assert {kind: kind in RETRYABLE for kind in KINDS} == RETRIES
    assert not error_words.BY_CODE.keys() & error_words.BY_GENERAL_CODE.keys()
    tested = {row[2] for rows in ANSWERS.values() for row in rows} | {row[1] for row in FOREIGN}
    assert tested == set(KINDS)


words = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(sorted(error_words.BY_CODE))
)
bodies = st.recursive(
    words,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["error", "code", "type", "status", "message", "detail"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(body=bodies, status=st.sampled_from([200, 400, 404, 413, 429, 500]) | st.none(), code=words)
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_no_error_is_too_odd(body: Any, status: int | None, code: Any) -> None:
    try:
        text = json.dumps(body)
    except ValueError:  # a float that is none
        text = ""
    attributes = {"body": body, "code": code, "response": http.Response(status or 200, content=text.encode())}
    for error in (with_attributes(status_code=status, **attributes), with_attributes(**attributes, request_id=body)):
        failure = classify(error)
        assert failure.kind in KINDS
        assert re.fullmatch(r"[A-Za-z0-9_.:/+=-]{1,64}", failure.type)
        assert failure.request_id is None or len(failure.request_id) <= 64
    said = objects(body)
    reported = classify_reported(provider_error(said))
    assert reported.kind in KINDS
    assert re.fullmatch(r"[A-Za-z0-9_.:/+=-]{1,64}", reported.type)


# --- requests that are too long, of providers that have no code for it


@pytest.mark.parametrize(
    "body",
    [
        {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"},
        },
        {
            "error": {
                "type": "invalid_request_error",
                "message": "input length and `max_tokens` exceed context limit: 9 + 1 > 8",
            }
        },
        {"message": "Input is too long for requested model."},
        {"object": "error", "message": "This model's maximum context length is 8 tokens. However, ...", "code": 400},
        [
            {
                "error": {
                    "code": 400,
                    "status": "INVALID_ARGUMENT",
                    "message": "The input token count (9) exceeds the maximum",
                }
            }
        ],
        {"message": "too many tokens: size limit exceeded by 1 tokens."},
    ],
)
def test_a_request_that_is_too_long(body: Any) -> None:
    found = classify(openai.BadRequestError("no", response=response(400, body), body=body))
    assert (found.kind, found.retryable) == ("context_length", False)


@pytest.mark.parametrize("message", ["You said: prompt is too long", "", None, 5])
def test_a_request_that_is_wrong_otherwise(message: Any) -> None:
    body = {"error": {"type": "invalid_request_error", "message": message}}
    assert classify(openai.BadRequestError("no", response=response(400, body), body=body)).kind == "invalid_request"
