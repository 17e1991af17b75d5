"""Host of a base URL -> `gen_ai.provider.name`. A host that is not known is not guessed at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

UNKNOWN: Final = "_OTHER"
"""OpenTelemetry's word for "none of the known values"; `server.address` says who it was."""

DOMAINS: Final = {
    "api.openai.com": "openai",
    "openai.azure.com": "azure.ai.openai",
    "cognitiveservices.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "models.ai.azure.com": "azure.ai.inference",
    "inference.ai.azure.com": "azure.ai.inference",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.x.ai": "x_ai",
    "api.mistral.ai": "mistral_ai",
    "codestral.mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.moonshot.ai": "moonshot_ai",
    "api.moonshot.cn": "moonshot_ai",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "ml.cloud.ibm.com": "ibm.watsonx.ai",
    # not among the conventions' own values, which are open
    "api.together.xyz": "together_ai",
    "api.together.ai": "together_ai",
    "api-inference.together.ai": "together_ai",
    "api.fireworks.ai": "fireworks_ai",
    "openrouter.ai": "openrouter",
    "api.cerebras.ai": "cerebras",
    "dashscope.aliyuncs.com": "dashscope",
    "dashscope-intl.aliyuncs.com": "dashscope",
    "dashscope-us.aliyuncs.com": "dashscope",
    "api.sambanova.ai": "sambanova",
    "integrate.api.nvidia.com": "nvidia",
    "api.deepinfra.com": "deepinfra",
    "api.hyperbolic.xyz": "hyperbolic",
    "api.novita.ai": "novita",
    "api.siliconflow.cn": "siliconflow",
    "api.siliconflow.com": "siliconflow",
    "api.minimax.io": "minimax",
    "api.minimax.chat": "minimax",
    "api.z.ai": "z_ai",
    "open.bigmodel.cn": "z_ai",
    "ark.cn-beijing.volces.com": "volcengine",
    "api.writer.com": "writer",
    "api.ai21.com": "ai21",
    "router.huggingface.co": "huggingface",
    "api-inference.huggingface.co": "huggingface",
    "endpoints.huggingface.cloud": "huggingface",
    "models.github.ai": "github_models",
    "models.inference.ai.azure.com": "github_models",
    "api.lambda.ai": "lambda",
    "inference.baseten.co": "baseten",
    "api.studio.nebius.com": "nebius",
    "api.friendli.ai": "friendli",
    "api.voyageai.com": "voyageai",
    "ollama.com": "ollama",
}
"""A domain stands for itself and everything below it."""

LABELS: Final = {"ollama": "ollama", "vllm": "vllm", "lmstudio": "lm_studio", "lm-studio": "lm_studio"}
"""Names that people give to such a server in their own network: `http://ollama:11434`, `http://vllm.internal`."""

PORTS: Final = {11434: "ollama", 1234: "lm_studio"}
"""Default ports that belong to one server, on the machine itself. vLLM's 8000 is everybody's."""

_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "host.docker.internal"})


def provider_of(host: str, port: int, own: Mapping[str, str]) -> str:
    """The provider at `host`:`port`; `own` is the user's mapping of hosts, or `host:port`s, to names."""
    host = host.lower().rstrip(".")
    name = own.get(f"{host}:{port}") or own.get(host)
    if name is not None:
        return name
    labels = host.split(".")
    for start in range(len(labels) - 1):
        name = DOMAINS.get(".".join(labels[start:]))
        if name is not None:
            return name
    if host.endswith((".amazonaws.com", ".api.aws")) and labels[0].startswith("bedrock"):
        return "aws.bedrock"
    if labels[0].endswith("-aiplatform") and host.endswith(".googleapis.com"):
        return "gcp.vertex_ai"
    if host in _LOCAL and port in PORTS:
        return PORTS[port]
    return LABELS.get(labels[0], UNKNOWN)
