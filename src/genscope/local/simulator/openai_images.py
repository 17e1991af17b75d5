"""The wire format of OpenAI's images: generated, edited, varied; whole, or as events with ever better previews."""

from __future__ import annotations

from .answers import Ask, Usage, compose
from .exchange import Exchange, Frame, Json
from .models import CREATED, asked
from .openai_responses import detailed_usage

__all__ = ["broken", "frames", "whole"]

_PNG = "iVBORw0KGgo="  # the signature of the format, and no more
_LOOKS: Json = {"background": "opaque", "output_format": "png", "quality": "low", "size": "1024x1024"}
_PREVIEWS = 3  # images at most that may come before the last one
_PIXELS = 5  # tokens of the input that are those of the image to be edited


def whole(x: Exchange) -> Json:
    """The body of an answer that is not streamed. The older models give links, and do not count tokens."""
    answer = compose(x, _ask(x))
    if _is_older(x):
        link = {"url": f"https://images.example/{x.number:04d}.png"}
        return {"created": CREATED, "data": [link] * answer.choices}
    image = {"b64_json": _PNG}
    return {"created": CREATED, **_LOOKS, "data": [image] * answer.choices, "usage": _usage(x, answer.usage)}


def frames(x: Exchange) -> list[Frame]:
    """The events of a stream: as many previews as the request asks for, and the image."""
    asked_for = x.body.get("partial_images")
    previews = min(asked_for, _PREVIEWS) if isinstance(asked_for, int) else 0
    if x.options.chunks is not None:
        previews = x.options.chunks
    kind = "image_edit" if _is_edit(x) else "image_generation"
    common = {"created_at": CREATED, **_LOOKS, "b64_json": _PNG}
    events: list[Frame] = []
    for index in range(previews):
        preview = {"type": f"{kind}.partial_image", **common, "partial_image_index": index}
        events.append(Frame(preview, event=f"{kind}.partial_image", kind="token"))
    done = {"type": f"{kind}.completed", **common, "usage": _usage(x, compose(x, _ask(x)).usage)}
    return [*events, Frame(done, event=f"{kind}.completed")]


def broken(error: Json, _sequence: int) -> Frame:
    """The event that ends a stream with an error."""
    return Frame({"type": "error", **error}, event="error")


def _ask(x: Exchange) -> Ask:
    return Ask(choices=x.body["n"] if isinstance(x.body.get("n"), int) else 1)


def _is_edit(x: Exchange) -> bool:
    return x.request.path.rstrip("/").endswith("/edits")


def _is_older(x: Exchange) -> bool:
    return asked(x).startswith("dall-e")


def _usage(x: Exchange, usage: Usage | None) -> Json | None:
    if usage is None:
        return None
    pixels = _PIXELS if _is_edit(x) else 0
    of_input: Json = {"text_tokens": usage.prompt - pixels, "image_tokens": pixels}
    return detailed_usage(x, usage, of_input, {"text_tokens": 0, "image_tokens": usage.completion})
