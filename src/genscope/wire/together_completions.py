"""Together's text completions: https://docs.together.ai/reference/completions-1

Read as OpenAI's; but in a stream the finish reason may stand beside the one choice there is.
"""

from __future__ import annotations

from typing import Any

from genscope.wire import choices, prompts
from genscope.wire.fields import members, text
from genscope.wire.prompts import read_input, read_output
from genscope.wire.text_completions import OPERATION, ask_for_usage, is_usage_only, read_request, read_response

__all__ = ["CONTENT", "OPERATION", "Answer", "ask_for_usage", "is_usage_only", "read_request", "read_response"]


class Answer(choices.StreamedText):
    """A streamed completion of Together's."""

    def fold(self, chunk: Any) -> None:
        super().fold(chunk)
        self.end(0, text(members(chunk).get("finish_reason")))


class CONTENT:
    """What is said in them: a `core.reader.ContentReader`."""

    read_input = staticmethod(read_input)
    read_output = staticmethod(read_output)

    class Transcript(Answer, prompts.Transcript):
        """A streamed completion of Together's with its text."""
