"""What of a request of MCP its duration is measured with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genscope import semconv

PROMPT_NAME: Final = semconv.REQUEST["prompt_name"]
_OURS: Final = (
    *(semconv.OPERATION_NAME, semconv.MCP_PROTOCOL_VERSION, semconv.NETWORK_TRANSPORT, semconv.NETWORK_PROTOCOL_NAME),
    *(semconv.SERVER_ADDRESS, semconv.SERVER_PORT),
)
_OF_THE_PEER: Final = (semconv.MCP_METHOD, semconv.TOOL_NAME, PROMPT_NAME, semconv.RPC_STATUS, semconv.ERROR_TYPE)
_MOST_WORDS: Final = 256
_words: Final[set[str]] = set()
"""What peers have said: they may say anything, and shall not use up the room that there is for all names."""


def measured(said: Mapping[str, Any]) -> dict[str, Any]:
    """Those attributes that are few enough to be counted by."""
    found = {name: said[name] for name in _OURS if name in said}
    return found | {name: _bounded(said[name]) for name in _OF_THE_PEER if name in said}


def _bounded(word: str) -> str:
    if word not in _words:
        if len(_words) >= _MOST_WORDS:
            return "_OTHER"
        _words.add(word)
    return word
