"""All of the openai SDK."""

from typing import Final

from genscope.providers.coverage import Coverage, Traced, Untraced

COVERAGE: Final = Coverage(
    release="3.54",
    traced=(
        Traced(
            "POST /chat/completions",
            "chat.completions.create chat.completions.parse chat.completions.stream",
            streams=True,
        ),
        Traced("POST /responses", "responses.create responses.parse responses.stream", streams=True),
        Traced("POST /responses/compact", "responses.compact"),
        Traced("GET /responses/{response_id}", "responses.retrieve responses.stream", streams=True),
        Traced("POST /responses/{response_id}/cancel", "responses.cancel"),
        Traced("POST /embeddings", "embeddings.create"),
        Traced("POST /completions", "completions.create", streams=True),
        Traced("POST /images/generations", "images.generate", streams=True),
        Traced("POST /images/edits", "images.edit", streams=True),
        Traced("POST /images/variations", "images.create_variation"),
        Traced("POST /audio/transcriptions", "audio.transcriptions.create", streams=True),
        Traced("POST /audio/translations", "audio.translations.create"),
        Traced("POST /audio/speech", "audio.speech.create", streams=True),
        Traced("POST /moderations", "moderations.create"),
        Traced("POST /decisions", "decisions.create"),
    ),
    untraced=(
        Untraced(
            "WebSockets: Realtime, Live, `responses.connect`",
            ("/realtime/...", "/live/..."),
            "a session is no request; the requests only open or steer one",
            calls=("*.connect",),
        ),
        Untraced("batches", ("/batches/...",), "the calls are answered later, in a file"),
        Untraced("videos", ("/videos/...",), "the answer is a job, and the film comes later"),
        Untraced(
            "assistants and threads",
            ("/assistants/...", "/threads/..."),
            "deprecated; a run goes on at the provider, and its usage comes with a later request",
        ),
        Untraced(
            "hosted agents, ChatKit",
            ("/agents/...", "/vaults/...", "/chatkit/..."),
            "they run at the provider; a request only starts or watches them",
        ),
        Untraced(
            "vector stores",
            ("/vector_stores/...",),
            "documents are stored; the search in them is a retrieval, which is not traced yet",
        ),
        Untraced("counting the tokens of an input", ("POST /responses/input_tokens",), "no inference, no tokens used"),
        Untraced(
            "stored responses, completions and conversations",
            (
                "DELETE /responses/{}",
                "GET /responses/{}/input_items",
                "GET /chat/completions/...",
                "POST /chat/completions/{}",
                "DELETE /chat/completions/{}",
                "/conversations/...",
            ),
            "listed, changed or deleted: no inference",
        ),
        Untraced("fine-tuning, evals", ("/fine_tuning/...", "/evals/..."), "jobs at the provider"),
        Untraced(
            "files, uploads, containers, skills, voices",
            (
                "/files/...",
                "/uploads/...",
                "/containers/...",
                "/skills/...",
                "/audio/voices/...",
                "/audio/voice_consents/...",
            ),
            "something is stored, no model is asked",
        ),
        Untraced(
            "models, administration, webhooks, safety",
            (
                "/models/...",
                "/organization/...",
                "/projects/...",
                "/webhook_endpoints/...",
                "/webhook_event_types/...",
                "/safety/...",
                "/content_provenance_checks/...",
            ),
            "accounts and catalogues, no inference",
        ),
    ),
)
