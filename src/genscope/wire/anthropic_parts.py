"""The blocks of Anthropic's messages that are no tool's, as parts of messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from genscope.core import messages
from genscope.core.messages import Part
from genscope.wire.json_values import items, label, named, words

Fields = Mapping[str, Any]
Kinds = Mapping[str, Callable[[Fields], Iterable[Part]]]
"""How the blocks of each type are read."""


def parts_of(content: Any, kinds: Kinds | None = None) -> list[Part]:
    """What `content` holds: a string, or a list of blocks of these `kinds`, else of those of this module."""
    written = words(content)
    if written is not None:
        return [messages.text(written)] if written else []
    found = (part for block in items(content) for part in _parts(block, PARTS if kinds is None else kinds))
    return [part for part in found if part.get("content") != ""]


def _parts(block: Any, kinds: Kinds) -> Iterable[Part]:
    """The parts of one block. One that we cannot read leaves its type; what has none says nothing."""
    written = words(block)
    if written is not None:
        return (messages.text(written),)
    said = named(block)
    kind = label(said.get("type"))
    if kind is None:
        return ()
    return (list(kinds[kind](said)) if kind in kinds else None) or (messages.other(kind),)


def _written(said: Fields, *, key: str = "text", part: Callable[[str], Part] = messages.text) -> Iterator[Part]:
    written = words(said.get(key))
    if written is not None:
        yield part(written)


def _media(said: Fields, *, modality: str) -> Iterator[Part]:
    """What is embedded, at an address, or uploaded before; under its title if it has one."""
    source = named(said.get("source"))
    kind, title = label(source.get("type")), label(said.get("title"))
    named_so = {} if title is None else {"filename": title}
    data, address, file_id = words(source.get("data")), words(source.get("url")), label(source.get("file_id"))
    if kind == "base64" and data:
        yield messages.embedded(data, label(source.get("media_type")), modality) | named_so
    elif kind == "url" and address:
        yield messages.uri(address, modality=modality) | named_so
    elif kind == "file" and file_id is not None:
        yield messages.file(file_id, modality=modality) | named_so


def _document(said: Fields) -> Iterator[Part]:
    yield from _written(said, key="context")
    source = named(said.get("source"))
    kind = label(source.get("type"))
    if kind == "text":
        yield from _written(source, key="data")
    elif kind == "content":
        yield from parts_of(source.get("content"), _WITHIN)
    else:
        yield from _media(said, modality="document")


def _search_result(said: Fields) -> Iterator[Part]:
    """Where it was found, if it says so, and what was found."""
    source, title = words(said.get("source")), label(said.get("title"))
    if source:
        yield messages.uri(source, modality="document") | ({} if title is None else {"filename": title})
    yield from parts_of(said.get("content"), _WITHIN)


def _upload(said: Fields) -> Iterator[Part]:
    file_id = label(said.get("file_id"))
    if file_id is not None:
        yield messages.file(file_id)


def _compaction(said: Fields) -> Iterator[Part]:
    yield messages.compaction(None, words(said.get("content")) or None)


_WITHIN: Final[Kinds] = {"text": _written, "image": partial(_media, modality="image")}
"""What a document or a search result may hold: nothing that holds more."""

PARTS: Final[Kinds] = {
    **_WITHIN,
    "thinking": partial(_written, key="thinking", part=messages.reasoning),
    "document": _document,
    "search_result": _search_result,
    "container_upload": _upload,
    "compaction": _compaction,
}
