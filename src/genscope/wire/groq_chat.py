"""Groq's chat completions: https://console.groq.com/docs/api-reference#chat

OpenAI's, but for `x_groq` in the chunks of a stream: the last one says what was used, unasked, or why it ends early.
"""

from __future__ import annotations

from typing import Any

from genscope.core.operation import Operation
from genscope.wire import chat_calls, chat_completions, chat_messages, choices
from genscope.wire.chat_completions import OPERATION, read_request
from genscope.wire.chat_messages import read_input, read_output
from genscope.wire.fields import members

__all__ = ["CONTENT", "OPERATION", "TOOLS", "Answer", "read_request", "read_response"]


class Answer(choices.StreamedChat):
    """A streamed chat completion of Groq's."""

    def fold(self, chunk: Any) -> None:
        super().fold(chunk)
        try:
            silent = chunk.x_groq is None
        except AttributeError:  # not known to this release of the SDK, or plain JSON
            silent = False
        if not silent:
            self.read_beside(members(chunk))


class CONTENT:
    """What is said in them: a `core.reader.ContentReader`."""

    read_input = staticmethod(read_input)
    read_output = staticmethod(read_output)

    class Transcript(Answer, chat_messages.Transcript):
        """A streamed chat completion of Groq's with what is said in it."""


class TOOLS:
    """The tools in them: a `core.reader.ToolReader`."""

    offered = staticmethod(chat_calls.offered)
    read_results = staticmethod(chat_calls.read_results)
    read_calls = staticmethod(chat_calls.read_calls)

    class Answer(Answer, chat_calls.Answer):
        """A streamed chat completion of Groq's that keeps the calls of tools in it."""


def read_response(op: Operation, answer: Any) -> None:
    chat_completions.read_response(op, answer)
    if isinstance(answer, Answer) and answer.error is not None:
        op.error = answer.error
