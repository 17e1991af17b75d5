"""What a user installs: built as a release is built, from the sdist, without network, outside the source tree."""

from __future__ import annotations

import email
import importlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from configparser import ConfigParser
from email.message import Message
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
from opentelemetry.sdk._logs import export as logs
from opentelemetry.sdk.metrics.export import MetricExporter
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.sdk.trace.sampling import Sampler
from packaging.requirements import Requirement

from genscope import __version__

ROOT = Path(__file__).parents[1]
INFO = f"genscope-{__version__}.dist-info"  # pyproject.toml and the package must agree on it
NOT_OURS = shutil.ignore_patterns("__pycache__", "*.egg-info")
LogRecordExporter: type = getattr(logs, "LogRecordExporter", None) or logs.LogExporter  # before release 1.38
HEAVY = ("click", "httpx", "httpx2", "openai", "opentelemetry.sdk", "pydantic", "rich")


def parsed(text: str) -> ConfigParser:
    """Entry points as they stand: the case of names counts, and `=` is the only delimiter."""
    parser = ConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


DECLARED = parsed((ROOT / "entry_points.cfg").read_text(encoding="utf-8"))
ENTRY_POINTS = [
    EntryPoint(name, value, group) for group in DECLARED.sections() for name, value in DECLARED[group].items()
]

# What opentelemetry (or pip) does with a target of each group. A new group needs a row.
KINDS: dict[str, Callable[[object], bool]] = {
    "console_scripts": callable,
    "opentelemetry_instrumentor": lambda target: isinstance(target, type) and issubclass(target, BaseInstrumentor),
    "opentelemetry_pre_instrument": callable,
    "opentelemetry_post_instrument": callable,
    "opentelemetry_traces_sampler": lambda target: callable(target) and isinstance(target("0.1"), Sampler),
    "opentelemetry_sampler": lambda target: callable(target) and isinstance(target(), Sampler),
    "opentelemetry_traces_exporter": lambda target: isinstance(target, type) and issubclass(target, SpanExporter),
    "opentelemetry_metrics_exporter": lambda target: isinstance(target, type) and issubclass(target, MetricExporter),
    "opentelemetry_logs_exporter": lambda target: isinstance(target, type) and issubclass(target, LogRecordExporter),
    "opentelemetry_genai_completion_hook": lambda target: callable(target) and hasattr(target(), "on_completion"),
    "opentelemetry_environment_variables": lambda target: isinstance(target, ModuleType),
}


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    tree = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / "src", tree / "src", ignore=NOT_OURS)
    shutil.copytree(ROOT / "tests", tree / "tests", ignore=NOT_OURS)
    for name in ("pyproject.toml", "entry_points.cfg", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    run(sys.executable, "-m", "build", "--no-isolation", tree)
    (built,) = (tree / "dist").glob("*.whl")
    return zipfile.ZipFile(built)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    return email.message_from_bytes(wheel.read(f"{INFO}/METADATA"))


def test_entry_points_are_those_of_the_file(wheel: zipfile.ZipFile):
    built = parsed(wheel.read(f"{INFO}/entry_points.txt").decode())
    assert {group: dict(built[group]) for group in built.sections()} == {
        group: dict(DECLARED[group]) for group in DECLARED.sections()
    }


def test_files_are_those_of_the_package(wheel: zipfile.ZipFile):
    """No test comes along; no module and no data file is left behind, a folder without `__init__.py` neither."""
    sources = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "genscope").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    shipped = set(wheel.namelist())
    assert {name for name in shipped if not name.startswith(f"{INFO}/")} == sources
    assert "genscope/py.typed" in shipped
    assert "genscope/local/report/style.css" in shipped


def test_core_dependencies_are_three(metadata: Message):
    requirements = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    assert {str(requirement) for requirement in requirements if requirement.marker is None} == {
        "opentelemetry-api>=1.30",
        "opentelemetry-instrumentation>=0.51b0",
        "wrapt>=1.16",
    }


def test_all_is_every_extra_for_users(metadata: Message):
    wanted: dict[str, set[str]] = {}
    for requirement in (Requirement(line) for line in metadata.get_all("Requires-Dist", [])):
        for extra in metadata.get_all("Provides-Extra", []):
            if requirement.marker and requirement.marker.evaluate({"extra": extra}):
                wanted.setdefault(extra, set()).add(f"{requirement.name}{requirement.specifier}")
    everything = wanted.pop("all")
    for_developers = {"test", "dev"}
    too_large = {"presidio", "prices"}  # 300 MB, 70 MB, for a few
    assert too_large < wanted.keys()
    assert everything == set().union(*(wanted[extra] for extra in wanted.keys() - for_developers - too_large))


@pytest.mark.parametrize("entry_point", ENTRY_POINTS, ids=lambda entry_point: f"{entry_point.group}-{entry_point.name}")
def test_target_is_what_its_group_loads(entry_point: EntryPoint):
    assert entry_point.group in KINDS, "a new group: say in KINDS what its targets must be"
    assert KINDS[entry_point.group](entry_point.load())


def test_instrumentors_have_our_prefix():
    """Others register plain `openai`; a shared name would be disabled together with theirs."""
    names = list(DECLARED["opentelemetry_instrumentor"])
    assert names
    assert [name for name in names if not name.startswith("genscope_")] == []


def test_options_of_opentelemetry_instrument():
    """Each OTEL_ name of ours is an option there; one that another package has too breaks the command for everybody."""
    module = importlib.import_module(DECLARED["opentelemetry_environment_variables"]["genscope"])
    options = [
        name.removeprefix("OTEL_").removeprefix("PYTHON_").lower() for name in dir(module) if name.startswith("OTEL_")
    ]
    shown = run(Path(sys.executable).parent / "opentelemetry-instrument", "--help")
    assert options
    assert [option for option in options if f"--{option} " not in shown] == []


def test_importing_genscope_is_light():
    program = (
        "import sys, threading, genscope\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], threading.active_count())"
    )
    assert run(sys.executable, "-c", program).strip() == "[] 1"


def test_instrumenting_compiles_no_rules():
    """Those of the redaction take longer than all the rest of the start-up, and serve where content is."""
    program = "import sys, genscope; genscope.instrument(); print('genscope.features.redaction.rules' in sys.modules)"
    assert run(sys.executable, "-c", program).strip() == "False"
