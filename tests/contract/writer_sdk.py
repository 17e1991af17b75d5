"""The writer-sdk under the contract."""

from __future__ import annotations

from pydantic import BaseModel

from genscope.instrumentors import WriterInstrumentor

from .family import TOTALS, chat, sdk


class City(BaseModel):
    """What a parsed answer holds."""

    city: str


WRITER = sdk(
    "writerai",
    "Writer",
    WriterInstrumentor,
    apis=(
        chat(
            "palmyra-x5",
            "writerai.types:ChatCompletion ChatCompletionChunk",
            resource="chat",
            method="chat",
            url="/v1/chat",
            usage=TOTALS,
            error_events=True,
            extra={"helper": {}, "parse": {"response_format": City}},
        ),
    ),
)
