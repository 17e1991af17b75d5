"""The openai SDK, 1.26 and later: https://github.com/openai/openai-python

Other providers that speak its formats are reached through it by their base URL (`providers.hosts`).
"""

from typing import Final

from genscope.providers.routes import Route
from genscope.providers.stainless import Stainless
from genscope.wire import (
    cancelled_responses,
    chat_completions,
    decisions,
    embeddings,
    fetched_responses,
    images,
    moderations,
    responses,
    speech,
    text_completions,
    transcriptions,
)

OPENAI: Final = Stainless(
    package="openai",
    routes=(
        Route("POST", "/chat/completions", chat_completions),
        Route("POST", "/responses", responses),
        Route("POST", "/responses/compact", responses),
        Route("GET", "/responses/{response_id}", fetched_responses),
        Route("POST", "/responses/{response_id}/cancel", cancelled_responses),
        Route("POST", "/embeddings", embeddings),
        Route("POST", "/completions", text_completions),
        Route("POST", "/images/generations", images),
        Route("POST", "/images/edits", images),
        Route("POST", "/images/variations", images),
        Route("POST", "/audio/transcriptions", transcriptions),
        Route("POST", "/audio/translations", transcriptions),
        Route("POST", "/audio/speech", speech),
        Route("POST", "/moderations", moderations),
        Route("POST", "/decisions", decisions),
    ),
    clients={"AzureOpenAI": "azure.ai.openai", "AsyncAzureOpenAI": "azure.ai.openai"},
)
