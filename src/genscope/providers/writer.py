"""The writer-sdk: https://github.com/writer/writer-sdk-python"""

from typing import Final

from genscope.providers.routes import Route
from genscope.providers.stainless import Stainless
from genscope.wire import writer_chat, writer_completions, writer_tasks

WRITER: Final = Stainless(
    alias="writer",
    package="writerai",
    routes=(
        Route("POST", "/chat", writer_chat),
        Route("POST", "/completions", writer_completions),
        Route("POST", "/vision", writer_tasks),
        Route("POST", "/translation", writer_tasks),
    ),
)
