"""How much a call may use, guessed from its request: so much is reserved until it is known.

No tokenizer: a token for every three bytes of text, which is more than nearly all languages take. It bounds what is
usual and is no promise; what a call has really used is charged when it ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, cast

from genscope.core.operation import Operation

BYTES_PER_TOKEN: Final = 3
type_of: Callable[[Any], type[Any]] = type

IMAGE_TOKENS: Final = 1_600
"""What the providers take for a large image at most."""
_BYTES_PER_EMBEDDED_TOKEN: Final = 100
"""Of a file that stands in the request in base64: a page of a PDF has some 100 KB and 1,000 tokens."""
_LONG: Final = 2_000
"""Characters from which on a text may be a file: as a data URL, or where its middle has only the letters of base64."""
_SAMPLE: Final = 200
_BASE64: Final = re.compile(rf"[A-Za-z0-9+/_-]{{{_SAMPLE}}}", re.ASCII).fullmatch
_BYTES_OF_KEY: Final = 8
_SCALARS: Final = frozenset({int, float, bool, type(None)})
_WIDE: Final = 300
_DEEP: Final = 2
_VALUES: Final = 5_000
"""So many items of a list, and so many values of a request, are looked at; the rest counts as if it were like them."""
_MOST: Final = 10**9
_IMAGES: Final = frozenset({"image", "image_url", "input_image"})
_WITHOUT_OUTPUT: Final = frozenset({"embeddings", "moderation", "rerank"})

DEFAULT_OUTPUT_TOKENS: Final = 1_000


class Estimate(NamedTuple):
    """Tokens that a call may take."""

    input_tokens: int
    output_tokens: int


Estimator = Callable[[Operation, Any], Estimate]
"""Is given the record and the JSON of the request, which it must not change."""


def estimator(default_output_tokens: int = DEFAULT_OUTPUT_TOKENS) -> Estimator:
    """`default_output_tokens` are those of a request that does not limit them."""

    def estimate(op: Operation, body: Any) -> Estimate:
        if op.name in _WITHOUT_OUTPUT:
            return Estimate(tokens_of(body), 0)
        request = op.request
        output = default_output_tokens
        if "max_tokens" in request:
            output = _whole(request["max_tokens"], output)
        if "choice_count" in request:
            output = min(output * max(1, _whole(request["choice_count"], 1)), _MOST)
        return Estimate(tokens_of(body), output)

    return estimate


def tokens_of(body: Any, depth: int = 0) -> int:
    """Tokens that a request may have. Only what JSON is made of is read, no object of the application's own."""
    todo = [body]
    size = tokens = 0
    for looked_at, value in enumerate(todo, 1):  # which grows meanwhile
        kind = type_of(value)
        if kind is str:
            length = len(value)
            if length > _LONG and (value.startswith("data:") or _BASE64(value, length // 2, length // 2 + _SAMPLE)):
                is_image = value.startswith("data:image/")
                tokens += IMAGE_TOKENS if is_image else length // _BYTES_PER_EMBEDDED_TOKEN
            else:
                size += length if value.isascii() else _bytes(value)
        elif kind is dict or kind is list:
            if kind is dict:
                size += _BYTES_OF_KEY * len(value)
                if "type" in value and _is_image(value["type"]):
                    tokens += IMAGE_TOKENS
                    continue
                todo += value.values()
            elif value and type_of(value[0]) is int:  # a text that is given as tokens
                tokens += len(value)
                continue
            elif len(value) > _WIDE:
                some = value[:: len(value) // _WIDE + 1]
                tokens += (tokens_of(some, depth + 1) if depth < _DEEP else len(some)) * len(value) // len(some)
                continue
            else:
                todo += value
            seen = len(todo)
            if seen > _VALUES:
                return min((tokens + size // BYTES_PER_TOKEN) * seen // looked_at + seen - looked_at, _MOST)
        elif kind in _SCALARS:
            tokens += 1
        elif isinstance(value, Mapping):
            todo.append(_copied(cast("Mapping[Any, Any]", value)))
        elif kind is tuple:
            todo.append(list(value))
        else:
            tokens += 1
    return min(tokens - (-size // BYTES_PER_TOKEN), _MOST)


def _is_image(kind: Any) -> bool:
    return type_of(kind) is str and kind in _IMAGES


def _copied(members: Mapping[Any, Any]) -> dict[Any, Any]:
    try:
        return dict(members)
    except Exception:  # a mapping of the application's
        return {}


def _bytes(text: str) -> int:
    return len(text) * 3 if len(text) > 100_000 else len(text.encode("utf-8", "surrogatepass"))


def _whole(value: Any, otherwise: int) -> int:
    if type_of(value) is not int:
        return otherwise
    return value if 0 <= value <= _MOST else 0 if value < 0 else _MOST


def checked(found: Any) -> Estimate:
    """What an estimator of the application's has returned, as whole numbers. Raises where that is not possible."""
    given, taken = found
    return Estimate(max(0, min(int(given), _MOST)), max(0, min(int(taken), _MOST)))
