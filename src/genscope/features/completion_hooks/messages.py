"""What a hook gets where opentelemetry-util-genai is not installed: dataclasses of the same names and fields.

The shapes are those of the conventions' message schemas, as `genscope.core.messages` has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class TextPart:
    content: str
    type: str = "text"


@dataclass
class ReasoningPart:
    content: str
    type: str = "reasoning"


@dataclass
class CompactionPart:
    id: str | None = None
    content: str | None = None
    type: str = "compaction"


@dataclass
class ToolCallRequestPart:
    arguments: Any
    name: str
    id: str | None
    type: str = "tool_call"


@dataclass
class ToolCallResponsePart:
    response: Any
    id: str | None
    type: str = "tool_call_response"


@dataclass
class ServerToolCallPart:
    name: str
    server_tool_call: Any
    id: str | None = None
    type: str = "server_tool_call"


@dataclass
class ServerToolCallResponsePart:
    server_tool_call_response: Any
    id: str | None = None
    type: str = "server_tool_call_response"


@dataclass
class FilePart:
    mime_type: str | None
    modality: str
    file_id: str
    type: str = "file"


@dataclass
class UriPart:
    mime_type: str | None
    modality: str
    uri: str
    type: str = "uri"


@dataclass
class GenericPart:
    """What there are no words for: `type` is what the provider calls it."""

    type: str


@dataclass
class InputMessage:
    role: str
    parts: list[Any]
    name: str | None = None


@dataclass
class OutputMessage:
    role: str
    parts: list[Any]
    finish_reason: str | None = None
    name: str | None = None


@dataclass
class FunctionToolDefinition:
    name: str
    description: str | None
    parameters: Any
    type: str = "function"


@dataclass
class GenericToolDefinition:
    name: str
    type: str
