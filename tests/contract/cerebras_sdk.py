"""The cerebras-cloud-sdk under the contract."""

from __future__ import annotations

from genscope.instrumentors import CerebrasInstrumentor

from .family import chat, sdk, with_status

CEREBRAS = sdk(
    "cerebras.cloud.sdk",
    "Cerebras",
    CerebrasInstrumentor,
    apis=(chat("llama-3.3-70b", "cerebras.cloud.sdk.types.chat.chat_completion:ChatCompletion"),),
    problems={"error_midway": with_status},
    warm_tcp_connection=False,  # or each client begins with a request of its own
)
