"""The scenarios of the simulator: one declaration each, told apart by the first path segment of a URL.

A scenario says *what* goes well or wrong; how that looks on the wire is the business of the format modules, so every
scenario works on every API. Where one makes no sense for an API, that API does the nearest sensible thing, noted below.
The errors are OpenAI's here; Anthropic has its own words for them, in `anthropic_format`, and 529 for an overload.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

__all__ = ["OPTIONS", "SCENARIOS", "Finish", "HttpError", "Options", "RawBody", "Scenario", "parse_segment", "segment"]

Finish = Literal["stop", "length", "tool_calls", "content_filter"]
Says = Literal["text", "tools", "reasoning", "refusal", "nothing", "echo"]
UsageStyle = Literal["asked", "none", "null_details", "everywhere", "late"]
Fault = Literal["hang", "midhang", "cut", "stream_error", "failed", "bad_json_chunk"]


@dataclass(frozen=True, slots=True)
class HttpError:
    """An error answer of OpenAI's. `message` may use {model}, {key} (masked) and {request_id}; `more` joins the error
    object.
    """

    status: int
    message: str
    type: str | None = "invalid_request_error"
    code: str | None = None
    param: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class RawBody:
    """A body given byte for byte. `framed`: to a stream request it is sent as the one event of an event stream."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200
    framed: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens to a request.

    says          content of the answer
    finish        why the answer ends
    usage         `asked`: as the real service does; see the table for the others
    error         answer with this error: always, or (`error_first`) only to the first `retries` requests
    raw           answer with this body
    fault         what breaks while the answer is on its way
    azure_filter  add the content filter annotations of Azure
    """

    doc: str
    says: Says = "text"
    finish: Finish = "stop"
    usage: UsageStyle = "asked"
    error: HttpError | None = None
    error_first: bool = False
    raw: RawBody | None = None
    fault: Fault | None = None
    azure_filter: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """What a URL may set beside the scenario: `/s/ok,chunks=1000/v1`. See `OPTIONS` for the meanings."""

    chunks: int | None = None
    n: int | None = None
    retries: int = 1
    after: int = 10
    pause: float | None = None


OPTIONS: Mapping[str, str] = {
    "chunks": "tokens of text in the answer, each a frame of its own in streams; also the completion tokens",
    "n": "choices in the answer, whatever the request asks for",
    "retries": "how many requests the scenarios retry and retry_500 refuse first (default 1)",
    "after": "retry-after-ms of every retryable error (default 10); 0 leaves the retry headers out",
    "pause": "seconds before the first token, instead of the simulator's own pause",
}

_FILTERED = {"filtered": True, "severity": "high"}
_PASSED = {"filtered": False, "severity": "safe"}
_AZURE_POLICY = {
    "status": 400,
    "innererror": {
        "code": "ResponsibleAIPolicyViolation",
        "content_filter_result": {
            "hate": _PASSED,
            "jailbreak": {"filtered": False, "detected": False},
            "self_harm": _PASSED,
            "sexual": _PASSED,
            "violence": _FILTERED,
        },
    },
}

RATE_LIMIT = HttpError(
    429,
    "Rate limit reached for {model} in organization org-simulator on requests per min (RPM): Limit 3, Used 3, "
    "Requested 1. Please try again in 20s. Visit https://platform.openai.com/account/rate-limits to learn more.",
    type="requests",
    code="rate_limit_exceeded",
)
OVERLOADED = HttpError(
    503,
    "Our servers are currently overloaded. Please try again later.",
    type="service_unavailable_error",
    code="server_is_overloaded",
)
SERVER_ERROR = HttpError(
    500,
    "The server had an error while processing your request. Sorry about that! You can retry your request, or contact "
    "us through our help center at help.openai.com if the error persists. (Please include the request ID {request_id} "
    "in your message.)",
    type="server_error",
)

SCENARIOS: Mapping[str, Scenario] = {
    # Good answers.
    "ok": Scenario("a text of seven tokens"),
    "tools": Scenario(
        "two parallel tool calls, if the request offers tools and holds no tool result yet; else ok", says="tools"
    ),
    "reasoning": Scenario(
        "reasoning before the text: reasoning_content (chat), a reasoning item (responses), a thinking block "
        "(messages); elsewhere ok",
        says="reasoning",
    ),
    "echo": Scenario(
        "the text is JSON of what was received: method, path, query, headers, body; embeddings: ok",
        says="echo",
    ),
    # Answers that are 200 OK and yet no answer.
    "refusal": Scenario("the model refuses; text completions and messages: the refusal is the text", says="refusal"),
    "length": Scenario(
        "cut off by the token limit; responses: status incomplete; messages: max_tokens", finish="length"
    ),
    "incomplete": Scenario("length under the name the Responses API has for it", finish="length"),
    "content_filter_finish": Scenario(
        "cut off by the content filter; responses: status incomplete; messages: refusal", finish="content_filter"
    ),
    "empty": Scenario("no choices, no output, no content, no vectors, no models", says="nothing"),
    "failed": Scenario("responses: status failed, a response.failed event; elsewhere server_error", fault="failed"),
    # Usage, the ways it is reported.
    "no_usage": Scenario("usage is null and no stream frame carries it, asked for or not", usage="none"),
    "null_details": Scenario("usage whose details are null; embeddings have no details: ok", usage="null_details"),
    "usage_everywhere": Scenario(
        "every stream frame carries the usage so far, asked for or not; messages: a message_delta after every token; "
        "responses, not streamed: ok",
        usage="everywhere",
    ),
    "late_usage": Scenario(
        "streams end in: finish, a frame without choices and usage, usage; messages: the usage is 0 before the last "
        "message_delta; responses, not streamed: ok",
        usage="late",
    ),
    "azure_filter": Scenario(
        "chat with Azure's filter annotations; streams begin with a frame without choices; elsewhere ok",
        azure_filter=True,
    ),
    # Errors that pass when the client tries again.
    "retry": Scenario("429 to the first `retries` requests, then ok", error=RATE_LIMIT, error_first=True),
    "retry_500": Scenario("503 to the first `retries` requests, then ok", error=OVERLOADED, error_first=True),
    # Errors that stay.
    "rate_limit": Scenario("429 rate_limit_exceeded", error=RATE_LIMIT),
    "quota": Scenario(
        "429 insufficient_quota",
        error=HttpError(
            429,
            "You exceeded your current quota, please check your plan and billing details. For more information on this "
            "error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
            type="insufficient_quota",
            code="insufficient_quota",
        ),
    ),
    "unauthorized": Scenario(
        "401 invalid_api_key; the message shows the key, masked",
        error=HttpError(
            401,
            "Incorrect API key provided: {key}. You can find your API key at "
            "https://platform.openai.com/account/api-keys.",
            code="invalid_api_key",
        ),
    ),
    "forbidden": Scenario(
        "403 unsupported_country_region_territory",
        error=HttpError(
            403,
            "Country, region, or territory not supported",
            type="request_forbidden",
            code="unsupported_country_region_territory",
        ),
    ),
    "not_found": Scenario(
        "404 model_not_found",
        error=HttpError(
            404, "The model `{model}` does not exist or you do not have access to it.", code="model_not_found"
        ),
    ),
    "conflict": Scenario(
        "409 conflict", error=HttpError(409, "The resource was updated by another request.", code="conflict")
    ),
    "unprocessable": Scenario(
        "422 unprocessable_entity",
        error=HttpError(
            422, "Unable to process the request despite the format being correct.", code="unprocessable_entity"
        ),
    ),
    "context_length": Scenario(
        "400 context_length_exceeded",
        error=HttpError(
            400,
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 128042 tokens. "
            "Please reduce the length of the messages.",
            code="context_length_exceeded",
            param="messages",
        ),
    ),
    "content_filter": Scenario(
        "400 content_filter with Azure's innererror",
        error=HttpError(
            400,
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please "
            "modify your prompt and retry. To learn more about our content filtering policies please read our "
            "documentation: https://go.microsoft.com/fwlink/?linkid=2198766",
            type=None,
            code="content_filter",
            param="prompt",
            more=_AZURE_POLICY,
        ),
    ),
    "bad_request": Scenario(
        "400 invalid_value",
        error=HttpError(
            400,
            "Invalid value: 'robot'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and "
            "'developer'.",
            code="invalid_value",
            param="messages[0].role",
        ),
    ),
    "server_error": Scenario("500 server_error", error=SERVER_ERROR),
    "overloaded": Scenario("503 server_is_overloaded", error=OVERLOADED),
    "html_error": Scenario(
        "502 with the HTML page of a proxy",
        raw=RawBody(
            b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>"
            b"</center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n",
            content_type="text/html",
            status=502,
        ),
    ),
    # Connections and streams that break.
    "hang": Scenario("nothing is sent until release(), then ok", fault="hang"),
    "midhang": Scenario("streams wait for release() after two tokens; not streamed: hang", fault="midhang"),
    "cut": Scenario(
        "the connection closes after two tokens of a stream; not streamed: in the middle of the body",
        fault="cut",
    ),
    "stream_error": Scenario(
        "streams end in an error frame after two tokens; not streamed: server_error; messages: the frame says "
        "overloaded_error",
        fault="stream_error",
    ),
    "bad_json_chunk": Scenario(
        "the third token of a stream is preceded by a frame that is not JSON; not streamed: garbage",
        fault="bad_json_chunk",
    ),
    # 200 OK with a body nobody expects.
    "garbage": Scenario("200 application/json that is not JSON", raw=RawBody(b"%% this is not JSON %%")),
    "html": Scenario(
        "200 text/html", raw=RawBody(b"<!doctype html><title>Log in</title><p>Please log in.</p>", "text/html")
    ),
    "wrong_shape": Scenario('200 {"foo": 1}; streams: as the only frame', raw=RawBody(b'{"foo": 1}', framed=True)),
    "json_list": Scenario("200 [1, 2]; streams: as the only frame", raw=RawBody(b"[1, 2]", framed=True)),
}


def segment(scenario: str, options: Mapping[str, float]) -> str:
    """The path segment that names a scenario and its options, e.g. `ok,chunks=1000`.

    Raises ValueError for a scenario or an option that does not exist.
    """
    if scenario not in SCENARIOS:
        raise ValueError(f"no scenario {scenario!r}; there are: {', '.join(SCENARIOS)}")
    if unknown := options.keys() - OPTIONS.keys():
        raise ValueError(f"no option {', '.join(sorted(unknown))}; there are: {', '.join(OPTIONS)}")
    return ",".join([scenario, *(f"{name}={value}" for name, value in options.items())])


def parse_segment(text: str) -> tuple[str, Options]:
    """The scenario's name and options in a path segment. Raises ValueError when either does not exist."""
    name, *pairs = unquote(text).split(",")
    given: dict[str, str] = {}
    for pair in pairs:
        option, _, value = pair.partition("=")
        given[option] = value
    segment(name, dict.fromkeys(given, 0))
    defaults = Options()

    return name, Options(
        chunks=int(given["chunks"]) if "chunks" in given else None,
        n=int(given["n"]) if "n" in given else None,
        retries=int(given.get("retries", defaults.retries)),
        after=int(given.get("after", defaults.after)),
        pause=float(given["pause"]) if "pause" in given else None,
    )
