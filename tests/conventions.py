"""The registry of the conventions, saved as data, and where genscope knowingly differs from it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

REGISTRY = Path(__file__).resolve().parents[2] / "shared" / "semconv" / "registry.json"

STANDARD = (
    *("gen_ai.", "openai.", "server.", "error.", "http.", "exception.", "user."),
    *("mcp.", "jsonrpc.", "rpc.", "network."),
)
"""How names of OpenTelemetry begin; ours begin with `genscope.`."""

KEPT_ATTRIBUTES = {
    "gen_ai.token.type": "string",  # removed by semantic-conventions-genai #374 together with its metric, see below
    "http.response.status_code": "int",  # stable, in the HTTP conventions: the saved registry is that of GenAI
    "user.id": "string",  # in the general conventions
}
"""Attributes that the registry does not have, and their types."""

KEPT_METRICS = {
    # What opentelemetry-util-genai 1.3b0 emits and dashboards read. In the registry for other operations still (#521).
    "gen_ai.client.operation.duration": "gen_ai.client.inference.duration",
    "gen_ai.client.operation.time_to_first_chunk": "gen_ai.client.inference.time_to_first_chunk",  # renamed by #521
    "gen_ai.client.operation.time_per_output_chunk": "gen_ai.client.inference.time_per_output_chunk",  # by #521
    "gen_ai.client.token.usage": "gen_ai.client.inference.operation.input_tokens",  # split up by #374
}
"""Metrics of the default flavour, and their successors, whose unit and buckets they must have."""

OWN_OPERATIONS = {"moderation", "cancel_response"}
"""Operations that the conventions have no word for: the values of `gen_ai.operation.name` are open."""

OLD_METRICS = {"llm.cost.usd": "double", "llm.errors": "int", "llm.request.latency": "double"}
"""Metrics of the legacy flavour that no version of the conventions had, and their types."""

OLD_ATTRIBUTES = {
    "llm.time_to_first_token_ms": "double",
    "llm.total_duration_ms": "double",
    "llm.cost.usd": "double",
}
"""The same for attributes of spans."""


@cache
def registry() -> Any:
    if not REGISTRY.is_file():
        pytest.skip(f"no registry of the conventions at {REGISTRY}")
    return json.loads(REGISTRY.read_text("utf-8"))


def members(name: str) -> set[str]:
    """The values that the conventions know for an attribute."""
    return {member["value"] for member in registry()["attributes"][name]["members"]}


def type_of(name: str) -> str:
    """The type of an attribute, deprecated ones included."""
    return (
        KEPT_ATTRIBUTES.get(name)
        or OLD_ATTRIBUTES.get(name)
        or (registry()["attributes"].get(name) or registry()["deprecated_attributes"][name])["type"]
    )


TYPES = {
    "string": lambda value: type(value) is str,
    "int": lambda value: type(value) is int,
    "double": lambda value: type(value) is float,
    "boolean": lambda value: type(value) is bool,
    "string[]": lambda value: isinstance(value, tuple) and all(type(one) is str for one in value),
}
"""Whether a value, as the SDK holds it, has a type of the registry."""


def has_type_of(name: str, value: Any) -> bool:
    return TYPES[type_of(name)](value)
