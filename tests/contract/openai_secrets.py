"""Requests and answers of OpenAI's APIs with the canary wherever an application or the provider may put content."""

from __future__ import annotations

from typing import Any

from .vocabulary import CANARY, Secrets

_SCHEMA = {
    "type": "object",
    "properties": {CANARY: {"type": "string", "description": CANARY}},
    "required": [CANARY],
    "additionalProperties": False,
}
_AROUND: dict[str, Any] = {
    "model": "gpt-4o",
    "user": CANARY,
    "extra_headers": {"x-secret": CANARY, "authorization": f"Bearer {CANARY}"},
    "extra_query": {"q": CANARY},
    "extra_body": {
        "metadata": {"who": CANARY},
        "prompt_cache_key": CANARY,
        "safety_identifier": CANARY,
        "more": {"deep": [CANARY]},
    },
}
_FUNCTION = {"name": "f", "description": CANARY, "parameters": _SCHEMA, "strict": True}
_CALLED = {"name": "f", "arguments": f'{{"{CANARY}": "{CANARY}"}}'}
_USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, CANARY: CANARY}

_CALLS = [{"index": 0, "id": "call_1", "type": "function", "function": _CALLED}]
_MESSAGE = {
    "role": "assistant",
    "content": CANARY,
    "refusal": CANARY,
    "reasoning_content": CANARY,
    "tool_calls": _CALLS,
}
_CHAT = {"id": "chatcmpl-1", "created": 1, "model": "gpt-4o-2024-08-06", CANARY: CANARY}

CHAT = Secrets(
    arguments={
        **_AROUND,
        "messages": [
            {"role": "system", "content": f"You are {CANARY}."},
            {"role": "user", "content": [{"type": "text", "text": CANARY}], "name": CANARY},
            {"role": "assistant", "tool_calls": [{"id": "call_1", "type": "function", "function": _CALLED}]},
            {"role": "tool", "tool_call_id": "call_1", "content": CANARY},
        ],
        "tools": [{"type": "function", "function": _FUNCTION}],
    },
    answer={
        **_CHAT,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": _MESSAGE, "finish_reason": "stop"}],
        "usage": _USAGE,
    },
    chunk={
        **_CHAT,
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": _MESSAGE, "finish_reason": None}],
    },
)

_ITEM = {
    "id": CANARY,
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": CANARY, "annotations": []}],
}
_RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "gpt-4o-2024-08-06",
    "status": "completed",
    "instructions": CANARY,
    "output": [_ITEM, {"type": "function_call", "id": CANARY, "call_id": "call_1", "status": "completed", **_CALLED}],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "metadata": {"who": CANARY},
    "user": CANARY,
    "error": None,
    "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3, CANARY: CANARY},
}

RESPONSES = Secrets(
    arguments={
        **_AROUND,
        "instructions": CANARY,
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": CANARY}]},
            {"type": "function_call", "call_id": "call_1", **_CALLED},
            {"type": "function_call_output", "call_id": "call_1", "output": CANARY},
        ],
        "tools": [{"type": "function", **_FUNCTION}],
    },
    answer=_RESPONSE,
    chunk={"type": "response.completed", "sequence_number": 1, "response": _RESPONSE},
)
