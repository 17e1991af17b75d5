"""The groq SDK under the contract."""

from __future__ import annotations

from genscope.instrumentors import GroqInstrumentor

from .family import chat, sdk
from .vocabulary import Api

GROQ = sdk(
    "groq",
    "Groq",
    GroqInstrumentor,
    apis=(
        chat("llama-3.3-70b-versatile", "groq.types.chat:ChatCompletion ChatCompletionChunk"),
        Api(
            "speech",
            "audio.speech",
            "create",
            {"model": "playai-tts", "voice": "Fritz-PlayAI", "input": "Which city?"},
            url="/openai/v1/audio/speech",
            answer="groq._response:BinaryAPIResponse",
            operation="generate_content",
            model="playai-tts",
            asked={"gen_ai.output.type": "speech"},
            brief=True,
        ),
    ),
)
