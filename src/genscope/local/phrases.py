"""What the terminal says about one span: its name, its duration and the details worth a glance, as styled phrases.

Values come from spans of any instrumentation and from providers' answers, so every one is read with suspicion: a wrong
type is as good as absent, and nothing unprintable reaches the terminal.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode
from rich.text import Text

from genscope import semconv
from genscope.providers.hosts import UNKNOWN, provider_of

_LONGEST = 120  # characters of a name or value
_NOT_A_CALL = frozenset(
    ("invoke_agent", "create_agent", "invoke_workflow", "execute_tool", "plan", "retrieval", "fetch_response")
)
_WHOLE_ANSWER = frozenset(
    ("stop", "completed", "end_turn", "stop_sequence", "tool_calls", "tool_call", "tool_use", "function_call")
)


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters beyond ASCII that a line is made of."""

    between: str = " · "
    arrow: str = "→"
    cross: str = "✗"
    times: str = "×"


UNICODE = Glyphs()
ASCII = Glyphs(" | ", "->", "x", "x")


def is_call(span: ReadableSpan) -> bool:
    """Whether the span is a call to a model, on the bill by itself: an agent's span repeats the tokens of its calls."""
    operation = _word(span, semconv.OPERATION_NAME)
    return operation is not None and operation not in _NOT_A_CALL and "memory" not in operation


def is_message(span: ReadableSpan) -> bool:
    """Whether the span is of a message that an ASGI server got or sent, one of many of a request."""
    return _word(span, "asgi.event.type") is not None


def failed(span: ReadableSpan) -> bool:
    """Whether the span ended in an error."""
    return span.status.status_code is StatusCode.ERROR or _word(span, semconv.ERROR_TYPE) is not None


def retries(span: ReadableSpan) -> int:
    """How many attempts came after the first."""
    attempts = number(span, semconv.RETRY_ATTEMPTS)
    return max(int(attempts) - 1, 0) if attempts else 0


