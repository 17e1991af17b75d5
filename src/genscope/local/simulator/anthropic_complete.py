"""The wire format of Anthropic's text completions, which came before messages. They tell no usage."""

from __future__ import annotations

from .answers import Answer, Ask, compose
from .exchange import Exchange, Frame, Json
from .models import dated

__all__ = ["frames", "whole"]


def whole(x: Exchange) -> Json:
    """The body of an answer that is not streamed."""
    answer = compose(x, Ask())
    return _completion(x, "".join(_said(answer)), answer)


def frames(x: Exchange) -> list[Frame]:
    """The events of a stream: a token each, with a ping among them, and the last one with the reason of the end."""
    answer = compose(x, Ask())
    events = [Frame(_completion(x, token), "completion", "token") for token in _said(answer)]
    ping = Frame({"type": "ping"}, "ping")
    return [*events[:2], ping, *events[2:], Frame(_completion(x, "", answer), "completion")]


def _said(answer: Answer) -> tuple[str, ...]:
    return answer.text or answer.refusal


def _completion(x: Exchange, said: str, ended: Answer | None = None) -> Json:
    reason = None if ended is None else "max_tokens" if ended.finish == "length" else "stop_sequence"
    return {
        "type": "completion",
        "id": f"compl_{x.number:04d}",
        "completion": said,
        "stop_reason": reason,
        "model": dated(x),
        "stop": "\n\nHuman:" if reason == "stop_sequence" else None,
        "log_id": f"compl_{x.number:04d}",
    }
