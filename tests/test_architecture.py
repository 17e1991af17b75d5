"""The arrows of the house point down: CONTRIBUTING.md says who may import whom, this reads the sources and holds it.

Every rule is one row of ``RULES``, with made-up sources that it must catch and must let pass.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
LONGEST_FILE = 320
NAMES_THAT_SAY_NOTHING = {
    "util", "utils", "helper", "helpers", "common", "misc", "manager", "managers",
}  # fmt: skip

# Packages an application may or may not have: its SDKs and frameworks, and the HTTP libraries they bring.
SDKS = (
    "agents", "anthropic", "boto3", "botocore", "cerebras", "cohere", "google", "groq", "httpx", "httpx2", "langchain",
    "langchain_core", "langgraph", "litellm", "llama_index", "mcp", "mistralai", "ollama", "openai", "pydantic",
    "pydantic_ai", "requests", "together", "writerai",
)  # fmt: skip


@dataclass(frozen=True)
class Import:
    """One imported module or name: what, and whether the statement runs when the importing module is imported."""

    target: str
    line: int
    at_import: bool


@dataclass(frozen=True)
class Module:
    name: str
    source: str
    is_package: bool = False

    def imports(self) -> Iterator[Import]:
        return self._walk(ast.parse(self.source).body, at_import=True, for_types=False)

    def _walk(self, nodes: Iterable[ast.AST], at_import: bool, for_types: bool) -> Iterator[Import]:
        for node in nodes:
            for target in self._targets(node):
                yield Import(target, node.lineno, at_import and not for_types)
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
                yield from self._walk(node.body, at_import, for_types=True)
                yield from self._walk(node.orelse, at_import, for_types)
            else:
                yield from self._walk(ast.iter_child_nodes(node), at_import and not inside, for_types)

    def _targets(self, node: ast.AST) -> list[str]:
        match node:
            case ast.Import(names=names):
                return [alias.name for alias in names]
            case ast.ImportFrom(module=module, names=names, level=level):
                package = self._package(level) if level else ""
                origin = ".".join(part for part in (package, module) if part)
                return [f"{origin}.{alias.name}" for alias in names]  # module or name: the rules need not know which
            case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]):
                return [name] if ast.unparse(func).split(".")[-1] in {"import_module", "__import__"} else []
        return []

    def _package(self, level: int) -> str:
        parts = self.name.split(".")
        return ".".join(parts[: len(parts) - level + self.is_package])


def under(name: str, *roots: str) -> bool:
    """Is the module one of these, or inside one of these packages?"""
    return any(name == root or name.startswith(root + ".") for root in roots)


Check = Callable[[Module], Iterator[str]]


def may_import_of_ours(room: str, *allowed: str) -> Check:
    """Modules of the room import, of genscope, only what is allowed here and what is in their own room."""

    def check(module: Module) -> Iterator[str]:
        if under(module.name, room):
            for found in module.imports():
                if under(found.target, "genscope") and not under(found.target, room, *allowed):
                    yield f"line {found.line}: imports {found.target}"

    return check


def features_keep_to_themselves(module: Module) -> Iterator[str]:
    own = ".".join(module.name.split(".")[:3])
    allowed = (
        "genscope.core.operation", "genscope.core.messages", "genscope.core.payload", "genscope.core.plain",
        "genscope.core.pipeline", "genscope.core.background", "genscope.core.errors", "genscope.core.defects",
        "genscope.settings", "genscope.semconv",
    )  # fmt: skip
    if under(module.name, "genscope.features"):
        for found in module.imports():
            if under(found.target, "genscope") and not under(found.target, own, *allowed):
                yield f"line {found.line}: imports {found.target}"


def only_in(rooms: tuple[str, ...], *packages: str) -> Check:
    """Outside the rooms the packages are not imported at all: not in a function, not for types."""

    def check(module: Module) -> Iterator[str]:
        if not under(module.name, *rooms):
            for found in module.imports():
                if under(found.target, *packages):
                    yield f"line {found.line}: imports {found.target}"

    return check


def not_at_import(rooms: tuple[str, ...], *packages: str) -> Check:
    """Outside the rooms, importing a module of ours does not import the packages; a function or TYPE_CHECKING may."""

    def check(module: Module) -> Iterator[str]:
        if not under(module.name, *rooms):
            for found in module.imports():
                if found.at_import and under(found.target, *packages):
                    yield f"line {found.line}: imports {found.target} when it is imported itself"

    return check


def short(module: Module) -> Iterator[str]:
    lines = len(module.source.splitlines())
    if lines > LONGEST_FILE:
        yield f"has {lines} lines, {LONGEST_FILE} are the limit: split it"


def named_for_what_it_does(module: Module) -> Iterator[str]:
    for part in NAMES_THAT_SAY_NOTHING.intersection(module.name.split(".")):
        yield f"a module named {part} says nothing"


OTEL_ROOMS = (
    "genscope.core.call", "genscope.core.ambient", "genscope.core.identity", "genscope.core.subtree",
    "genscope.telemetry", "genscope.features", "genscope.local",
    "genscope.instrumentors", "genscope.annotate", "genscope.frameworks", "genscope.cli",
    "genscope.environment_variables", "genscope.retrying",
)  # fmt: skip
TERMINAL_ROOMS = ("genscope.local", "genscope.cli")
EXPORTERS = "genscope.features.redaction.exporters"  # only who has the SDK can have anything to export
SAMPLER = "genscope.telemetry.sampler"  # a sampler is asked for by who has the SDK
SAMPLE = "genscope.local.sample_app"  # a user's program: it imports what it likes, and nobody imports it
SAMPLES = (SAMPLE, "genscope.local.sample_agent")
UI = "genscope.local.ui"


@dataclass(frozen=True)
class Rule:
    id: str
    check: Check
    catches: tuple[Module, ...]
    allows: tuple[Module, ...] = ()


RULES = [
    Rule(
        "wire imports only the record and the messages",
        may_import_of_ours("genscope.wire", "genscope.core.operation", "genscope.core.messages"),
        catches=(
            Module("genscope.wire.new", "import genscope.settings"),
            Module("genscope.wire.new", "from genscope import semconv"),
            Module("genscope.wire.new", "from genscope.core import call"),
            Module("genscope.wire.new", "from ..core import call"),
            Module("genscope.wire", "from ..core import call", is_package=True),
            Module("genscope.wire.new", "from genscope.core import *"),
            Module("genscope.wire.new", "def read():\n    from genscope.providers.openai import ROUTES"),
            Module("genscope.wire.new", "if TYPE_CHECKING:\n    import genscope.core.call"),
            Module("genscope.wire.new", "import importlib\nx = importlib.import_module('genscope.core.call')"),
        ),
        allows=(
            Module("genscope.wire.new", "import json\nfrom genscope.core import operation\nfrom . import chat"),
            Module("genscope.wire.new", "from ..core.messages import text\nfrom genscope.wire.chat import fold"),
            Module("genscope.core.call", "import genscope.settings"),
        ),
    ),
    Rule(
        "providers import only wire, core and settings",
        may_import_of_ours("genscope.providers", "genscope.wire", "genscope.core", "genscope.settings"),
        catches=(
            Module("genscope.providers.new", "from genscope.telemetry.spans import Spans"),
            Module("genscope.providers.new", "from genscope import semconv, settings"),
            Module("genscope.providers.new", "async def wrap():\n    import genscope.features.cost"),
        ),
        allows=(Module("genscope.providers.new", "from genscope.core.call import Call\nfrom .stainless import seam"),),
    ),
    Rule(
        "core imports only core, settings and semconv",
        may_import_of_ours("genscope.core", "genscope.settings", "genscope.semconv"),
        catches=(
            Module("genscope.core.new", "import genscope.wire.chat as chat"),
            Module("genscope.core.new", "import genscope"),
            Module("genscope.core.new", "try:\n    import genscope.telemetry\nexcept ImportError:\n    pass"),
        ),
        allows=(
            Module("genscope.core.new", "import genscope.semconv\nfrom genscope.core.operation import Operation"),
            Module("genscope.corellary", "import genscope.wire.chat"),
        ),
    ),
    Rule(
        "a feature imports only the record, its content, words of errors, pipeline, background, settings, semconv",
        features_keep_to_themselves,
        catches=(
            Module("genscope.features.budget.stage", "from genscope.features.cost import prices"),
            Module("genscope.features.budget.stage", "from ..cost import prices"),
            Module("genscope.features.budget", "from genscope.features import cost"),
            Module("genscope.features.budget", "from genscope.core.call import Call"),
            Module("genscope.features.budget", "from genscope.providers.hosts import provider_of"),
        ),
        allows=(
            Module("genscope.features.cost.stage", "from genscope.features.cost import table\nfrom . import table"),
            Module("genscope.features.cost", "from genscope.core.pipeline import Stage\nimport genscope.settings"),
            Module("genscope.features.judge.stage", "from genscope.core.background import Background"),
            Module("genscope.features.slo.measures", "from genscope.core.errors import KINDS"),
        ),
    ),
    Rule(
        "annotations import only core, telemetry, settings, semconv and redaction",
        may_import_of_ours(
            "genscope.annotate",
            "genscope.core",
            "genscope.telemetry",
            "genscope.settings",
            "genscope.semconv",
            "genscope.features.redaction",
        ),
        catches=(
            Module("genscope.annotate.new", "from genscope.providers.openai import OPENAI"),
            Module("genscope.annotate.new", "from genscope.features.budget import stage"),
            Module("genscope.annotate.new", "def late():\n    from genscope.assembly import assemble"),
        ),
        allows=(
            Module("genscope.annotate.new", "from genscope.core.ambient import hold\nfrom genscope import semconv"),
            Module("genscope.annotate.new", "from genscope.features.redaction.stage import redaction"),
        ),
    ),
    Rule(
        "frameworks import only annotations, core, telemetry, settings and semconv",
        may_import_of_ours(
            "genscope.frameworks",
            "genscope.annotate",
            "genscope.core",
            "genscope.telemetry",
            "genscope.settings",
            "genscope.semconv",
        ),
        catches=(
            Module("genscope.frameworks.new", "from genscope.providers.openai import OPENAI"),
            Module("genscope.frameworks.new", "from genscope.instrumentors import chosen"),
        ),
        allows=(Module("genscope.frameworks.new", "from genscope.annotate.kinds import AGENT\nfrom . import runs"),),
    ),
    Rule(
        "retrying imports only annotations, core, the attributes of a span and semconv",
        may_import_of_ours(
            "genscope.retrying",
            "genscope.annotate",
            "genscope.core",
            "genscope.semconv",
            "genscope.telemetry.attributes",
        ),
        catches=(
            Module("genscope.retrying.new", "from genscope.providers.openai import OPENAI"),
            Module("genscope.retrying.new", "from genscope.features.budget.limits import Limit"),
            Module("genscope.retrying.new", "from genscope.telemetry.spans import Spans"),
        ),
        allows=(Module("genscope.retrying.new", "from genscope.core.errors import classify\nfrom . import tries"),),
    ),
    Rule(
        "tenacity is imported by who retries, when something is to be retried",
        not_at_import(("genscope.retrying.pacing",), "tenacity", "genscope.retrying.pacing"),
        catches=(
            Module("genscope.retrying.retries", "import tenacity"),
            Module("genscope.retrying", "from genscope.retrying.pacing import Pace", is_package=True),
        ),
        allows=(Module("genscope.retrying.retries", "def late():\n    from genscope.retrying.pacing import Pace"),),
    ),
    Rule(
        "ops imports only semconv and settings",
        may_import_of_ours("genscope.ops", "genscope.semconv", "genscope.settings"),
        catches=(
            Module("genscope.ops.new", "from genscope.telemetry.metrics import Metrics"),
            Module("genscope.ops.boards.new", "from genscope.core.errors import KINDS"),
            Module("genscope.ops.new", "def late():\n    import genscope.local.simulator"),
        ),
        allows=(Module("genscope.ops.new", "from genscope import semconv\nfrom genscope.ops.boards import board"),),
    ),
    Rule(
        "opentelemetry stays in its rooms",
        only_in(OTEL_ROOMS, "opentelemetry"),
        catches=(
            Module("genscope.wire.new", "from opentelemetry import trace"),
            Module("genscope.providers.new", "def late():\n    import opentelemetry.context"),
            Module("genscope.core.patching", "if TYPE_CHECKING:\n    import opentelemetry.trace"),
            Module("genscope.core.streams", "import opentelemetry"),
            Module("genscope", "from opentelemetry import trace", is_package=True),
        ),
        allows=(
            Module("genscope.core.call", "from opentelemetry.trace import Span"),
            Module("genscope.telemetry.spans", "from opentelemetry import trace"),
        ),
    ),
    Rule(
        "opentelemetry.sdk is no dependency of ours: only local tools, exporters, the sampler import it on their own",
        not_at_import(
            (*TERMINAL_ROOMS, EXPORTERS, SAMPLER), "opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.distro"
        ),
        catches=(
            Module("genscope.telemetry.spans", "from opentelemetry.sdk.trace import TracerProvider"),
            Module("genscope.telemetry.spans", "from opentelemetry import sdk"),
            Module("genscope.telemetry.spans", "class Late:\n    import opentelemetry.sdk"),
            Module("genscope.features.redaction.stage", "from opentelemetry.sdk.trace.export import SpanExporter"),
        ),
        allows=(
            Module(EXPORTERS, "from opentelemetry.sdk.trace.export import SpanExporter"),
            Module(SAMPLER, "from opentelemetry.sdk.trace.sampling import Sampler"),
            Module("genscope.local.console", "from opentelemetry.sdk.trace.export import SpanExporter"),
            Module("genscope.telemetry.spans", "def late():\n    import opentelemetry.sdk.trace"),
        ),
    ),
    Rule(
        "no SDK is imported with us",
        not_at_import(SAMPLES, *SDKS),
        catches=(
            Module("genscope.providers.openai", "import openai"),
            Module("genscope.providers.openai", "from openai._base_client import SyncAPIClient"),
            Module("genscope.local.provider", "try:\n    import httpx2\nexcept ImportError:\n    import httpx"),
            Module("genscope.cli", "import importlib\nopenai = importlib.import_module('openai')"),
            Module("genscope.cli", "if TYPE_CHECKING:\n    pass\nelse:\n    import openai"),
        ),
        allows=(
            Module("genscope.providers.openai", "import typing\nif typing.TYPE_CHECKING:\n    import openai"),
            Module("genscope.providers.openai", "import genscope.core.call\ndef late():\n    import openai"),
        ),
    ),
    Rule(
        "the sample applications are run, not imported",
        only_in(SAMPLES, *SAMPLES),
        catches=(Module("genscope.local.demo", "def run():\n    from genscope.local import sample_app"),),
        allows=(Module("genscope.local.demo", "SAMPLE = 'genscope.local.sample_app'"),),
    ),
    Rule(
        "rich and click stay with the terminal",
        not_at_import(TERMINAL_ROOMS, "rich", "click"),
        catches=(
            Module("genscope.instrumentors", "import click"),
            Module("genscope.telemetry.spans", "from rich.tree import Tree"),
        ),
        allows=(
            Module("genscope.cli", "import click"),
            Module("genscope.local.console", "from rich.tree import Tree"),
            Module("genscope.instrumentors", "def late():\n    import click"),
        ),
    ),
    Rule(
        "starlette, uvicorn and grpc stay with the server of the page",
        not_at_import((UI,), "starlette", "uvicorn", "grpc", "opentelemetry.proto"),
        catches=(
            Module("genscope.cli", "import uvicorn"),
            Module("genscope.local.store.from_otlp", "from opentelemetry.proto.trace.v1 import trace_pb2"),
            Module("genscope.web", "from starlette.requests import Request"),
        ),
        allows=(
            Module("genscope.local.ui.guard", "from starlette.responses import Response"),
            Module("genscope.web", "if TYPE_CHECKING:\n    from starlette.requests import Request"),
        ),
    ),
    Rule(
        f"no file over {LONGEST_FILE} lines",
        short,
        catches=(Module("genscope.core.call", "x = 1\n" * (LONGEST_FILE + 1)),),
        allows=(Module("genscope.core.call", "x = 1\n" * LONGEST_FILE),),
    ),
    Rule(
        "no module is named utils or the like",
        named_for_what_it_does,
        catches=(
            Module("genscope.core.utils", ""),
            Module("genscope.helpers.text", ""),
            Module("genscope.features.manager", ""),
        ),
        allows=(Module("genscope.core.pipeline", ""),),
    ),
]


def sources() -> list[Module]:
    """Every module under src, named as Python names it."""
    named: dict[str, Path] = {}
    for path in sorted(SRC.rglob("*.py")):
        parts = path.relative_to(SRC).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return [Module(name, path.read_text(encoding="utf-8"), path.name == "__init__.py") for name, path in named.items()]


MODULES = sources()
by_id = pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id.replace(" ", "-")) for rule in RULES])


@by_id
def test_the_house_holds(rule: Rule):
    broken = [f"{module.name}: {fault}" for module in MODULES for fault in rule.check(module)]
    assert not broken, f"{rule.id}:\n  " + "\n  ".join(broken)


@by_id
def test_the_rule_catches_what_it_is_for(rule: Rule):
    missed = [module for module in rule.catches if not list(rule.check(module))]
    assert rule.catches
    assert not missed, missed


@by_id
def test_the_rule_lets_the_rest_pass(rule: Rule):
    wrong = {module.name: faults for module in rule.allows if (faults := list(rule.check(module)))}
    assert not wrong


@pytest.mark.parametrize(
    "room", ["core.call", "core.operation", "wire", "providers", "telemetry", "settings", "semconv"]
)
def test_the_rooms_that_the_rules_name_exist(room: str):
    """A room that was renamed would obey every rule."""
    assert any(under(module.name, f"genscope.{room}") for module in MODULES)
