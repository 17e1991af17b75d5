"""The cerebras-cloud-sdk: https://github.com/Cerebras/cerebras-cloud-sdk-python"""

from typing import Final

from genscope.providers.routes import Route
from genscope.providers.stainless import Stainless
from genscope.wire import chat_completions, text_completions

CEREBRAS: Final = Stainless(
    alias="cerebras",
    package="cerebras.cloud.sdk",
    routes=(
        Route("POST", "/chat/completions", chat_completions),
        Route("POST", "/completions", text_completions),
    ),
)
