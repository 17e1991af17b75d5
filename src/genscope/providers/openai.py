"""The openai SDK, 1.26 and later: https://github.com/openai/openai-python

Other providers that speak its formats are reached through it by their base URL (`providers.hosts`).
"""

from typing import Final

from genscope.providers.routes import Route
from genscope.providers.stainless import Stainless
from genscope.wire import chat_completions, embeddings, fetched_responses, responses, text_completions

OPENAI: Final = Stainless(
    package="openai",
    routes=(
        Route("POST", "/chat/completions", chat_completions),
        Route("POST", "/responses", responses),
        Route("POST", "/responses/compact", responses),
        Route("GET", "/responses/{response_id}", fetched_responses),
        Route("POST", "/embeddings", embeddings),
        Route("POST", "/completions", text_completions),
    ),
    clients={"AzureOpenAI": "azure.ai.openai", "AsyncAzureOpenAI": "azure.ai.openai"},
)
