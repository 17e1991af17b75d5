"""What is reserved for a request."""

from __future__ import annotations

import base64
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genscope.features.budget.estimate import IMAGE_TOKENS, estimator, tokens_of

from .calls import call


def content(value: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": value}]}


FRAME = tokens_of(content(""))


def test_a_token_for_three_bytes() -> None:
    assert tokens_of(content("xy " * 1000)) - FRAME == pytest.approx(1000, abs=1)
    assert tokens_of(content("漢" * 1000)) - FRAME == pytest.approx(1000, abs=1)
    assert tokens_of(content("é" * 3000)) - FRAME == pytest.approx(2000, abs=1)


def test_an_estimate_is_more_than_a_tokenizer_counts() -> None:
    """Tokens as o200k_base has them, counted once."""
    text = "The quick brown fox jumps over the lazy dog. " * 20
    assert tokens_of(content(text)) >= 201


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
        {"type": "input_image", "image_url": "data:image/png;base64," + "A" * 1_000_000},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 1_000_000}},
    ],
)
def test_an_image_is_one_constant(part: dict[str, Any]) -> None:
    assert IMAGE_TOKENS <= tokens_of(content([part])) <= IMAGE_TOKENS + 30


def test_a_file_in_base64_is_no_text() -> None:
    data = base64.b64encode(bytes(300_000)).decode()
    tokens = tokens_of(content([{"type": "file", "file": {"file_data": f"data:application/pdf;base64,{data}"}}]))
    assert 3_000 < tokens < 6_000


def test_json_without_spaces_is_a_text() -> None:
    assert tokens_of(content('{"a":[1,2],"b":null},' * 1000)) >= 7000


def test_a_text_that_is_given_as_tokens() -> None:
    assert tokens_of({"input": [1, 2, 3, 4]}) - tokens_of({"input": []}) == 4
    assert tokens_of({"input": [[1, 2], [3]]}) - tokens_of({"input": []}) == 3


def test_tools_count_with_their_names_and_descriptions() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string", "description": "d" * 300}}}
    tools = [{"type": "function", "function": {"name": "weather", "parameters": schema}}]
    assert tokens_of({"tools": tools}) > 110


def test_a_large_request_is_looked_at_in_part_and_counts_as_a_whole() -> None:
    one = {"role": "user", "content": "word " * 6}
    size = tokens_of({"messages": [one] * 1_000})
    assert tokens_of({"messages": [one] * 100_000}) == pytest.approx(size * 100, rel=0.5)


def test_what_is_no_json_is_not_touched() -> None:
    class Trap:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

        def __iter__(self) -> Any:
            raise AssertionError("used up")

    def used_up() -> Any:
        raise AssertionError("used up")
        yield

    assert tokens_of(content([Trap(), used_up(), {1, 2}, b"x" * 9000])) < FRAME + 10
    assert tokens_of(MappingProxyType(content("xy " * 1000))) >= 1000
    assert tokens_of(None) == 1
    assert tokens_of({1: "x", None: "y"}) > 0


@pytest.mark.parametrize(
    "request_, output",
    [
        ({}, 1000),
        ({"max_tokens": 50}, 50),
        ({"max_tokens": 50, "choice_count": 3}, 150),
        ({"choice_count": 3}, 3000),
        ({"max_tokens": 0}, 0),
        ({"max_tokens": -5}, 0),
        ({"max_tokens": 10**30}, 10**9),
        ({"max_tokens": 10**30, "choice_count": 10**30}, 10**9),
        ({"max_tokens": "many"}, 1000),
        ({"max_tokens": True}, 1000),
        ({"choice_count": 0}, 1000),
        ({"choice_count": "x"}, 1000),
    ],
)
def test_output(request_: dict[str, Any], output: int) -> None:
    assert estimator()(call(**request_), {}).output_tokens == output


def test_the_default_is_a_setting() -> None:
    assert estimator(7)(call(), {}).output_tokens == 7


@pytest.mark.parametrize("name", ["embeddings", "moderation"])
def test_operations_without_output(name: str) -> None:
    estimate = estimator()(call(name), {"input": "x" * 300})
    assert estimate.output_tokens == 0
    assert estimate.input_tokens >= 100


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON)
def test_any_json_has_a_size(body: Any) -> None:
    found = tokens_of(body)
    assert type(found) is int
    assert found >= 0


def test_what_refers_to_itself_has_an_end() -> None:
    loop: list[Any] = ["x"]
    loop.append(loop)
    loop.append({"loop": loop})
    assert tokens_of(loop) > 0
