"""What is said in images: the prompt, and each image by its address or its hash.

A `core.reader.ContentReader`. Images to be edited are files, which are the SDK's to read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from genscope.core import messages
from genscope.core.messages import Content, Part
from genscope.wire import media_events
from genscope.wire.content_parts import parts_of
from genscope.wire.fields import members
from genscope.wire.json_values import items, label, named, words

__all__ = ["Transcript", "read_input", "read_output"]

_IMAGES: Final = frozenset({"image_generation.completed", "image_edit.completed"})


class Transcript(media_events.Answer):
    """Keeps the images that are finished; the previews before them are no answer."""

    __slots__ = ("data",)

    def __init__(self) -> None:
        super().__init__()
        self.data: list[Any] = []

    def fold(self, event: Any) -> None:
        super().fold(event)
        if words(members(event).get("type")) in _IMAGES:
            self.data.append(event)


def read_input(content: Content, body: Mapping[str, Any]) -> None:
    parts = parts_of(words(body.get("prompt")))
    content.input = [messages.message("user", parts)] if parts else None


def read_output(content: Content, answer: Any) -> None:
    """An image is a choice, so it has a message of its own. A whole answer names the format once for all of them."""
    format = label(getattr(answer, "output_format", None))
    images = map(named, items(getattr(answer, "data", None)))
    content.output = messages.spoken([messages.message("assistant", list(_parts(image, format))) for image in images])


def _parts(image: Mapping[str, Any], format: str | None) -> Iterator[Part]:
    format = label(image.get("output_format")) or format
    mime_type = format and f"image/{_IMAGE_TYPES.get(format, format)}"
    data, address = words(image.get("b64_json")), words(image.get("url"))
    if data:
        yield messages.embedded(data, mime_type, "image")
    elif address:
        yield messages.uri(address, mime_type, "image")
    revised = words(image.get("revised_prompt"))
    if revised:
        yield messages.text(revised)


_IMAGE_TYPES: Final = {"svg": "svg+xml", "jpg": "jpeg"}
