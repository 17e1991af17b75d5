"""A provider of language models that lives on the loopback interface: for demonstrations and for tests.

It speaks the wire formats of the OpenAI API and of Anthropic's messages, faithfully enough for the real SDKs, invents
every answer, and can fail in all the ways the real services and the network can. Standard library only.

    with Simulator() as simulator:
        client = openai.OpenAI(base_url=simulator.base_url("ok"), api_key="any")
        claude = anthropic.Anthropic(base_url=simulator.base_url("ok"), api_key="any")

`python -m genscope.local.simulator` serves in the foreground.
"""

from .answers import CACHE_WRITTEN, REASONING, REFUSAL, REPLY, REPLY_TOKENS, USAGE, USAGE_REASONING, Usage
from .exchange import Request
from .server import Simulator

__all__ = [
    "CACHE_WRITTEN",
    "REASONING",
    "REFUSAL",
    "REPLY",
    "REPLY_TOKENS",
    "USAGE",
    "USAGE_REASONING",
    "Request",
    "Simulator",
    "Usage",
]
