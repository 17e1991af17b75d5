"""examples/slo as its page says to run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_it_tells_who_is_on_call() -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "GENSCOPE_"))}
    ran = subprocess.run(
        [sys.executable, "-m", "examples.slo"],
        cwd=ROOT,
        env={**kept, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert sorted(ran.stdout.splitlines()) == [
        "health: latency_p95 < 5 s over 15m per model: ok, refused by the provider: firing",
        "health: latency_p95 < 5 s over 15m per model: ok, refused by the provider: ok",
        "on call: refused by the provider: 20 %, 4x what is allowed, last: rate_limit",
    ]