def number(span: ReadableSpan, name: str) -> float | None:
    """A numeric attribute, or None."""
    value = _attribute(span, name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return value


def label(span: ReadableSpan) -> str:
    """The span's name, fit for one line."""
    return _clean(span.name) or "(unnamed)"


def duration(*spans: ReadableSpan) -> str:
    """From start to end, of several in sum; empty if one has neither."""
    taken = 0
    for span in spans:
        if span.start_time is None or span.end_time is None:
            return ""
        taken += span.end_time - span.start_time
    return seconds(taken / 1e9)


def endpoint(span: ReadableSpan) -> str | None:
    """Provider and server, as far as they are not the usual ones: `groq`, `openai at proxy.corp.example`."""
    host, port = _word(span, semconv.SERVER_ADDRESS), int(number(span, semconv.SERVER_PORT) or 443)
    provider = _word(span, semconv.PROVIDER_NAME)
    if provider == UNKNOWN:
        provider = None
    usual = host is None or provider_of(host, port, {}) == provider
    server = None if usual else host if port == 443 else f"{host}:{port}"
    if server is None and provider in ("openai", "anthropic"):  # the model's name says as much
        return None
    return " at ".join(part for part in (provider, server) if part) or None


def whom(spans: Sequence[ReadableSpan]) -> str | None:
    """For whom it was done, as far as that is the same everywhere: `for user u1, conversation c1`."""
    names = {"tenant": semconv.TENANT, "user": semconv.USER_ID, "conversation": semconv.CONVERSATION_ID}
    known = {what: {found for span in spans if (found := _word(span, name))} for what, name in names.items()}
    said = [f"{what} {found.pop()}" for what, found in known.items() if len(found) == 1]
    return f"for {', '.join(said)}" if said else None


def seconds(value: float) -> str:
    """A span of time in the unit one would say it in."""
    if value < 0.9995:
        return f"{value * 1000:.{1 if value < 0.00995 else 0}f} ms"
    if value < 59.95:
        return f"{value:.{2 if value < 9.995 else 1}f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} m {rest:02} s"


def count(amount: int, singular: str, plural: str | None = None) -> str:
    """`1 error`, `2 errors`."""
    return f"{amount:,} {singular if amount == 1 else plural or singular + 's'}"


def tokens(usage: Mapping[str, float | None], glyphs: Glyphs) -> str | None:
    """`1,200 → 34 tokens (cached 1,024, reasoning 20)`; `usage` is by attribute name, what is absent stays unsaid."""
    read, written = usage.get(semconv.USAGE["input_tokens"]), usage.get(semconv.USAGE["output_tokens"])
    if read is None and written is None:
        return None
    if read is None or written is None:
        said = f"{read:,.0f} tokens in" if read is not None else f"{written:,.0f} tokens out"
    else:
        said = f"{read:,.0f} {glyphs.arrow} {written:,.0f} tokens"
    cached, reasoning = (usage.get(semconv.USAGE[k]) for k in ("cache_read_input_tokens", "reasoning_output_tokens"))
    parts = [f"{what} {part:,.0f}" for what, part in (("cached", cached), ("reasoning", reasoning)) if part]
    return f"{said} ({', '.join(parts)})" if parts else said


def cost(amount: float) -> str:
    """Money: cents, or the first two digits of less than ten."""
    digits = 1 - math.floor(math.log10(amount)) if 0 < amount < 0.1 else 2
    return f"${amount:,.{digits}f}"


def details(span: ReadableSpan, glyphs: Glyphs, *, with_endpoint: bool) -> list[Text]:
    """What there is to say about the span beyond name and duration, most telling first."""
    call = is_call(span)
    amount = number(span, semconv.COST_AMOUNT)
    reasons = dict.fromkeys(part for part in _many(span, semconv.RESPONSE_FINISH_REASONS) if isinstance(part, str))
    said = [
        (_failure(span, glyphs), "bold red"),
        (_stopped(span), "yellow"),
        (_retried(span, glyphs), "yellow"),
        (_first_token(span), ""),
        (tokens({name: number(span, name) for name in semconv.USAGE.values()}, glyphs), ""),
        (", ".join(reasons), "green" if _WHOLE_ANSWER.issuperset(reasons) else "yellow"),
        (cost(amount) if amount is not None else None, "magenta"),
        (_sums(span, glyphs), "dim"),
        (_documents(span), ""),
        (_http_status(span) if not call else None, ""),
        (endpoint(span) if call and with_endpoint else None, "dim"),
    ]
    return [Text(phrase, style=style) for phrase, style in said if phrase]


def _failure(span: ReadableSpan, glyphs: Glyphs) -> str | None:
    if not failed(span):
        return None
    kind, type_ = _word(span, semconv.ERROR_KIND), _word(span, semconv.ERROR_TYPE)
    status = number(span, semconv.HTTP_STATUS)
    what = " ".join(part for part in (f"{status:.0f}" if status else None, type_ if type_ != kind else None) if part)
    why = ": ".join(part for part in (kind, what) if part) or _clean(span.status.description or "error")
    retryable = " (retryable)" if _attribute(span, semconv.ERROR_RETRYABLE) is True else ""
    return f"{glyphs.cross} {why}{retryable}"


def _stopped(span: ReadableSpan) -> str | None:
    outcome = _word(span, semconv.STREAM_OUTCOME)
    if outcome is None or outcome == "completed" or failed(span):
        return None
    chunks = number(span, semconv.STREAM_CHUNKS)
    return f"{outcome} after {count(int(chunks), 'chunk')}" if chunks is not None else outcome


def _retried(span: ReadableSpan, glyphs: Glyphs) -> str | None:
    again = retries(span)
    if not again:
        return None
    said = count(again, "retry", "retries")
    backoff = number(span, semconv.RETRY_BACKOFF)
    if backoff:
        said += f", {seconds(backoff)} backoff"
    kinds, statuses = _many(span, semconv.RETRY_KINDS), _many(span, semconv.RETRY_STATUSES)
    causes = Counter(
        f"{status} {kind}" if status else str(kind)
        for kind, status in zip(kinds, [*statuses, *[0] * len(kinds)], strict=False)
    )
    why = ", ".join(f"{cause} {glyphs.times}{n}" if n > 1 else cause for cause, n in causes.items())
    return f"{said}: {why}" if why else said


def _first_token(span: ReadableSpan) -> str | None:
    reasoning = number(span, semconv.TIME_TO_FIRST_REASONING_TOKEN)
    token = number(span, semconv.TIME_TO_FIRST_TOKEN)
    chunk = number(span, semconv.RESPONSE_TIME_TO_FIRST_CHUNK)
    said = [f"reasoning after {seconds(reasoning)}"] if reasoning is not None else []
    if token is not None:
        said.append(f"TTFT {seconds(token)}")
    elif chunk is not None and reasoning is None:
        said.append(f"first chunk {seconds(chunk)}")
    return ", ".join(said) or None


def _sums(span: ReadableSpan, glyphs: Glyphs) -> str | None:
    """What happened under a workflow or an agent: not on the bill again."""
    calls, tools = number(span, semconv.SUBTREE_LLM_CALLS), number(span, semconv.SUBTREE_TOOL_CALLS)
    if calls is None:
        return None
    names = {"input_tokens": semconv.SUBTREE_INPUT_TOKENS, "output_tokens": semconv.SUBTREE_OUTPUT_TOKENS}
    used = {semconv.USAGE[field]: number(span, name) for field, name in names.items()}
    amount = number(span, semconv.SUBTREE_COST)
    said = [
        count(int(calls), "LLM call") if calls else None,
        count(int(tools), "tool call") if tools else None,
        tokens(used, glyphs),
        cost(amount) if amount is not None else None,
    ]
    together = ", ".join(part for part in said if part)
    return f"in all {together}" if together else None


def _documents(span: ReadableSpan) -> str | None:
    found = number(span, semconv.DOCUMENTS)
    return count(int(found), "document") if found is not None else None


def _http_status(span: ReadableSpan) -> str | None:
    status = number(span, semconv.HTTP_STATUS) or number(span, "http.status_code")
    return f"{status:.0f}" if status and not failed(span) else None


def _attribute(span: ReadableSpan, name: str) -> Any:
    return span.attributes.get(name) if span.attributes else None


def _word(span: ReadableSpan, name: str) -> str | None:
    value = _attribute(span, name)
    return (_clean(value) or None) if isinstance(value, str) else None


def _many(span: ReadableSpan, name: str) -> list[Any]:
    value = _attribute(span, name)
    parts: list[Any] = list(cast("Sequence[Any]", value)) if isinstance(value, (tuple, list)) else []
    return [_clean(part) if isinstance(part, str) else part for part in parts]


def _clean(text: str) -> str:
    """One line, without control characters (a provider's answer must not drive the terminal) and of bounded length."""
    shown = "".join(char if char.isprintable() else " " for char in text[:_LONGEST])
    return shown if len(text) <= _LONGEST else shown + "..."
