"""All of the cerebras-cloud-sdk."""

from typing import Final

from genscope.providers.coverage import Coverage, Traced, Untraced

COVERAGE: Final = Coverage(
    release="1.91",
    traced=(
        Traced("POST /chat/completions", "chat.completions.create", streams=True),
        Traced("POST /completions", "completions.create", streams=True),
    ),
    untraced=(
        Untraced("models", ("/models/...",), "a catalogue, no inference"),
        Untraced("a new client", ("GET /tcp_warming",), "it opens its connection before the first call: no inference"),
    ),
)
