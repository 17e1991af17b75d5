"""Audio into text, transcribed or translated: https://platform.openai.com/docs/api-reference/audio"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire import transcription_messages as CONTENT
from genscope.wire.fields import Rule, UsageKeys, number, objects, read_parameters
from genscope.wire.media_events import Answer, read_outcome

__all__ = ["CONTENT", "OPERATION", "Answer", "read_request", "read_response"]

OPERATION: Final = "generate_content"

PARAMETERS: Final[Mapping[str, Rule]] = {"temperature": ("temperature", number)}

_USAGE: Final[UsageKeys] = ("input_tokens", "input_token_details", "output_tokens", "output_token_details")


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    """`body` is the form without its file. Whatever the format, JSON or subtitles, it is text that is asked for."""
    read_parameters(op, body, PARAMETERS)
    op.request["output_type"] = "text"


def read_response(op: Operation, answer: Any) -> None:
    """An object, or the bare text: that says nothing of itself. Some models count tokens, others seconds of audio."""
    read_outcome(op, answer, _USAGE)
    seconds = number(getattr(objects(getattr(answer, "usage", None)), "seconds", None))
    if seconds is not None and seconds >= 0:
        op.response["audio_seconds"] = seconds
