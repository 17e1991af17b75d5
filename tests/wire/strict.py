"""Content under a strict reading of the conventions: each part is whole, of the type that it names.

The schemas end every list of parts with a generic one that needs no more than a type, so a text without its content
would pass. Here it does not: a part is held against the type it names, and an unknown type is refused. Written out
below; where the schemas of the conventions are at hand (`../shared/semconv`), these are read as strictly.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from genscope.core.messages import Content
from genscope.core.reader import Reader
from genscope.wire.fields import objects

FINISH_REASONS = {"stop", "length", "content_filter", "tool_call", "compaction", "error"}

NAMED = (str, type(None))
ANY = object
# type of a part -> its fields: those that must be there, those that may
PARTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": ({"content": str}, {}),
    "reasoning": ({"content": str}, {}),
    "compaction": ({}, {"id": NAMED, "content": NAMED}),
    "tool_call": ({"name": str}, {"id": NAMED, "arguments": ANY}),
    "tool_call_response": ({"response": ANY}, {"id": NAMED}),
    "server_tool_call": ({"name": str, "server_tool_call": dict}, {"id": NAMED}),
    "server_tool_call_response": ({"server_tool_call_response": dict}, {"id": NAMED}),
    "file": ({"modality": str, "file_id": str}, {"mime_type": NAMED, "filename": str}),
    "uri": ({"modality": str, "uri": str}, {"mime_type": NAMED, "size": int, "filename": str}),
    "generic": ({"generic_type": str}, {"id": str}),  # semantic-conventions-genai #584
}


def check(content: Content) -> Content:
    """Fails if anything in `content` is not as the conventions have it; gives it back."""
    for value in (content.instructions, content.input, content.output, content.tools):
        assert value is None or (type(value) is list and value)  # nothing is None
        _plain(value)
    for part in content.instructions or ():
        _part(part)
        assert part["type"] in ("text", "generic")
    for message in content.input or ():
        _message(message, {"name": str})
    for message in content.output or ():
        _message(message, {"name": str, "finish_reason": str})
    for tool in content.tools or ():
        _fields(tool, {"type": str, "name": str}, {"description": str, "parameters": (dict, type(None))})
        assert tool["type"] == "function" or tool.keys() == {"type", "name"}
    _held_against_the_schemas(content)
    return content


def _message(message: Any, optional: dict[str, Any]) -> None:
    _fields(message, {"role": str, "parts": list}, optional)
    assert message["role"]
    for part in message["parts"]:
        _part(part)


def _part(part: Any) -> None:
    assert part["type"] in PARTS, part
    required, optional = PARTS[part["type"]]
    _fields(part, {"type": str, **required}, optional)
    if part["type"] in ("server_tool_call", "server_tool_call_response"):
        assert type(part[part["type"]].get("type")) is str
    if part["type"] in ("file", "uri"):
        assert part["modality"] in ("image", "video", "audio", "document")
    if part["type"] == "uri":
        assert not part["uri"].lower().startswith("data:")


def _fields(value: Any, required: Mapping[str, Any], optional: Mapping[str, Any]) -> None:
    assert type(value) is dict
    assert required.keys() <= value.keys() <= required.keys() | optional.keys(), value
    for name, cls in {**required, **optional}.items():
        assert name not in value or isinstance(value[name], cls), value


def _plain(value: Any) -> None:
    """Nothing but JSON, of the plain types: no sentinel, no bytes, no object of somebody's."""
    if type(value) is dict:
        assert all(type(key) is str for key in value)
        for inner in value.values():
            _plain(inner)
    elif type(value) is list:
        for inner in value:
            _plain(inner)
    else:
        assert value is None or type(value) in (bool, int, float, str), value
        assert type(value) is not float or math.isfinite(value)


# --- the schemas themselves

_SCHEMAS = Path(__file__).resolve().parents[3] / "shared/semconv/main/model/gen-ai"


def _held_against_the_schemas(content: Content) -> None:
    if _SCHEMAS.is_dir():
        for name, value in (
            ("system-instructions", content.instructions),
            ("input-messages", content.input),
            ("output-messages", content.output),
            ("tool-definitions", content.tools),
        ):
            if value is not None:
                schema = _schema(name)
                assert _fits(value, schema, schema["$defs"]), value


@cache
def _schema(name: str) -> dict[str, Any]:
    return json.loads((_SCHEMAS / f"gen-ai-{name}.json").read_text("utf-8"))


def _fits(value: Any, schema: Mapping[str, Any], defs: Mapping[str, Any]) -> bool:
    """As much of JSON Schema as those schemas use; of `anyOf` with types that name themselves, the named one."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _fits(value, defs[name], defs) if name in defs else isinstance(value, (dict, bool))
    if "anyOf" in schema:
        named = [one for one in schema["anyOf"] if _names(one, defs, value)]
        return any(_fits(value, one, defs) for one in named or schema["anyOf"])
    types = {"object": dict, "array": list, "string": str, "null": type(None), "integer": int, "boolean": bool}
    if "type" in schema and not isinstance(value, types[schema["type"]]):
        return False
    if ("const" in schema and value != schema["const"]) or ("enum" in schema and value not in schema["enum"]):
        return False
    if isinstance(value, dict):
        fields = schema.get("properties", {})
        return all(name in value for name in schema.get("required", ())) and all(
            _fits(value[name], field, defs) for name, field in fields.items() if name in value
        )
    return not isinstance(value, list) or all(_fits(one, schema.get("items", {}), defs) for one in value)


def _names(schema: Mapping[str, Any], defs: Mapping[str, Any], value: Any) -> bool:
    own = defs.get(schema.get("$ref", "").rpartition("/")[2], {}).get("properties", {}).get("type", {})
    return isinstance(value, dict) and own.get("const", own) == value.get("type")


# --- what a reader makes of what was said


def heard(reader: Reader, body: Mapping[str, Any]) -> Content:
    """The content of a request."""
    content = Content()
    reader.CONTENT.read_input(content, body)
    return check(content)


def answered(reader: Reader, answer: Any) -> Content:
    """The content of an answer; a whole one passes through `objects` in the seam."""
    content = Content()
    reader.CONTENT.read_output(content, objects(answer))
    return check(content)


def streamed(reader: Reader, chunks: Iterable[Any]) -> Content:
    """The content of a stream; the chunks are followed as they are in a call."""
    content, answer = Content(), reader.CONTENT.Transcript()
    assert isinstance(answer, reader.Answer)  # and so has what the reader reads
    for chunk in chunks:
        answer.fold(chunk)
        answer.lead(chunk)
    reader.CONTENT.read_output(content, answer)
    return check(content)
