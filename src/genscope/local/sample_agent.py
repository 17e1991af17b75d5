"""`sample_app`, and after it a small agent that says what it does, for whom and in which conversation.

That is what calls alone do not tell. `genscope demo` runs it, with the settings of `sample_app`:

genscope run -m genscope.local.sample_agent
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam
from opentelemetry import _logs

import genscope
from genscope import semconv
from genscope.local import sample_app
from genscope.local.sample_app import MODEL, SCENARIOS, WEATHER

GUIDES = {
    "Paris": "Paris, the capital of France, has twenty districts. The towers of Notre-Dame are open again.",
    "London": "London's museums are free. The river is best seen from one of the piers.",
    "Rome": "Rome is best seen on foot, early in the morning.",
}
INSTRUCTIONS = "You are a guide. Answer in one or two sentences, by the passages and the tools that you have."
_TURNS = 4

Messages = list[ChatCompletionMessageParam]


@genscope.retrieval("guides", top_k=2)
def search(question: str) -> Sequence[str]:
    """Passages of the guides, the best first."""
    asked = set(question.lower().split())
    return sorted(GUIDES.values(), key=lambda passage: -len(asked & set(passage.lower().split())))[:2]


@genscope.tool
def get_weather(city: str) -> dict[str, Any]:
    return {"city": city, "degrees": 18, "sky": "sunny"}


@genscope.agent("travel guide")
def assist(client: OpenAI, messages: Messages) -> str:
    """Calls of the model until it asks for no more tools. All are streamed: nobody knows which is the last."""
    for _ in range(_TURNS):
        with client.chat.completions.stream(
            model=MODEL, messages=messages, tools=[WEATHER], stream_options={"include_usage": True}
        ) as stream:
            message = stream.get_final_completion().choices[0].message
        messages.append({"role": "assistant", "content": message.content, "tool_calls": _asked(message.tool_calls)})
        if not message.tool_calls:
            judge(message.content or "")
            return message.content or ""
        for call in message.tool_calls:
            result = get_weather(**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})
    return ""


def _asked(calls: Any) -> Any:
    """As they go back to the model; the SDK has more in them than it takes."""
    return [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.function.name, "arguments": call.function.arguments},
        }
        for call in calls or ()
    ]


def judge(answer: str) -> None:
    """A verdict on what is being done, as the conventions have it: an event."""
    score = min(1.0, len(answer) / 40)
    verdict = {
        semconv.EVALUATION_NAME: "conciseness",
        semconv.EVALUATION_SCORE: score,
        semconv.EVALUATION_LABEL: "pass" if score > 0.5 else "fail",
        semconv.EVALUATION_EXPLANATION: f"{len(answer.split())} words",
    }
    try:
        _logs.get_logger(__name__).emit(event_name=semconv.EVALUATION_EVENT, attributes=verdict)
    except TypeError:  # OpenTelemetry before 1.37 has no such events
        pass


@genscope.workflow("answer a traveller")
def answer(client: OpenAI, messages: Messages, question: str) -> str:
    passages = "\n".join(search(question))
    if not messages:
        messages.append({"role": "system", "content": f"{INSTRUCTIONS}\n\n{passages}"})
    messages.append({"role": "user", "content": question})
    return assist(client, messages)


def main() -> None:
    sample_app.main()
    client = OpenAI()
    with_tools = client.with_options(base_url=SCENARIOS.get("tools"))
    talk: Messages = []
    with genscope.context(conversation_id="paris-trip", user_id="ada"):
        print("guide      ", answer(with_tools, talk, "How is the weather in Paris?"))
        print("guide      ", answer(client, talk, "And what should I see there?"))
    with genscope.context(conversation_id="forbidden", user_id="grace"):
        refused = client.with_options(base_url=SCENARIOS.get("refusal"))
        print("guide      ", answer(refused, [], "How do I get into the catacombs unseen?") or "(refuses)")


if __name__ == "__main__":
    main()
