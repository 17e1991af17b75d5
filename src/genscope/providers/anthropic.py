"""The anthropic SDK, 0.40 and later: https://github.com/anthropics/anthropic-sdk-python"""

from typing import Final

from genscope.providers.routes import Route
from genscope.providers.stainless import Stainless
from genscope.wire import anthropic_completions, anthropic_messages, token_counts

_CLIENTS: Final = {
    "AnthropicBedrock": "aws.bedrock",
    "AnthropicBedrockMantle": "aws.bedrock",
    "AnthropicVertex": "gcp.vertex_ai",
    "AnthropicFoundry": "azure.ai.inference",
    "AnthropicAWS": "anthropic",  # Anthropic's own platform, sold by others
    "AnthropicGoogleCloud": "anthropic",
}

ANTHROPIC: Final = Stainless(
    package="anthropic",
    routes=(
        Route("POST", "/messages", anthropic_messages),
        Route("POST", "/messages/count_tokens", token_counts),
        Route("POST", "/complete", anthropic_completions),
    ),
    clients=_CLIENTS | {f"Async{name}": provider for name, provider in _CLIENTS.items()},
    traces_itself="com.anthropic.sdk.python",
    reopens="anthropic.lib.streaming._messages:MessageStream",
)
