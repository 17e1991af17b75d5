"""A request and an answer of Anthropic's messages with the canary wherever there may be content."""

from __future__ import annotations

from typing import Any

from .vocabulary import CANARY, Secrets

_SCHEMA = {
    "type": "object",
    "properties": {CANARY: {"type": "string", "description": CANARY}},
    "required": [CANARY],
    "additionalProperties": False,
}
_TEXT = {"type": "text", "text": CANARY}
_USE = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {CANARY: CANARY}}
_CITED = {
    "type": "char_location",
    "cited_text": CANARY,
    "document_index": 0,
    "document_title": CANARY,
    "start_char_index": 0,
    "end_char_index": 9,
}
_CONTENT = [
    {"type": "thinking", "thinking": CANARY, "signature": CANARY},
    {"type": "redacted_thinking", "data": CANARY},
    {**_TEXT, "citations": [_CITED]},
    _USE,
    {"type": "server_tool_use", "id": CANARY, "name": "web_search", "input": {"query": CANARY}},
    {
        "type": "web_search_tool_result",
        "tool_use_id": CANARY,
        "content": [{"type": "web_search_result", "title": CANARY, "url": CANARY, "encrypted_content": CANARY}],
    },
]
_MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5-20251001",
    "content": _CONTENT,
    "stop_reason": "stop_sequence",
    "stop_sequence": CANARY,
    "stop_details": {"type": "refusal", "category": None, "explanation": CANARY},
    "usage": {"input_tokens": 1, "output_tokens": 2, CANARY: CANARY},
    CANARY: CANARY,
}
_DELTAS: list[dict[str, Any]] = [
    {"type": "text_delta", "text": CANARY},
    {"type": "thinking_delta", "thinking": CANARY},
    {"type": "signature_delta", "signature": CANARY},
    {"type": "citations_delta", "citation": _CITED},
    {"type": CANARY, CANARY: CANARY},
]

MESSAGES = Secrets(
    arguments={
        "model": "claude-haiku-4-5",
        "max_tokens": 99,
        "system": [{"type": "text", "text": f"You are {CANARY}.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": CANARY},
            {
                "role": "user",
                "content": [
                    _TEXT,
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": CANARY}},
                    {"type": "document", "source": {"type": "url", "url": CANARY}, "title": CANARY, "context": CANARY},
                ],
            },
            {"role": "assistant", "content": [_TEXT, _USE]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": [_TEXT]}]},
        ],
        "tools": [{"name": "f", "description": CANARY, "input_schema": _SCHEMA}],
        "metadata": {"user_id": CANARY},
        "extra_headers": {"x-secret": CANARY, "authorization": f"Bearer {CANARY}"},
        "extra_query": {"q": CANARY},
        "extra_body": {
            "container": {"id": CANARY, "skills": [{"type": "custom", "skill_id": CANARY}]},
            "mcp_servers": [{"type": "url", "name": CANARY, "url": CANARY, "authorization_token": CANARY}],
            "more": {"deep": [CANARY]},
        },
    },
    answer=_MESSAGE,
    chunk={"type": "message_start", "message": _MESSAGE},
    more=[
        {"type": "content_block_start", "index": len(_CONTENT), "content_block": _CONTENT[2]},
        *({"type": "content_block_delta", "index": 2, "delta": delta} for delta in _DELTAS),
        {"type": "message_delta", "delta": {"stop_reason": "stop_sequence", "stop_sequence": CANARY}, "usage": {}},
    ],
)
