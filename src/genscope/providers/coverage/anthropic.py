"""All of the anthropic SDK."""

from typing import Final

from genscope.providers.coverage import Coverage, Traced, Untraced

COVERAGE: Final = Coverage(
    release="2.12",
    traced=(
        Traced(
            "POST /messages",
            "messages.create messages.parse messages.stream beta.messages.tool_runner beta.messages.thread",
            streams=True,
        ),
        Traced("POST /messages/count_tokens", "messages.count_tokens"),
        Traced("POST /complete", "completions.create", streams=True, former="before 1.0"),
    ),
    untraced=(
        Untraced("message batches", ("/messages/batches/...",), "the calls are answered later, in a file"),
        Untraced(
            "hosted agents: sessions, environments, deployments, memory stores, vaults, tunnels",
            (
                "/agents/...",
                "/sessions/...",
                "/environments/...",
                "/deployments/...",
                "/deployment_runs/...",
                "/memory_stores/...",
                "/vaults/...",
                "/tunnels/...",
            ),
            "they run at the provider; a request only starts, steers or watches them",
        ),
        Untraced("dreams", ("/dreams/...",), "jobs at the provider"),
        Untraced("files, skills", ("/files/...", "/skills/..."), "something is stored, no model is asked"),
        Untraced(
            "models, organization, user profiles, webhooks",
            ("/models/...", "/organizations/...", "/user_profiles/..."),
            "accounts and catalogues, no inference",
            calls=("*.webhooks.*",),
        ),
    ),
)
