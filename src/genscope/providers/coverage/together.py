"""All of the together SDK."""

from typing import Final

from genscope.providers.coverage import Coverage, Traced, Untraced

COVERAGE: Final = Coverage(
    release="3.1",
    traced=(
        Traced("POST /chat/completions", "chat.completions.create", streams=True),
        Traced("POST /completions", "completions.create", streams=True),
        Traced("POST /embeddings", "embeddings.create"),
        Traced("POST /images/generations", "images.generate"),
        Traced("POST /audio/transcriptions", "audio.transcriptions.create"),
        Traced("POST /audio/translations", "audio.translations.create"),
        Traced("POST /audio/speech", "audio.speech.create", streams=True),
    ),
    untraced=(
        Untraced("rerank", ("POST /rerank",), "a model puts documents in order; not read yet"),
        Untraced(
            "WebSockets: realtime transcription",
            (),
            "a session is no request",
            calls=("*.realtime.connect", "*.realtime.transcription"),
        ),
        Untraced("batches", ("/batches/...",), "the calls are answered later, in a file"),
        Untraced("videos", ("/videos/...",), "the answer is a job, and the film comes later"),
        Untraced(
            "fine-tuning, post-training, evals",
            ("/fine-tunes/...", "/finetune/...", "/rl/...", "/shaping/...", "/evaluation/..."),
            "jobs at the provider; a sample that a model in training gives comes with a later request",
        ),
        Untraced(
            "containers of your own: deployments and their queue",
            ("/deployments/...", "/queue/..."),
            "your program runs there; a request starts or watches it, or hands it a job",
        ),
        Untraced(
            "dedicated endpoints, clusters",
            ("/projects/{}/endpoints/...", "/organizations/{}/endpoints", "/compute/..."),
            "machines are rented; what is asked of the models on them is traced",
            former=("/endpoints/...", "/clusters/..."),
        ),
        Untraced("code interpreter", (), "runs code, no model is asked", former=("/tci/...",)),
        Untraced("files, voices", ("/files/...", "/voices"), "something is stored or listed, no model is asked"),
        Untraced(
            "models, hardware, projects, billing",
            (
                "GET /projects",
                "/projects/{}/models/...",
                "/projects/{}/configs/...",
                "/projects/{}/placement-profiles/...",
                "/organizations/{}/models",
                "/supported-models/...",
                "/public/...",
                "/billing/...",
            ),
            "accounts and catalogues, no inference",
            former=("/models/...", "/hardware", "/jobs/..."),
        ),
    ),
)
