"""The parts that messages are made of, in all formats of OpenAI: chat completions nest what responses do not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from genscope.core import messages
from genscope.core.messages import Part
from genscope.wire.json_values import copied, items, label, named, words

Fields = Mapping[str, Any]


def parts_of(content: Any) -> list[Part]:
    """What `content` holds: a string, or a list of parts."""
    written = words(content)
    if written is not None:
        return [messages.text(written)] if written else []
    return [part for part in map(part_of, items(content)) if part is not None and part.get("content") != ""]


def instructions_of(parts: Iterable[Part]) -> list[Part] | None:
    """The conventions have text for instructions, and no other parts of their own."""
    texts = ("text", "generic")
    return [part if part["type"] in texts else messages.other(part["type"]) for part in parts] or None


def part_of(said: Any) -> Part | None:
    """One part. One that we cannot read leaves its type; what has none says nothing."""
    written = words(said)
    if written is not None:
        return messages.text(written)
    said = named(said)
    kind = label(said.get("type"))
    if kind is None:
        return None
    read = _PARTS.get(kind)
    part = None if read is None else read(said)
    return messages.other(kind) if part is None else part


def result_of(value: Any) -> Any:
    """What a tool gave back: text, parts, or whatever JSON it is."""
    written = words(value)
    if written is not None:
        return written
    return parts_of(value) or part_of(value) or copied(value)


def audio(data: Any, format: Any = None) -> Part | None:
    """Sound, as bytes or as base64."""
    data, format = data if type(data) is bytes else words(data), label(format)
    if not data:
        return None
    return messages.embedded(data, format and f"audio/{_AUDIO_TYPES.get(format, format)}", "audio")


_AUDIO_TYPES: Final = {"mp3": "mpeg"}


def _text(said: Fields, *, key: str = "text", part: Callable[[str], Part] = messages.text) -> Part | None:
    written = words(said.get(key))
    return None if written is None else part(written)


def _media(said: Fields, *, key: str, modality: str) -> Part | None:
    """By address or by the id of an upload. Chat completions nest the address, some servers and responses do not."""
    address = words(said.get(key)) or words(named(said.get(key)).get("url"))
    if address:
        return messages.uri(address, modality=modality)
    file_id = label(said.get("file_id"))
    return None if file_id is None else messages.file(file_id, modality=modality)


def _audio(said: Fields) -> Part | None:
    said = named(said.get("input_audio"))
    return audio(said.get("data"), said.get("format"))


def _file(said: Fields) -> Part | None:
    said = named(said.get("file")) or said
    file_id, address, data = label(said.get("file_id")), words(said.get("file_url")), words(said.get("file_data"))
    if file_id is not None:
        part = messages.file(file_id)
    elif address:
        part = messages.uri(address)
    elif data:
        part = messages.uri(data) if data[:5].lower() == "data:" else messages.embedded(data)
    else:
        return None
    filename = label(said.get("filename"))
    return part if filename is None else part | {"filename": filename}


_image: Final = partial(_media, key="image_url", modality="image")

_PARTS: Final[Mapping[str, Callable[[Fields], Part | None]]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "summary_text": partial(_text, part=messages.reasoning),
    "reasoning_text": partial(_text, part=messages.reasoning),
    "refusal": partial(_text, key="refusal"),
    "image_url": _image,
    "input_image": _image,
    "computer_screenshot": _image,
    "logs": partial(_text, key="logs"),  # of the code interpreter, as is
    "image": partial(_media, key="url", modality="image"),
    "audio_url": partial(_media, key="audio_url", modality="audio"),  # not OpenAI's: vLLM, OpenRouter
    "video_url": partial(_media, key="video_url", modality="video"),
    "input_audio": _audio,
    "file": _file,
    "input_file": _file,
}
