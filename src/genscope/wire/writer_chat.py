"""Writer's chat: https://dev.writer.com/api-reference/completion-api/chat-completion

OpenAI's, but for one name in the usage.
"""

from __future__ import annotations

from typing import Any, Final

from genscope.core.operation import Operation
from genscope.wire.chat_completions import CONTENT, OPERATION, TOOLS, Answer, ask_for_usage, is_usage_only, read_request
from genscope.wire.choices import read_messages
from genscope.wire.fields import UsageKeys, read_identity, read_usage

__all__ = ["CONTENT", "OPERATION", "TOOLS", "Answer", "ask_for_usage", "is_usage_only", "read_request", "read_response"]

_USAGE: Final[UsageKeys] = ("prompt_tokens", "prompt_token_details", "completion_tokens", "completion_tokens_details")


def read_response(op: Operation, answer: Any) -> None:
    read_identity(op, answer)
    op.usage = read_usage(getattr(answer, "usage", None), _USAGE)
    read_messages(op, answer)
