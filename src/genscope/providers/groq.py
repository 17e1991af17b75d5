"""The groq SDK: https://github.com/groq/groq-python"""

from typing import Final

from genscope.providers.routes import Route
from genscope.providers.stainless import Stainless
from genscope.wire import embeddings, groq_chat, speech, transcriptions

GROQ: Final = Stainless(
    package="groq",
    routes=(
        Route("POST", "/chat/completions", groq_chat),
        Route("POST", "/embeddings", embeddings),
        Route("POST", "/audio/transcriptions", transcriptions),
        Route("POST", "/audio/translations", transcriptions),
        Route("POST", "/audio/speech", speech),
    ),
)
