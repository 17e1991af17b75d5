"""Programs that need a process of their own: what happens at its start, its fork and its end."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

from .vocabulary import Sdk


def importing(sdk: Sdk) -> str:
    """`from ... import ...` of a declaration: of this one and its SDK, and not of all the others."""
    modules = {name: module for name, module in sys.modules.items() if name.endswith("_sdk")}
    (found,) = (
        f"from {name} import {attribute}"
        for name, module in modules.items()
        for attribute, value in vars(module).items()
        if value is sdk
    )
    return found


def python(program: str, *arguments: str, **environ: str) -> list[str]:
    """The lines that a program prints; it has to succeed, and to say nothing else."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()
