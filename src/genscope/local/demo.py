"""`genscope demo`: the sample application, run like any other program, against a simulated provider or the real one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from genscope.local import launch
from genscope.local.store.place import path_of
from genscope.local.ui.ports import seen_at
from genscope.settings import resolve

_SAMPLE = "genscope.local.sample_agent"
_OPENAI = (1, 66)  # the first with the Responses API
_RETRIES = 2
_RETRY_AFTER = 400  # milliseconds: long enough to be seen

SERVICE = "genscope-demo"
"""By which what the demo leaves in the store is known, and found to be dropped."""

_KEPT = ("GENSCOPE_STORE",)
"""Settings that hold for the demo, too: where the store is and what it keeps."""

_PRICES = {
    "gpt-4o-mini": "openai/gpt-4o-mini",
    "text-embedding-3-small": "openai/text-embedding-3-small",
    "claude-haiku-4-5": "anthropic/claude-haiku-4-5",
}


class DemoError(Exception):
    """Why the demo cannot run; the text tells what to do about it."""


def run(*, live: bool = False, pause: float = 0.3, say: Callable[[str], None] = print) -> int:
    """Run the sample application and return its exit status; its answers go to stdout, its traces to stderr.

    `live` calls the real service; otherwise a simulator on loopback answers, with `pause` seconds before each first
    token. `say` gets a line or two on what happens. Raises `DemoError` when something needed is not there.
    """
    if live and not os.environ.get("OPENAI_API_KEY"):
        raise DemoError("--live calls the real service and needs OPENAI_API_KEY.")
    if _openai() < _OPENAI:
        wanted = ".".join(map(str, _OPENAI))
        raise DemoError(f"The demo needs the openai SDK, {wanted} or newer: pip install -U 'genscope[openai,cli]'")
    environ = _environment(os.environ)
    with ExitStack() as stack:
        if live:
            say(f"The real service at {environ.get('OPENAI_BASE_URL') or 'https://api.openai.com/v1'}")
        else:
            from genscope.local.simulator import Simulator

            simulator = stack.enter_context(Simulator(pause=pause))
            scenarios = {name: simulator.base_url(name) for name in ("tools", "reasoning", "context_length", "refusal")}
            scenarios["retry"] = simulator.base_url("retry", retries=_RETRIES, after=_RETRY_AFTER)
            environ |= {
                "OPENAI_BASE_URL": simulator.base_url(),
                "OPENAI_API_KEY": "sk-not-needed",
                "ANTHROPIC_BASE_URL": simulator.base_url(),
                "ANTHROPIC_API_KEY": "sk-not-needed",
                "SAMPLE_SCENARIOS": json.dumps(scenarios),
                "GENSCOPE_PRICES": json.dumps(_PRICES),  # of a host that nobody knows nothing has a price
                "GENSCOPE_BUDGET": "0.1 usd/day",
                "GENSCOPE_BUDGET_MODE": "deny",
                # The answers are simulated: nobody's words are kept.
                "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
                "GENSCOPE_CONTENT_HASH": "true",
                # A proxy of the machine cannot reach its loopback interface.
                "NO_PROXY": "127.0.0.1",
                "no_proxy": "127.0.0.1",
            }
            say(f"A simulated provider at {simulator.url}")
        say(f"Kept in {place()}, as the service {SERVICE}; to see it: {seen_at(place()) or 'genscope ui'}")
        say(f"$ genscope run -m {_SAMPLE}")
        return subprocess.call([sys.executable, "-m", _SAMPLE], env=environ)


def place() -> Path:
    """The store in which the demo is kept."""
    return path_of(resolve({}).settings.store).absolute()


def _openai() -> tuple[int, ...]:
    """The release of the SDK that is installed, (0,) for none."""
    try:
        return tuple(int(part) for part in version("openai").split(".")[:2])
    except (PackageNotFoundError, ValueError):
        return (0,)


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Ours, without settings that would send the demo's telemetry elsewhere."""
    environ = {
        name: value
        for name, value in ours.items()
        if name.startswith(_KEPT) or not name.startswith(("OTEL_", "GENSCOPE_", "SAMPLE_SCENARIOS"))
    }
    environ["OTEL_SERVICE_NAME"] = SERVICE
    environ["PYTHONUNBUFFERED"] = "1"  # answers and traces in the order they come, into a pipe as well
    launch.prepare(environ)
    return environ
