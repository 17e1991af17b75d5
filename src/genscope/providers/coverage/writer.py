"""All of the writer-sdk."""

from typing import Final

from genscope.providers.coverage import Coverage, Traced, Untraced

COVERAGE: Final = Coverage(
    release="3.0",
    traced=(
        Traced("POST /chat", "chat.chat chat.parse chat.stream", streams=True),
        Traced("POST /completions", "completions.create", streams=True),
        Traced("POST /translation", "translation.translate"),
        Traced("POST /vision", "vision.analyze"),
    ),
    untraced=(
        Untraced(
            "applications",
            ("/applications/...",),
            "no-code applications with models of their own; the answer names neither model nor tokens, not read yet",
        ),
        Untraced(
            "questions to a Knowledge Graph",
            ("POST /graphs/question",),
            "a retrieval with an answer, without model or tokens; not read yet",
        ),
        Untraced("tools", ("/tools/...",), "web search and PDF parser: no model is asked"),
        Untraced(
            "files, Knowledge Graphs",
            ("/files/...", "/graphs", "GET /graphs/{}", "PUT /graphs/{}", "DELETE /graphs/{}", "/graphs/{}/file/..."),
            "something is stored, no model is asked",
        ),
        Untraced("models", ("/models",), "a catalogue, no inference"),
    ),
)
