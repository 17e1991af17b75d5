"""All of the groq SDK."""

from typing import Final

from genscope.providers.coverage import Coverage, Traced, Untraced

COVERAGE: Final = Coverage(
    release="1.7",
    traced=(
        Traced("POST /chat/completions", "chat.completions.create", streams=True),
        Traced("POST /embeddings", "embeddings.create"),
        Traced("POST /audio/transcriptions", "audio.transcriptions.create"),
        Traced("POST /audio/translations", "audio.translations.create"),
        Traced("POST /audio/speech", "audio.speech.create"),
    ),
    untraced=(
        Untraced("batches", ("/batches/...",), "the calls are answered later, in a file"),
        Untraced("files", ("/files/...",), "something is stored, no model is asked"),
        Untraced("models", ("/models/...",), "a catalogue, no inference"),
    ),
)
