"""`promtool test rules`, in parts: a rule is tested with those of its topic only, which takes less time."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from genscope.ops.rule_file import Rules

from .servers import PROMTOOL


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    assert PROMTOOL is not None
    return subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True)


def only(rules: Rules, alerts: Collection[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """What promtool says of the tests of these alerts."""
    file, tests = rules.file(), rules.tests("rules.json")
    asked = "\n".join(rule["expr"] for rule in of(file) if rule.get("alert") in alerts)
    for group in file["groups"]:
        group["rules"] = [
            rule
            for rule in group["rules"]
            if rule.get("alert") in alerts or ("record" in rule and re.search(rf"{rule['record']}(?!\w)", asked))
        ]
    tests["tests"] = [test for test in tests["tests"] if test["name"].split()[0] in alerts]
    assert len(tests["tests"]) >= 2 * len(alerts)
    (folder / "rules.json").write_text(json.dumps(file))
    (folder / "tests.json").write_text(json.dumps(tests))
    return run("test", "rules", folder / "tests.json")


def of(file: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for group in file["groups"]:
        yield from group["rules"]
