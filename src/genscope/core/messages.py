"""What was said in a call, as message parts in the shape of the conventions.

Plain JSON values, so that whoever writes them somewhere needs no more than a serialiser. The shapes are those of the
schemas beside https://github.com/open-telemetry/semantic-conventions-genai (`gen-ai-input-messages.json` and others),
each part of a type that the schemas name. Bytes never get in: what is embedded is named by its hash.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

Part = dict[str, Any]
Message = dict[str, Any]
ToolDefinition = dict[str, Any]


@dataclass(slots=True)
class Content:
    """The content of one call; None is what was not there. Read only when some stage asked for it."""

    instructions: Sequence[Part] | None = None
    """Instructions given apart from the messages. A system message in the history stays among these."""
    input: Sequence[Message] | None = None
    """The messages, oldest first, as sent."""
    output: Sequence[Message] | None = None
    """One message for each choice, in the order of the choices."""
    tools: Sequence[ToolDefinition] | None = None
    error: str | None = None
    """The text of the exception that the call let out: it may quote any of the others."""
    tool_parameters: bool = True
    """Whether anybody wants the schemas of the tools' parameters: they are the one thing that is dear to copy."""


def message(role: str, parts: Sequence[Part], *, name: str | None = None, finish_reason: str | None = None) -> Message:
    """`role` is system, user, assistant, tool, or the provider's own word."""
    found: Message = {"role": role, "parts": parts}
    if name is not None:
        found["name"] = name
    if finish_reason is not None:
        found["finish_reason"] = finish_reason
    return found


def spoken(answered: Sequence[Message]) -> Sequence[Message] | None:
    """The messages of an answer; None if there is nothing in them, for a failure is not an empty answer."""
    return answered if any(one["parts"] or one.get("finish_reason", "error") != "error" for one in answered) else None


def text(content: str) -> Part:
    """What was written; a refusal too, for it is what the model answers."""
    return {"type": "text", "content": content}


def reasoning(content: str) -> Part:
    return {"type": "reasoning", "content": content}


def compaction(id: str | None, content: str | None = None) -> Part:
    """Where a provider has put a shorter text in the place of older messages."""
    return {"type": "compaction", "id": id, "content": content}


def tool_call(name: str, id: str | None, arguments: Any) -> Part:
    """The model asks the application to run a tool; `arguments` any JSON, as a value rather than as a string."""
    return {"type": "tool_call", "id": id, "name": name, "arguments": arguments}


def tool_call_response(id: str | None, response: Any) -> Part:
    """What the tool answered, any JSON."""
    return {"type": "tool_call_response", "id": id, "response": response}


def server_tool_call(name: str, id: str | None, call: Part) -> Part:
    """The provider ran a tool of its own; `call` is an object with a `type`."""
    return {"type": "server_tool_call", "id": id, "name": name, "server_tool_call": call}


def server_tool_call_response(id: str | None, response: Part) -> Part:
    """What a tool of the provider's answered; `response` is an object with a `type`."""
    return {"type": "server_tool_call_response", "id": id, "server_tool_call_response": response}


def other(kind: str, id: str | None = None) -> Part:
    """What we have no words for, so that its place is not empty; `kind` is the provider's name for it.

    The shape is the one that the conventions are about to demand of such parts (semantic-conventions-genai #584): with
    `kind` itself as the type, a part could claim to be of a type whose fields it lacks.
    """
    part: Part = {"type": "generic", "generic_type": kind}
    return part if id is None else part | {"id": id}


def file(file_id: str, mime_type: str | None = None, modality: str | None = None) -> Part:
    """A file that was uploaded to the provider before."""
    return _typed({"type": "file", "modality": modality or modality_of(mime_type), "file_id": file_id}, mime_type)


def uri(address: str, mime_type: str | None = None, modality: str | None = None) -> Part:
    """A reference to a file. A `data:` URL is embedded data and comes out as its hash."""
    if len(address) > _LONGEST_ADDRESS and ":" not in address[:_LONGEST_ADDRESS]:  # some servers take bare base64
        return embedded(address, mime_type, modality)
    if address[:5].lower() == "data:":
        head, _, data = address[5:].partition(",")
        kind, *options = head.split(";")
        mime_type = kind or mime_type
        return embedded(data if "base64" in options else data.encode("utf-8", "replace"), mime_type, modality)
    return _typed({"type": "uri", "modality": modality or modality_of(mime_type), "uri": address}, mime_type)


_LONGEST_ADDRESS: Final = 512
"""Characters, of one without a scheme."""


def embedded(data: str | bytes, mime_type: str | None = None, modality: str | None = None) -> Part:
    """Bytes, or base64 of them, named by their hash (RFC 6920) and `size` in bytes: they never leave the process."""
    if isinstance(data, str):
        try:
            data = base64.b64decode(data)
        except (binascii.Error, ValueError):  # the provider will refuse it; it is named by what it is
            data = data.encode("utf-8", "replace")
    import hashlib  # here: it brings OpenSSL, which takes longer to load than all of ours

    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return uri(f"ni:///sha-256;{digest}", mime_type, modality) | {"size": len(data)}


def modality_of(mime_type: str | None) -> str:
    """image, video, audio or document."""
    family = (mime_type or "").partition("/")[0].lower()
    return family if family in ("image", "video", "audio") else "document"


def _typed(part: Part, mime_type: str | None) -> Part:
    return part | {"mime_type": mime_type} if mime_type else part
