"""Starting a program the way `opentelemetry-instrument` does: with OpenTelemetry's `sitecustomize` on PYTHONPATH.

`opentelemetry-instrument` itself is not called: its argument parser also reads the program's options, and refuses those
that resemble several of its own (`app.py --log`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

CONSOLE_EXPORTER = "genscope_console"
"""Name of `local.console.ConsoleTreeExporter` in the group `opentelemetry_traces_exporter`."""

STORE_EXPORTER = "genscope_store"
"""Name of the exporters of `local.store.exporters` in the groups of all three signals."""

BATCH_DELAY = "200"
"""Milliseconds from the end of a span to its export that still look like at once."""


def missing() -> list[str]:
    """Packages without which nothing would be traced, or nothing of it seen."""
    needed = {"opentelemetry-sdk": "opentelemetry.sdk", "rich": "rich"}
    lacking = [package for package, module in needed.items() if find_spec(module) is None]
    # Any distribution will do that configures the SDK; this is the one that everybody has.
    return lacking if entry_points(group="opentelemetry_configurator") else [*lacking, "opentelemetry-distro"]


def prepare(environ: MutableMapping[str, str]) -> None:
    """Make a Python started with `environ` instrument itself, print its traces and keep them; what is set wins."""
    exporters = environ.setdefault("OTEL_TRACES_EXPORTER", f"{CONSOLE_EXPORTER},{STORE_EXPORTER}")
    others = "none" if store_of(environ) is None else STORE_EXPORTER
    environ.setdefault("OTEL_METRICS_EXPORTER", others)
    environ.setdefault("OTEL_LOGS_EXPORTER", others)
    if CONSOLE_EXPORTER in exporters:
        environ.setdefault("OTEL_BSP_SCHEDULE_DELAY", BATCH_DELAY)

    from opentelemetry.instrumentation import auto_instrumentation

    # As opentelemetry-instrument has it: its directory first, then the working directory, then what was there.
    hook, here = str(Path(auto_instrumentation.__file__).parent), os.getcwd()
    paths = [path for path in environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != hook]
    environ["PYTHONPATH"] = os.pathsep.join([hook, *([] if here in paths else [here]), *paths])


def store_of(environ: Mapping[str, str]) -> Path | None:
    """The store to which traces go in `environ`; None if they do not."""
    if STORE_EXPORTER not in environ.get("OTEL_TRACES_EXPORTER", "").split(","):
        return None
    from genscope.local.store.place import path_of
    from genscope.settings import resolve

    return path_of(resolve({}).settings.store).absolute()


def command(arguments: Sequence[str]) -> list[str] | None:
    """What `arguments` ask to run, or None if there is no such thing.

    Options are Python's (`-m module`), a file is a script unless it is a program of its own, and any other word is
    looked up in this environment and on PATH (`uvicorn`, `pytest`).
    """
    first = arguments[0]
    if first.startswith("-"):
        return [sys.executable, *arguments]
    path = Path(first)
    if path.is_file():
        program = not path.suffix.startswith(".py") and os.access(path, os.X_OK)
        return [str(path.absolute()), *arguments[1:]] if program else [sys.executable, *arguments]
    if (path / "__main__.py").is_file():
        return [sys.executable, *arguments]
    beside = str(Path(sys.executable).parent)
    found = shutil.which(first, path=os.pathsep.join([beside, os.environ.get("PATH", os.defpath)]))
    return [found, *arguments[1:]] if found else None


def become(command: Sequence[str]) -> None:
    """Replace this process by `command`: signals, standard streams and the exit status are then its own."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":  # where exec returns to the shell at once and leaves the program in the background
        raise SystemExit(subprocess.call(command))
    os.execv(command[0], list(command))
