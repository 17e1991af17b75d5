"""The together SDK: https://github.com/togethercomputer/together-py"""

from typing import Final

from genscope.providers.routes import Route
from genscope.providers.stainless import Stainless
from genscope.wire import chat_completions, embeddings, images, speech, together_completions, transcriptions

TOGETHER: Final = Stainless(
    package="together",
    routes=(
        Route("POST", "/chat/completions", chat_completions),
        Route("POST", "/completions", together_completions),
        Route("POST", "/embeddings", embeddings),
        Route("POST", "/images/generations", images),
        Route("POST", "/audio/transcriptions", transcriptions),
        Route("POST", "/audio/translations", transcriptions),
        Route("POST", "/audio/speech", speech),
    ),
)
