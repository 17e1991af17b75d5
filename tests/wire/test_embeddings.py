"""Embeddings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from openai.types import CreateEmbeddingResponse

from genscope.wire import embeddings

from .shapes import SHAPES, answered, leads, streamed
from .spelled import spelled

VECTOR = {"object": "embedding", "index": 0, "embedding": [0.1, 0.2, 0.3]}
ANSWERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "nothing": ({}, {}),
    "everything": (
        {
            "id": "not of this API",
            "object": "list",
            "model": "m-2",
            "data": [VECTOR, VECTOR],
            "usage": {"prompt_tokens": 9, "total_tokens": 9},
        },
        {"model": "m-2", "dimension_count": 3, "usage": {"input_tokens": 9}},
    ),
    "no output is counted": (  # vLLM says that there was none
        {"usage": {"prompt_tokens": 9, "completion_tokens": 0, "completion_tokens_details": {"reasoning_tokens": 1}}},
        {"usage": {"input_tokens": 9}},
    ),
    "only output is counted": ({"usage": {"completion_tokens": 2}}, {}),
    "base64": ({"data": [VECTOR | {"embedding": "zczMPc3MTD6amZk+"}]}, {}),
    "no vector": ({"data": [{"index": 0}]}, {}),
    "an empty vector": ({"data": [VECTOR | {"embedding": []}]}, {"dimension_count": 0}),
    "a vector of nulls": ({"data": [VECTOR | {"embedding": [None, None]}]}, {"dimension_count": 2}),
    "data null": ({"data": None}, {}),
    "data empty": ({"data": []}, {}),
    "data of nulls": ({"data": [None]}, {}),
    "data of numbers": ({"data": [0.1, 0.2]}, {}),
    "data an object": ({"data": {"embedding": [0.1]}}, {}),
    "data a text": ({"data": "0.1"}, {}),
    "usage null": ({"usage": None}, {}),
    "wrong types": ({"model": 1, "usage": "9"}, {}),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ANSWERS)
def test_what_embeddings_say(name: str, shape: Callable[[Any, Any], Any]) -> None:
    said, expected = ANSWERS[name]
    assert answered(embeddings, shape(said, CreateEmbeddingResponse)) == expected


@pytest.mark.parametrize("answer", [None, "text", 1, [], [{}], object()], ids=spelled)
def test_what_is_no_answer_says_nothing(answer: Any) -> None:
    assert answered(embeddings, answer) == {}


def test_chunks_say_nothing() -> None:
    chunks = [ANSWERS["everything"][0], None]
    assert streamed(embeddings, chunks) == {}
    assert leads(embeddings, chunks) == [None, None]
