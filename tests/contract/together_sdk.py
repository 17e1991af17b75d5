"""The together SDK under the contract."""

from __future__ import annotations

from genscope.instrumentors import TogetherInstrumentor

from .family import STOPPED, TOTALS, chat, sdk
from .vocabulary import Api

MODEL = "meta-llama/Llama-3.3-70B-Instruct-Turbo"
_WHO = {"gen_ai.response.model": MODEL, "gen_ai.response.id": "cmpl-N"}

TOGETHER = sdk(
    "together",
    "Together",
    TogetherInstrumentor,
    apis=(
        chat(MODEL, "together.types.chat:ChatCompletion ChatCompletionChunk"),
        Api(
            "completions",
            "completions",
            "create",
            {"model": MODEL, "prompt": "Which city?", "seed": 7},
            url="/completions",
            answer="together.types:Completion",
            chunk="together.types:CompletionChunk",
            operation="text_completion",
            model=MODEL,
            asked={"gen_ai.request.seed": 7},
            told={**STOPPED, **_WHO},
            begun=_WHO,
            usage=TOTALS,
            frames=8,
            held=2,
            brief=True,
        ),
    ),
)
