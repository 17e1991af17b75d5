"""The simulator's images, sound, and verdicts: what the SDK reads when it accepts nothing but what the types say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from genscope.local.simulator import REPLY, REPLY_TOKENS, USAGE, Simulator
from genscope.local.simulator.multipart import fields

SOUND = ("meeting.wav", b"RIFF")
NEWEST = pytest.mark.skipif(not hasattr(openai.resources, "Decisions"), reason="an older SDK has other types")


@pytest.fixture
def client(simulator: Simulator) -> Iterator[openai.OpenAI]:
    with _client(simulator, "ok") as client:
        yield client


def _client(simulator: Simulator, scenario: str) -> openai.OpenAI:
    return openai.OpenAI(api_key="k", base_url=simulator.base_url(scenario), _strict_response_validation=True)


@NEWEST
def test_images(client: openai.OpenAI) -> None:
    answer = client.images.generate(model="gpt-image-1", prompt="A city", n=2)
    assert answer.data is not None
    assert answer.usage is not None
    assert (len(answer.data), answer.usage.input_tokens) == (2, USAGE.prompt)
    old = client.images.generate(model="dall-e-3", prompt="A city")
    assert old.usage is None
    assert old.data is not None
    assert str(old.data[0].url).startswith("https://")


@NEWEST
@pytest.mark.parametrize("previews", [0, 2, 9])
def test_streamed_images(previews: int, client: openai.OpenAI) -> None:
    made = client.images.generate(model="gpt-image-1", prompt="A city", stream=True, partial_images=previews)
    kinds = [event.type for event in made]
    assert kinds == ["image_generation.partial_image"] * min(previews, 3) + ["image_generation.completed"]
    edited = client.images.edit(
        model="gpt-image-1", prompt="?", image=("a.png", b"P"), stream=True, partial_images=previews
    )
    assert [event.type for event in edited] == [kind.replace("generation", "edit") for kind in kinds]


@pytest.mark.parametrize("form", ["json", "text", "srt", "vtt", "verbose_json"])
def test_transcriptions(form: Any, simulator: Simulator) -> None:
    with openai.OpenAI(api_key="k", base_url=simulator.base_url("ok")) as client:
        answer: Any = client.audio.transcriptions.create(model="whisper-1", file=SOUND, response_format=form)
    assert REPLY in (answer if isinstance(answer, str) else answer.text)
    assert isinstance(answer, str) == (form in ("text", "srt", "vtt"))


@NEWEST
def test_usage_of_transcriptions(client: openai.OpenAI, simulator: Simulator) -> None:
    def usage(model: str, at: openai.OpenAI = client) -> Any:
        answer: Any = at.audio.transcriptions.create(model=model, file=SOUND)
        return answer.usage

    assert usage("whisper-1").seconds == 3
    assert usage("gpt-4o-transcribe").input_token_details.audio_tokens == USAGE.prompt
    with _client(simulator, "no_usage") as silent:
        assert usage("gpt-4o-transcribe", silent) is None
    with _client(simulator, "null_details") as brief:
        assert usage("gpt-4o-transcribe", brief).input_token_details is None


@NEWEST
def test_streamed_transcriptions(client: openai.OpenAI) -> None:
    events: list[Any] = [*client.audio.transcriptions.create(model="gpt-4o-transcribe", file=SOUND, stream=True)]
    assert [event.delta for event in events[:-1]] == list(REPLY_TOKENS)
    assert (events[-1].text, events[-1].usage.output_tokens) == (REPLY, USAGE.completion)


def test_speech(simulator: Simulator) -> None:
    with openai.OpenAI(api_key="k", base_url=simulator.base_url("ok")) as client:
        said: Any = {"model": "tts-1", "voice": "alloy", "input": "?"}
        sound = client.audio.speech.create(**said, response_format="wav")
        assert sound.response.headers["content-type"] == "audio/wav"
        assert sound.content
        events = client.audio.speech.create(**said, extra_body={"stream_format": "sse"}).text
    kinds = [json.loads(line[6:])["type"] for line in events.splitlines() if line]
    assert kinds == ["speech.audio.delta"] * len(REPLY_TOKENS) + ["speech.audio.done"]


@NEWEST
def test_verdicts(client: openai.OpenAI, simulator: Simulator) -> None:
    questions: Any = [
        {"type": "predicate", "question": "Is it one?", "name": "p"},
        {"type": "choice", "question": "Which?", "choices": [{"value": "Paris"}, {"value": "Rome"}]},
        {"type": "score", "question": "How large?"},
    ]
    answer = client.decisions.create(model="gpt-6-luna", input="?", questions=questions)
    assert [given.type for given in answer.answers] == ["predicate", "choice", "score"]
    with openai.OpenAI(api_key="k", base_url=simulator.base_url("refusal")) as wary:
        refused = wary.decisions.create(model="gpt-6-luna", input="?", questions=questions)
        assert {given.type for given in refused.answers} == {"refusal"}
        flagged = wary.moderations.create(model="omni-moderation-latest", input=["a", "b"])
        assert [result.flagged for result in flagged.results] == [True, True]


FORM = (
    b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nm-1\r\n'
    b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n2\r\n'
    b'--b\r\nContent-Disposition: form-data; name="stream"\r\n\r\ntrue\r\n'
    b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n{"a": 1}\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n\xff\r\n'
    b"--b--\r\n"
)


def test_the_fields_of_a_form() -> None:
    form = {"model": "m-1", "n": 2, "stream": True, "prompt": '{"a": 1}'}
    assert fields("multipart/form-data; boundary=b", FORM) == form
    assert fields("application/json", FORM) == {}
    assert fields("multipart/form-data; boundary=c", FORM) == {}
