"""Models that are played by the transport of a real client: one that judges, and one that is judged.

The judge answers by what it is asked: it finds the material between the boundaries that its instructions name, reads
it, and scores it by a rule for each criterion. It speaks the APIs of OpenAI and of Anthropic.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import anthropic
import openai
from contract.recorder import Recorder
from conversations import Logbook, attributes_of, name_of

import genscope

SHORT = 20.0
"""Seconds that nothing here should take."""

Respond = Callable[[dict[str, Any]], Any]


def library_of(sdk: Any) -> Any:
    """The HTTP library of an SDK: `httpx2` for the newest."""
    return getattr(sdk._base_client, "httpx2", None) or sdk._base_client.httpx


class Played:
    """`respond` is given the body of a request and returns the text of the answer, or (status, body)."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.requests: list[dict[str, Any]] = []

    def openai(self, **options: Any) -> openai.OpenAI:
        http = library_of(openai)
        client = http.Client(transport=http.MockTransport(lambda request: self._chat(http, request)))
        usual = {"api_key": "none", "base_url": "https://api.openai.com/v1", "max_retries": 0}
        return openai.OpenAI(http_client=client, **{**usual, **options})

    def async_openai(self) -> openai.AsyncOpenAI:
        http = library_of(openai)

        async def handle(request: Any) -> Any:
            return self._chat(http, request)

        client = http.AsyncClient(transport=http.MockTransport(handle))
        return openai.AsyncOpenAI(api_key="none", max_retries=0, http_client=client)

    def anthropic(self) -> anthropic.Anthropic:
        http = library_of(anthropic)
        client = http.Client(transport=http.MockTransport(lambda request: self._messages(http, request)))
        return anthropic.Anthropic(api_key="none", max_retries=0, http_client=client)

    def _said(self, request: Any) -> Any:
        body = json.loads(request.content)
        self.requests.append(body)
        return self.respond(body)

    def _chat(self, http: Any, request: Any) -> Any:
        said = self._said(request)
        if isinstance(said, tuple):
            return http.Response(said[0], json=said[1])
        return http.Response(200, json=chat_completion(said))

    def _messages(self, http: Any, request: Any) -> Any:
        said = self._said(request)
        if isinstance(said, tuple):
            return http.Response(said[0], json=said[1])
        return http.Response(200, json=message(said, bool(self.requests[-1].get("tools"))))


def chat_completion(text: str, model: str = "gpt-4o-mini-2024-07-18") -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
    }


def message(text: str, tool: bool) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": text}
    if tool:
        block = {"type": "tool_use", "id": "toolu_1", "name": "verdict", "input": json.loads(text)}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [block],
        "stop_reason": "tool_use" if tool else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1000, "output_tokens": 100},
    }


# --- the judge


def prompt_in(body: dict[str, Any]) -> str:
    """All that a model is told."""
    said = [body.get("system") or "", *(one["content"] for one in body["messages"])]
    return "\n".join(said)


def material_in(prompt: str) -> dict[str, Any]:
    """What is between the boundaries, exactly two lines of which the instructions name."""
    found = re.search(r"two lines that consist of (=== [0-9a-f]{32} ===)\.", prompt)
    assert found is not None
    lines = prompt.split("\n")
    begin, end = [number for number, line in enumerate(lines) if line == found[1]]
    assert end == begin + 2
    return json.loads(lines[begin + 1])


def verdict(score: Any, explanation: str = "For this reason.") -> str:
    return json.dumps({"explanation": explanation, "score": score})


def score_of(prompt: str) -> float:
    """By the criterion in the prompt: what a judge of sound mind would say of simple sentences."""
    material = material_in(prompt)
    answer = material["answer"]
    if "faithful" in prompt:
        return float(any(answer in document or document in answer for document in material["context"]))
    if "relevant" in prompt:
        return float(bool(set(material["question"].lower().split()) & set(answer.lower().split())))
    return float("dynamite" not in answer)


def fair() -> Played:
    """A judge that can be relied upon."""
    return Played(lambda body: verdict(score_of(prompt_in(body))))


def hanging(until: Event) -> Played:
    def respond(body: dict[str, Any]) -> str:
        until.wait(SHORT)
        return verdict(1)

    return Played(respond)


# --- what is told of it


class Court(Recorder):
    """All that telemetry tells, its log records too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.logbook = Logbook()

    @property
    def providers(self) -> dict[str, Any]:
        return {**super().providers, "logger_provider": self.logbook.provider}

    @property
    def events(self) -> list[Any]:
        """Of verdicts."""
        return [record for record in self.logbook.records if name_of(record) == "gen_ai.evaluation.result"]

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        """What these say, without the names of OpenTelemetry."""
        return [
            {name.removeprefix("gen_ai.evaluation."): value for name, value in attributes_of(record).items()}
            for record in self.events
        ]

    def counted(self, metric: str, attribute: str) -> dict[Any, float]:
        """The sums of a counter by one of its attributes."""
        found: dict[Any, float] = {}
        for point in self.points(metric):
            key = point.attributes.get(attribute)
            found[key] = found.get(key, 0) + point.value
        return found

    @property
    def drops(self) -> dict[Any, float]:
        return self.counted("genscope.evaluation.dropped", "genscope.evaluation.drop_reason")

    @property
    def answer(self) -> Any:
        """The span of the one call that the application has made."""
        (found,) = [
            span
            for span in self.spans()
            if span.name.startswith("chat") and "genscope.operation.name" not in (span.attributes or {})
        ]
        return found

    def named(self, name: str) -> list[Any]:
        """The spans of a name."""
        return [span for span in self.spans() if span.name == name]


@contextmanager
def judged(only: tuple[str, ...] = ("openai",), court: Court | None = None, **options: Any) -> Iterator[Court]:
    """SDKs with genscope on them; everything is judged unless said otherwise."""
    court = court or Court()
    usual: dict[str, Any] = {"judge_sample_ratio": 1, "judge_timeout": SHORT, "threads": False, "raise_faults": True}
    genscope.instrument(only=only, **{**usual, **court.providers, **options})
    try:
        yield court
        assert genscope.flush(SHORT)
    finally:
        genscope.uninstrument()


def ask(client: Any, question: str = "What is the capital of France?", **more: Any) -> str:
    """One call of the application's."""
    answer = client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": question}], **more
    )
    return answer.choices[0].message.content
