"""Writer's text completions: https://dev.writer.com/api-reference/completion-api/text-generation

Read as OpenAI's; but this API counts no tokens, so there is no use in asking for them.
"""

from __future__ import annotations

from genscope.wire.text_completions import CONTENT, OPERATION, Answer, read_request, read_response

__all__ = ["CONTENT", "OPERATION", "Answer", "read_request", "read_response"]
