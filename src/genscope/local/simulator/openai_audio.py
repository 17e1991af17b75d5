"""The wire format of OpenAI's audio: speech into text in all its forms, text into speech as sound or as events."""

from __future__ import annotations

from base64 import b64encode

from .answers import Answer, Ask, Usage, compose
from .exchange import Document, Exchange, Frame, Json
from .models import asked

__all__ = ["speech", "speech_frames", "transcript_frames", "transcription", "translation"]

_SECONDS = 3
_TEXT = "text/plain; charset=utf-8"
_SOUNDS = {"mp3": "audio/mpeg", "opus": "audio/ogg", "aac": "audio/aac", "flac": "audio/flac", "wav": "audio/wav"}


def transcription(x: Exchange) -> Json | Document:
    """The body of a transcription that is not streamed, in the format that was asked for."""
    answer = compose(x, Ask())
    return _written(x, answer, "transcribe", {"usage": _usage(x, answer.usage)})


def translation(x: Exchange) -> Json | Document:
    """The body of a translation: the same, and nothing is counted."""
    return _written(x, compose(x, Ask()), "translate", {})


def transcript_frames(x: Exchange) -> list[Frame]:
    """The events of a streamed transcription."""
    answer = compose(x, Ask())
    tokens = answer.text or answer.refusal
    deltas = [{"type": "transcript.text.delta", "delta": token} for token in tokens]
    done = {"type": "transcript.text.done", "text": "".join(tokens), "usage": _usage(x, answer.usage)}
    return [*(Frame(delta, kind="token") for delta in deltas), Frame(done)]


def speech(x: Exchange) -> Document:
    """The body of speech: as much sound as there is text, though nobody could hear it."""
    sound = "".join(_spoken(compose(x, Ask()))).encode()
    return Document(b"ID3 " + sound, _SOUNDS.get(str(x.body.get("response_format", "mp3")), "audio/pcm"))


def speech_frames(x: Exchange) -> list[Frame]:
    """The events of speech that was asked for as events."""
    answer = compose(x, Ask())
    deltas = [{"type": "speech.audio.delta", "audio": b64encode(t.encode()).decode()} for t in _spoken(answer)]
    usage = _counts(answer.usage)
    return [*(Frame(delta, kind="token") for delta in deltas), Frame({"type": "speech.audio.done", "usage": usage})]


def _spoken(answer: Answer) -> tuple[str, ...]:
    return answer.text or answer.refusal


def _written(x: Exchange, answer: Answer, task: str, usage: Json) -> Json | Document:
    text = "".join(answer.text or answer.refusal)
    match x.body.get("response_format"):
        case "text":
            return Document(f"{text}\n".encode(), _TEXT)
        case "srt":
            return Document(f"1\n00:00:00,000 --> 00:00:0{_SECONDS},000\n{text}\n\n".encode(), _TEXT)
        case "vtt":
            return Document(f"WEBVTT\n\n00:00:00.000 --> 00:00:0{_SECONDS}.000\n{text}\n\n".encode(), _TEXT)
        case "verbose_json":
            segment = {"id": 0, "start": 0.0, "end": float(_SECONDS), "text": text}
            language = {"task": task, "language": "english", "duration": float(_SECONDS)}
            return {**language, "text": text, "segments": [segment], **usage}
        case _:
            return {"text": text, **usage}


def _usage(x: Exchange, usage: Usage | None) -> Json | None:
    """The oldest model counts the seconds of audio, the others tokens."""
    if usage is None:
        return None
    if asked(x).startswith("whisper"):
        return {"type": "duration", "seconds": _SECONDS}
    details: Json | None = {"text_tokens": 0, "audio_tokens": usage.prompt}
    if x.scenario.usage == "null_details":
        details = None
    return {"type": "tokens", **(_counts(usage) or {}), "input_token_details": details}


def _counts(usage: Usage | None) -> Json | None:
    if usage is None:
        return None
    return {"input_tokens": usage.prompt, "output_tokens": usage.completion, "total_tokens": usage.total}
