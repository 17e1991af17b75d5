"""Text into speech: https://platform.openai.com/docs/api-reference/audio/createSpeech"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire import speech_messages as CONTENT
from genscope.wire.fields import read_parameters, usage_keys
from genscope.wire.media_events import Answer, read_outcome

__all__ = ["CONTENT", "OPERATION", "Answer", "read_request", "read_response"]

OPERATION: Final = "generate_content"

_USAGE: Final = usage_keys("input_tokens", "output_tokens")


def read_request(op: Operation, body: Mapping[str, Any]) -> None:
    """The SDK has no streams for this API: who asks for events reads them from the body."""
    read_parameters(op, body, {})
    op.request["output_type"] = "speech"
    op.streaming = op.streaming or body.get("stream_format") == "sse"


def read_response(op: Operation, answer: Any) -> None:
    """Audio, which says nothing of itself, or its events."""
    read_outcome(op, answer, _USAGE)
