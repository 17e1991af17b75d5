"""`genscope doctor` in real processes with real environments, against real sockets of this machine."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement

from genscope.announce import look_up
from genscope.cli import main
from genscope.instrumentors import chosen
from genscope.local.doctor import findings
from genscope.local.doctor.findings import in_words
from genscope.local.doctor.sdks import examine_entry_points, judge

ROOT = Path(__file__).parents[1]
OPENAI = version("openai")
SDKS = {one.target.name: look_up(one.target.package, one.requires) for one in chosen(None)}
HERE = [name for name, sdk in SDKS.items() if sdk.version is not None]
"""Those that are installed; `openai` always is."""
OURS = [f"genscope_{name}" for name in SDKS]
DISTRIBUTIONS = {one.target.name: Requirement(one.requires).name for one in chosen(None)}
INSTRUMENT = str(Path(sys.executable).parent / "opentelemetry-instrument")
DOCTOR = [sys.executable, "-m", "genscope.cli", "doctor"]
QUIET = {"OTEL_TRACES_EXPORTER": "console", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
NAMED = {**QUIET, "OTEL_SERVICE_NAME": "shop"}
"""An environment in which there is nothing to complain about."""

# What a process does not have, by name. Python runs this before anything else.
HIDE = """
import importlib.metadata, os, sys
sys.modules.update({name: None for name in os.environ["HIDDEN_MODULES"].split(",")})
hidden = os.environ["HIDDEN_DISTRIBUTIONS"].split(",")
resolvers = importlib.metadata.Distribution._discover_resolvers
def filtered(find):
    return lambda context: (d for d in find(context) if d.metadata["Name"].replace("_", "-") not in hidden)
importlib.metadata.Distribution._discover_resolvers = staticmethod(lambda: map(filtered, resolvers()))
"""


def clean() -> dict[str, str]:
    drop = re.compile(r"OTEL_|GENSCOPE_|OPENAI_|PYTHONPATH$|COLUMNS$|NO_COLOR$|FORCE_COLOR$|.*_proxy$", re.IGNORECASE)
    return {name: value for name, value in os.environ.items() if not drop.match(name)}


def run(*command: str, cwd: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*(command or DOCTOR)],
        cwd=cwd,
        env={**clean(), "PYTHONIOENCODING": "utf-8", **environ},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


def examined(*command: str, **environ: str) -> dict[str, Any]:
    """What the command finds, its status checked against the verdict."""
    done = run(*(command or DOCTOR), "--json", **environ)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert done.returncode == (0 if found["traced"] else 1)
    return found


class Examiner:
    """One process that examines one environment after the other."""

    SCRIPT = """
import json, os, sys
from dataclasses import asdict
from genscope.local.doctor import examine
before = dict(os.environ)
for line in sys.stdin:
    os.environ.clear()
    os.environ.update(before, **json.loads(line))
    print(json.dumps(asdict(examine(timeout=5))), flush=True)
"""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.SCRIPT], env=clean(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, **environ: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(environ), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate(timeout=60)


@pytest.fixture(scope="module")
def examine() -> Iterator[Examiner]:
    examiner = Examiner()
    yield examiner
    examiner.close()


class Listener:
    """A port of this machine that accepts connections, and what came through them."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_server((host, 0))
        self.port = self.socket.getsockname()[1]
        self.received: list[bytes] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            with connection:
                self.received.append(connection.recv(1000))  # returns when the other side sends or closes

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def listen() -> Iterator[Callable[[], Listener]]:
    listeners: list[Listener] = []

    def start() -> Listener:
        listeners.append(Listener())
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.close()


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as bound:  # but not listening
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def without(tmp_path: Path) -> Callable[..., dict[str, str]]:
    (tmp_path / "sitecustomize.py").write_text(HIDE)

    def hidden(*distributions: str, modules: Sequence[str] = (), PYTHONPATH: str | None = None) -> dict[str, str]:
        names = {"HIDDEN_DISTRIBUTIONS": ",".join(distributions), "HIDDEN_MODULES": ",".join(modules)}
        return {"PYTHONPATH": os.pathsep.join(filter(None, (str(tmp_path), PYTHONPATH))), **names}

    return hidden


@pytest.fixture
def without_sdks(without: Callable[..., dict[str, str]]) -> Callable[..., dict[str, str]]:
    def hidden(*names: str, **environ: str) -> dict[str, str]:
        packages = [SDKS[name].package for name in names]
        return without(*(DISTRIBUTIONS[name] for name in names), modules=packages, **environ)

    return hidden


def distribution(folder: Path, name: str, version: str, *metadata: str, entry_points: str = "") -> str:
    """Install a distribution that has nothing but metadata; returns what PYTHONPATH needs for it."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata]
    (info / "METADATA").write_text("\n".join(lines) + "\n")
    (info / "entry_points.txt").write_text(f"[opentelemetry_instrumentor]\n{entry_points}\n")
    return str(folder)


def openai_of(found: Mapping[str, Any]) -> dict[str, Any]:
    return next(one for one in found["sdks"] if one["name"] == "openai")


def texts(found: Mapping[str, Any], section: str | None = None) -> list[str]:
    return [one["text"] for one in found["problems"] if section in (None, one["section"])]


def fatal(found: Mapping[str, Any]) -> list[str]:
    return [one["text"] for one in found["problems"] if one["fatal"]]


# --- where all is well


def test_a_healthy_environment(listen: Callable[[], Listener]) -> None:
    collector = listen()
    found = examined(
        OTEL_SERVICE_NAME="shop",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.port}",
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
    )
    assert found["traced"]
    assert found["problems"] == []
    assert [one["name"] for one in found["sdks"]] == [*SDKS]
    for one in found["sdks"]:
        installed = SDKS[one["name"]]
        state = "not_installed" if installed.version is None else "traced"
        assert (one["package"], one["version"], one["state"]) == (installed.package, installed.version, state)
    sdk = openai_of(found)
    assert (sdk["package"], sdk["version"], sdk["state"], sdk["supported"]) == ("openai", OPENAI, "traced", True)
    assert (sdk["entry_point"], sdk["module"]) == ("genscope_openai", "openai._base_client")
    assert {"SyncAPIClient.request", "AsyncAPIClient.request"} <= {*sdk["bound"]}
    assert sdk["skipped"] == {}
    assert not sdk["instrumented"]
    assert found["entry_points"]["distribution"] == version("genscope")
    assert {*found["entry_points"]["listed"]["opentelemetry_instrumentor"]} == {*OURS}
    assert found["entry_points"]["missing"] == []
    providers = found["providers"]
    assert (providers["source"], providers["service_name"]) == ("environment", "shop")
    assert providers["distro"] == f"distro (opentelemetry-distro {version('opentelemetry-distro')})"
    assert (providers["sampler"], providers["propagators"]) == ("parentbased_always_on", ["tracecontext", "baggage"])
    endpoint = f"http://127.0.0.1:{collector.port}"
    otlp = {"name": "otlp", "component": "otlp_proto_http", "protocol": "http/protobuf"}
    assert providers["exporters"] == {
        signal: [{**otlp, "endpoint": endpoint, "fault": None}] for signal in ("traces", "metrics", "logs")
    }
    assert found["endpoints"] == [
        {
            "address": f"127.0.0.1:{collector.port}",
            "protocol": "http/protobuf",
            "signals": ["traces", "metrics", "logs"],
            "reachable": True,
            "detail": None,
        }
    ]
    assert found["content"] == {"capture": "NO_CONTENT", "events": False, "redaction": "default"}
    assert (found["settings"], found["complaints"]) == ([], [])
    assert found["versions"]["wrapt"] == version("wrapt")
    assert found["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["versions"]["opentelemetry-sdk"] == version("opentelemetry-sdk")
    assert collector.received == [b""]  # one connection for three signals, and nothing through it


def test_what_is_printed() -> None:
    done = run(**NAMED)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert any(line.startswith("wrapped there SyncAPIClient.request, AsyncAPIClient.request, ") for line in lines)
    wanted = [
        *(f"✓ {name} {SDKS[name].version} {SDKS[name].package}._base_client" for name in HERE),
        "✓ traces console",
        "– metrics no exporter",
        "– messages not recorded",
        "service name shop",
        "– all as by default",
    ]
    assert [line for line in wanted if line not in lines] == []
    assert lines[-1] == f"Calls of {in_words(HERE)} are traced by `opentelemetry-instrument python app.py`."
    assert "What to do" not in lines
    assert "\x1b" not in done.stdout
    assert not [line for line in done.stdout.splitlines() if line != line.rstrip()]


def test_colours_are_for_those_who_want_them() -> None:
    assert "\x1b[32m✓" in run(**NAMED, FORCE_COLOR="1").stdout
    assert not re.search("\x1b\\[3[0-9]", run(**NAMED, FORCE_COLOR="1", NO_COLOR="1").stdout)


def test_it_fits_into_a_narrow_terminal_without_unicode() -> None:
    done = run(**QUIET, COLUMNS="60", PYTHONIOENCODING="ascii")
    verdict = "Calls of openai"
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 60
    assert any(line.startswith(f"  + openai {OPENAI}") for line in lines)
    end = next(number for number, line in enumerate(lines) if line.startswith(verdict))
    advice = lines[lines.index("What to do") + 1 : end]
    assert advice[0].startswith("  ! The service has no name: set")
    assert [line[:4] for line in advice[1:]] == ["    "] * len(advice[1:])


# --- SDKs


def test_no_sdk(without_sdks: Callable[..., dict[str, str]]) -> None:
    found = examined(**NAMED, **without_sdks(*SDKS))
    assert [(sdk["state"], sdk["version"]) for sdk in found["sdks"]] == [("not_installed", None)] * len(SDKS)
    wanted = in_words([sdk["requires"] for sdk in found["sdks"]], "or")
    assert fatal(found) == [f"No SDK that genscope traces is installed here: install {wanted} into this environment."]


def test_sdks_that_are_not_there_are_one_line(without_sdks: Callable[..., dict[str, str]]) -> None:
    """It is no fault, and the others are traced."""
    others = [name for name in SDKS if name != "openai"]
    done = run(**NAMED, **without_sdks(*others))
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert f"– not installed {', '.join(others)}" in lines
    assert "What to do" not in lines
    assert lines[-1].startswith("Calls of openai are traced by")


def test_an_sdk_without_metadata_is_traced_all_the_same(without: Callable[..., dict[str, str]]) -> None:
    sdk = openai_of(examined(**NAMED, **without("openai")))
    assert (sdk["state"], sdk["version"], sdk["supported"]) == ("traced", "unknown", True)


def fake_openai(folder: Path, base_client: str | None, *, start: str = "", version: str = "999.0") -> dict[str, str]:
    (folder / "openai").mkdir(parents=True)
    (folder / "openai" / "__init__.py").write_text(start)
    if base_client is not None:
        (folder / "openai" / "_base_client.py").write_text(base_client)
    return {"PYTHONPATH": distribution(folder, "openai", version)}


HALF = "class SyncAPIClient:\n    def request(self): ..."


@pytest.mark.parametrize(
    "base_client, start, version, state, advice",
    [
        pytest.param(None, "", "0.28", "no_target", "update it, genscope supports openai", id="before-1.0"),
        pytest.param("", "", "999.0", "no_target", "update genscope, or report it", id="rebuilt"),
        pytest.param(HALF, "", "999.0", "in_part", "not there: a class.request", id="half-rebuilt"),
        pytest.param(HALF, "1 / 0", "999.0", "import_fails", "ZeroDivisionError", id="broken"),
        pytest.param(HALF, "import no_such_module", "999.0", "import_fails", "no_such_module", id="incomplete"),
    ],
)
def test_an_sdk_that_is_not_what_we_expect(
    tmp_path: Path,
    without_sdks: Callable[..., dict[str, str]],
    base_client: str | None,
    start: str,
    version: str,
    state: str,
    advice: str,
) -> None:
    fake = fake_openai(tmp_path, base_client, start=start, version=version)
    found = examined(**NAMED, **without_sdks(*(name for name in SDKS if name != "openai"), **fake))
    sdk = openai_of(found)
    assert (sdk["state"], sdk["version"]) == (state, version)
    (text,) = texts(found, "sdks")
    assert advice in text
    assert found["traced"] == (state == "in_part")
    assert sdk["bound"] == (["SyncAPIClient.request"] if state == "in_part" else [])


def test_a_version_that_is_too_old(tmp_path: Path) -> None:
    found = examined(**NAMED, PYTHONPATH=distribution(tmp_path, "openai", "1.2.0"))
    sdk = openai_of(found)
    assert (sdk["version"], sdk["supported"], sdk["state"]) == ("1.2.0", False, "traced")
    assert texts(found) == [
        f"openai 1.2.0 is not a version that is supported, calls may go untraced: update to {sdk['requires']}."
    ]


@pytest.mark.parametrize("names", [",".join(OURS), f"flask, {' , '.join(OURS)} ", "*"])
def test_switched_off(examine: Examiner, names: str) -> None:
    found = examine(**NAMED, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=names)
    if names == "*" and not knows_wildcard():
        assert found["traced"]
        return
    assert not found["traced"]
    assert [sdk["name"] for sdk in found["sdks"] if sdk["state"] == "disabled"] == HERE
    (text,) = fatal(found)
    assert f"does not load {in_words([f'genscope_{name}' for name in HERE])} " in text
    assert f"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS={names}" in text


def knows_wildcard() -> bool:
    """Whether this release of OpenTelemetry does: asked by trying."""
    script = "from genscope.instrumentors import OpenAIInstrumentor as I; print(I().is_instrumented_by_opentelemetry)"
    done = run(INSTRUMENT, sys.executable, "-c", script, **QUIET, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="*")
    return done.stdout == "False\n"


def test_other_names_switch_off_others(examine: Examiner) -> None:
    assert examine(**NAMED, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="openai,genscope")["problems"] == []


def sdk(name: str, state: findings.State, *, supported: bool = True, found: bool = True) -> findings.Sdk:
    entry_point = f"genscope_{name}" if found else None
    return findings.Sdk(name, name, f"{name} >= 1", "1.0", supported, entry_point, False, state, state)


def test_one_sdk_that_is_traced_is_enough() -> None:
    problems: list[findings.Problem] = []
    judge(
        [
            *(sdk("one", "traced"), sdk("two", "disabled"), sdk("three", "not_installed")),
            sdk("four", "not_instrumented"),  # genscope.instrument(only=["one"])
        ],
        problems,
    )
    assert problems == []
    judge([sdk("one", "traced"), sdk("two", "import_fails")], problems)
    assert [problem.fatal for problem in problems] == [False]


def test_an_sdk_that_opentelemetry_refuses_is_too_old() -> None:
    problems: list[findings.Problem] = []
    judge([sdk("one", "traced"), sdk("two", "not_instrumented", supported=False)], problems)
    assert [(problem.fatal, problem.text.split(",")[0]) for problem in problems] == [
        (False, "two 1.0 is not a version that is supported")
    ]


def test_reasons_that_are_the_same_are_said_once() -> None:
    problems: list[findings.Problem] = []
    judge([sdk("one", "not_instrumented"), sdk("two", "not_instrumented"), sdk("three", "not_installed")], problems)
    (problem,) = problems
    assert problem.text.startswith("one 1.0 and two 1.0 are not instrumented in this process: call")


def test_of_several_sdks_each_has_its_reason() -> None:
    problems: list[findings.Problem] = []
    judge([sdk("one", "disabled"), sdk("two", "not_installed"), sdk("three", "no_target")], problems)
    assert [(problem.fatal, problem.text.split()[0]) for problem in problems] == [
        (True, "`opentelemetry-instrument`"),
        (True, "three"),
    ]
    judge([sdk("one", "not_installed"), sdk("two", "not_installed")], problems)
    assert "install one >= 1 or two >= 1" in problems[-1].text


# --- how genscope is found


def test_a_folder_on_the_path_is_no_installation(without: Callable[..., dict[str, str]]) -> None:
    found = examined(**NAMED, **without("genscope"))
    assert found["entry_points"] == {"distribution": None, "listed": {}, "missing": OURS}
    (text,) = fatal(found)
    assert "does not find genscope_openai" in text
    assert "install genscope with pip" in text


@pytest.mark.parametrize(
    "sdks, problem",
    [
        ([sdk("one", "traced")], None),
        ([sdk("one", "traced"), sdk("two", "not_installed", found=False)], None),
        ([sdk("one", "traced"), sdk("two", "traced", found=False)], (False, "genscope_two")),
        (
            [*(sdk(name, "traced", found=False) for name in ("one", "two")), sdk("three", "not_installed")],
            (True, "genscope_one and genscope_two"),
        ),
    ],
)
def test_entry_points_that_are_missing(sdks: list[findings.Sdk], problem: tuple[bool, str] | None) -> None:
    """As after an update of a folder that was installed with `pip install -e`."""
    problems: list[findings.Problem] = []
    examine_entry_points(sdks, problems)
    said = [(one.fatal, one.text) for one in problems]
    assert len(said) == (problem is not None)
    for (fatal, text), wanted in zip(said, filter(None, [problem]), strict=True):
        assert (fatal, wanted[1] in text) == (wanted[0], True)
        assert text.startswith(f"`opentelemetry-instrument` does not find {wanted[1]} among the entry points")


# --- where it goes


@pytest.mark.parametrize(
    "environ, advice",
    [
        pytest.param({"OTEL_SDK_DISABLED": "TRUE"}, "unset OTEL_SDK_DISABLED", id="sdk-disabled"),
        pytest.param({"OTEL_TRACES_EXPORTER": "none"}, "Neither spans nor metrics", id="no-exporter"),
        pytest.param({"OTEL_TRACES_EXPORTER": "acme"}, "The exporter 'acme' for traces is not there", id="unknown"),
        pytest.param({"OTEL_LOGS_EXPORTER": "acme"}, "name another in OTEL_LOGS_EXPORTER", id="unknown-for-logs"),
        pytest.param({"OTEL_TRACES_EXPORTER": "console,none"}, "The exporter 'none'", id="none-among-others"),
        pytest.param(
            {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
            "the protocol 'http/json' is not one of grpc, http/protobuf",
            id="unknown-protocol",
        ),
        pytest.param({"OTEL_TRACES_SAMPLER": "always_off"}, "The sampler always_off drops", id="sampler-off"),
        pytest.param(
            {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"},
            "The sampler parentbased_traceidratio (0) drops",
            id="ratio-zero",
        ),
        pytest.param({"OTEL_PYTHON_CONFIGURATOR": "acme"}, "No configurator named 'acme'", id="no-configurator"),
    ],
)
def test_nothing_would_be_traced(examine: Examiner, environ: dict[str, str], advice: str) -> None:
    found = examine(**{**NAMED, **environ})
    assert not found["traced"]
    (text,) = fatal(found)
    assert advice in text


@pytest.mark.parametrize(
    "environ, warning",
    [
        pytest.param(
            {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "console"}, "Only metrics", id="metrics"
        ),
        pytest.param(
            {"OTEL_TRACES_SAMPLER": "always_off", "OTEL_METRICS_EXPORTER": "console"},
            "always_off",
            id="metrics-at-least",
        ),
        pytest.param({"OTEL_TRACES_SAMPLER": "acme"}, "OTEL_TRACES_SAMPLER=acme is ignored", id="unknown-sampler"),
        pytest.param(
            {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "10 %"}, "so all are sampled", id="ratio"
        ),
        pytest.param({"OTEL_SERVICE_NAME": ""}, "set OTEL_SERVICE_NAME", id="no-name"),
        pytest.param({"OTEL_SDK_DISABLED": "1"}, None, id="not-disabled"),
    ],
)
def test_traced_but(examine: Examiner, environ: dict[str, str], warning: str | None) -> None:
    found = examine(**{**NAMED, **environ})
    assert found["traced"]
    assert fatal(found) == []
    assert len(texts(found)) == (warning is not None)
    assert (warning or "") in "".join(texts(found))


def test_without_the_distro_there_are_no_default_exporters(examine: Examiner) -> None:
    found = examine(OTEL_SERVICE_NAME="shop", OTEL_PYTHON_DISTRO="acme")
    assert found["providers"]["distro"] is None
    assert found["providers"]["exporters"] == {"traces": [], "metrics": [], "logs": []}
    assert "Neither spans nor metrics are exported: set OTEL_TRACES_EXPORTER" in fatal(found)[0]


def test_the_service_may_have_its_name_from_the_resource(examine: Examiner) -> None:
    found = examine(**QUIET, OTEL_RESOURCE_ATTRIBUTES="a=b, service.name=shop")
    assert (found["providers"]["service_name"], found["problems"]) == ("shop", [])


@pytest.mark.parametrize(
    "hidden, advice",
    [
        ("opentelemetry.sdk", "The OpenTelemetry SDK is not installed: pip install 'genscope[otlp]'."),
        ("opentelemetry-distro", "No configurator is installed"),
        (
            "opentelemetry-exporter-otlp-proto-grpc",
            "The exporter 'otlp_proto_grpc' for traces, metrics and logs is not",
        ),
        ("opentelemetry.exporter.otlp.proto.grpc", "cannot be imported"),
    ],
)
def test_what_is_not_installed(without: Callable[..., dict[str, str]], hidden: str, advice: str) -> None:
    found = examined(OTEL_SERVICE_NAME="shop", **(without(modules=[hidden]) if "." in hidden else without(hidden)))
    (text,) = fatal(found)
    assert advice in text
    assert "pip install 'genscope[otlp]'" in text


def test_a_propagator_that_is_not_there_stops_everything() -> None:
    found = examined(**NAMED, OTEL_PROPAGATORS="tracecontext,acme")
    assert fatal(found) == [
        "OTEL_PROPAGATORS has acme, not installed, and OpenTelemetry does not start: install or remove it."
    ]


# --- endpoints


def test_a_port_where_nobody_listens(examine: Examiner, closed_port: int) -> None:
    found = examine(
        **{**NAMED, "OTEL_TRACES_EXPORTER": "otlp"}, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{closed_port}"
    )
    assert found["traced"]  # the collector may come later
    (endpoint,) = found["endpoints"]
    assert (endpoint["reachable"], endpoint["detail"], endpoint["signals"]) == (False, "connection refused", ["traces"])
    (text,) = texts(found)
    assert text.startswith(
        f"No connection to 127.0.0.1:{closed_port}, where traces are sent (connection refused): start"
    )


def test_signals_have_endpoints_and_protocols_of_their_own(examine: Examiner, listen: Callable[[], Listener]) -> None:
    shared, own = listen(), listen()
    found = examine(
        OTEL_SERVICE_NAME="shop",
        OTEL_LOGS_EXPORTER="none",
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_EXPORTER_OTLP_METRICS_PROTOCOL="grpc",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{shared.port}/base/",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"http://user:secret@127.0.0.1:{own.port}/v1/traces?key=secret",
    )
    assert [(one["address"], one["protocol"], one["signals"], one["reachable"]) for one in found["endpoints"]] == [
        (f"127.0.0.1:{own.port}", "http/protobuf", ["traces"], True),
        (f"127.0.0.1:{shared.port}", "grpc", ["metrics"], True),
    ]
    assert "secret" not in json.dumps(found)


@pytest.mark.parametrize(
    "protocol, address", [("grpc", "localhost:4317"), ("http/protobuf", "localhost:4318"), (None, "localhost:4317")]
)
def test_defaults(examine: Examiner, protocol: str | None, address: str) -> None:
    asked = {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol} if protocol else {}
    found = examine(**asked)
    assert [(one["address"], one["protocol"]) for one in found["endpoints"]] == [(address, protocol or "grpc")]


@pytest.mark.parametrize(
    "protocol, endpoint, address, warning",
    [
        ("http/protobuf", "127.0.0.1:9", None, "is no URL: write http://host:port"),
        ("http/protobuf", "http://127.0.0.1:4317", "127.0.0.1:4317", "usually for grpc"),
        ("grpc", "http://127.0.0.1:4318", "127.0.0.1:4318", "usually for http/protobuf"),
        ("grpc", "127.0.0.1:9", "127.0.0.1:9", "means TLS to gRPC: write http://127.0.0.1:9"),
        ("grpc", "http://[::1]:9", "[::1]:9", "No connection to [::1]:9"),
        ("grpc", "http://127.0.0.1:70000", None, "is no URL"),
        ("grpc", "unix:///run/collector.sock", "unix://", None),
        ("http/protobuf", "http://no-such-host.invalid:9", "no-such-host.invalid:9", "(unknown host)"),
    ],
)
def test_endpoints_that_cannot_work(
    examine: Examiner, protocol: str, endpoint: str, address: str | None, warning: str | None
) -> None:
    asked = {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint}
    found = examine(**{**NAMED, "OTEL_TRACES_EXPORTER": "otlp"}, **asked)
    assert [one["address"] for one in found["endpoints"]] == ([address] if address else [])
    assert not [one for one in found["endpoints"] if one["reachable"]]
    said = texts(found, "endpoints")
    assert any(warning in text for text in said) if warning else said == []


def test_what_is_behind_a_proxy_is_not_tried(examine: Examiner, listen: Callable[[], Listener]) -> None:
    proxy, collector = listen(), listen()
    asked = {**NAMED, "OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
    asked["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{collector.port}"
    (endpoint,) = examine(**asked, http_proxy=f"http://127.0.0.1:{proxy.port}")["endpoints"]
    assert (endpoint["reachable"], endpoint["detail"]) == (None, "not tried: exporters go through http_proxy")
    assert (proxy.received, collector.received) == ([], [])
    (endpoint,) = examine(**asked, http_proxy=f"http://127.0.0.1:{proxy.port}", no_proxy="127.0.0.1")["endpoints"]
    assert endpoint["reachable"]


def test_the_timeout_is_an_option() -> None:
    assert "--timeout SECONDS" in CliRunner().invoke(main, ["doctor", "--help"]).output
    assert CliRunner().invoke(main, ["doctor", "--timeout", "0"]).exit_code == 2


# --- settings


def test_settings_and_where_they_come_from(examine: Examiner) -> None:
    found = examine(
        **NAMED,
        GENSCOPE_STREAM_USAGE="yes",
        OTEL_PYTHON_GENSCOPE_PROVIDERS="llm.example.com=acme",
        GENSCOPE_REQUEST_HOOK="json:dumps",
        GENSCOPE_TOOL_SCHEMAS="perhaps",
        OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="true",
    )
    said = {one["name"]: (one["value"], one["default"], one["origin"]) for one in found["settings"]}
    assert said == {
        "capture_message_content": (
            "SPAN_ONLY",
            "NO_CONTENT",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        ),
        "providers": ({"llm.example.com": "acme"}, {}, "OTEL_PYTHON_GENSCOPE_PROVIDERS"),
        "stream_usage": (True, False, "GENSCOPE_STREAM_USAGE"),
        "request_hook": ("json:dumps", None, "GENSCOPE_REQUEST_HOOK"),
    }
    assert [one["sdks"] for one in found["settings"]] == [OURS] * 4
    assert found["content"]["capture"] == "SPAN_ONLY"
    assert len(found["complaints"]) == 2
    for text in (
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT='true' is outdated",
        "'perhaps' is ignored; accepted",
    ):
        assert any(text in complaint for complaint in texts(found, "settings"))
    assert found["traced"]


def test_hooks_are_found_where_the_program_finds_them(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def hook(op, raw): ...")
    script = str(Path(sys.executable).parent / "genscope")
    done = run(script, "doctor", "--json", cwd=tmp_path, **NAMED, GENSCOPE_CHUNK_HOOK="mine:hook")
    assert [one["value"] for one in json.loads(done.stdout)["settings"]] == ["mine:hook"]


@pytest.mark.skipif(find_spec("opentelemetry.configuration") is None, reason="needs opentelemetry-configuration")
def test_a_declarative_file(tmp_path: Path, listen: Callable[[], Listener]) -> None:
    collector = listen()
    file = tmp_path / "otel.json"
    endpoint = f"http://127.0.0.1:{collector.port}/v1/traces"
    batch = {"batch": {"exporter": {"otlp_http": {"endpoint": endpoint}}}}
    ratio = {"trace_id_ratio_based": {"ratio": 0.5}}
    declared = {
        "file_format": "1.0",
        "resource": {"attributes": [{"name": "service.name", "value": "shop"}]},
        "propagator": {"composite": [{"tracecontext": {}}]},
        "tracer_provider": {
            "processors": [batch, {"simple": {"exporter": {"genscope_console": {}}}}],
            "sampler": {"parent_based": {"root": ratio}},
        },
        "meter_provider": {"readers": [{"periodic": {"exporter": {"console": {}}}}]},
        "instrumentation/development": {
            "python": {"genscope_openai": {"enabled": True, "stream_usage": True, "nonsense": 1}}
        },
    }
    file.write_text(json.dumps(declared))
    found = examined(OTEL_CONFIG_FILE=str(file), OTEL_TRACES_EXPORTER="none")
    providers = found["providers"]
    assert (providers["source"], providers["service_name"], providers["propagators"]) == (
        "file",
        "shop",
        ["tracecontext"],
    )
    assert providers["sampler"] == "parent_based (trace_id_ratio_based (0.5))"
    names = {signal: [one["name"] for one in several] for signal, several in providers["exporters"].items()}
    assert names == {"traces": ["otlp_http", "genscope_console"], "metrics": ["console"], "logs": []}
    assert [(one["address"], one["reachable"]) for one in found["endpoints"]] == [(f"127.0.0.1:{collector.port}", True)]
    assert [(one["name"], one["origin"]) for one in found["settings"]] == [("stream_usage", "file")]
    assert found["settings"][0]["sdks"] == ["genscope_openai"]
    (complaint,) = texts(found, "settings")
    assert "nonsense" in complaint
    assert "True · file · default False · for genscope_openai" in run(OTEL_CONFIG_FILE=str(file)).stdout

    ratio["trace_id_ratio_based"]["ratio"] = 0
    del declared["meter_provider"]
    file.write_text(json.dumps(declared))
    assert "drops every trace" in fatal(examined(OTEL_CONFIG_FILE=str(file)))[0]
    file.write_text("{")
    assert "cannot be used" in fatal(examined(OTEL_CONFIG_FILE=str(file)))[0]


@pytest.mark.skipif(find_spec("opentelemetry.configuration") is not None, reason="without opentelemetry-configuration")
def test_a_declarative_file_that_nobody_reads(tmp_path: Path) -> None:
    from opentelemetry.sdk import environment_variables

    found = examined(**NAMED, OTEL_CONFIG_FILE=str(tmp_path / "otel.yaml"))
    if hasattr(environment_variables, "OTEL_CONFIG_FILE"):
        assert "pip install opentelemetry-configuration" in fatal(found)[0]
    else:
        assert found["problems"] == []


# --- others


def test_other_instrumentations(tmp_path: Path) -> None:
    extra = "; extra == 'instruments'"
    one = "openai = one:Instrumentor"
    distribution(tmp_path, "one-openai", "1.0", f"Requires-Dist: OpenAI >= 1{extra}", entry_points=one)
    distribution(
        tmp_path, "two-openai", "2.0", f"Requires-Dist: openai < 1{extra}", entry_points="two = two:Instrumentor"
    )
    distribution(tmp_path, "whisper", "3.0", f"Requires-Dist: openai-whisper{extra}", entry_points="openai = w:I")
    distribution(
        tmp_path,
        "plain",
        "4.0",
        "Requires-Dist: wrapt; python_version > '3'",
        entry_points="openai = plain:Instrumentor",
    )
    environ = {**NAMED, "PYTHONPATH": str(tmp_path)}
    found = examined(**environ)
    by_name = {one["distribution"]: one for one in found["neighbours"]}
    assert {name: (one["name"], one["sdk"], one["active"]) for name, one in by_name.items()} == {
        "one-openai": ("openai", "openai", True),
        "two-openai": ("two", "openai", False),
        "plain": ("openai", "openai", True),
    }
    assert "openai" in by_name["two-openai"]["why_not"]
    assert by_name["two-openai"]["shares_name_with"] == []
    assert {*by_name["one-openai"]["shares_name_with"]} == {"whisper", "plain"}
    assert found["traced"]
    advice = next(text for text in texts(found, "neighbours") if text.startswith("one-openai"))
    assert "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=openai, which hits" in advice
    switched_off = examined(**environ, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="openai")
    assert [one["active"] for one in switched_off["neighbours"]] == [False] * 3
    assert switched_off["problems"] == []


# --- in a process where all is set up


def test_under_opentelemetry_instrument(closed_port: int) -> None:
    environ = {"OTEL_TRACES_EXPORTER": "otlp,console", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    endpoint = f"http://127.0.0.1:{closed_port}"
    found = examined(INSTRUMENT, *DOCTOR, **environ, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_SERVICE_NAME="shop")
    providers = found["providers"]
    assert providers["source"] == "process"
    assert providers["classes"]["traces"] == "opentelemetry.sdk.trace.TracerProvider"
    exporters = {signal: [(one["name"], one["endpoint"]) for one in s] for signal, s in providers["exporters"].items()}
    assert exporters == {
        "traces": [("OTLPSpanExporter", endpoint), ("ConsoleSpanExporter", None)],
        "metrics": [],
        "logs": [],
    }
    assert (providers["service_name"], providers["sampler"]) == ("shop", "ParentBased{root:AlwaysOnSampler}")
    assert [(one["protocol"], one["reachable"]) for one in found["endpoints"]] == [("grpc", False)]
    for sdk in found["sdks"]:
        if sdk["name"] in HERE:
            assert (sdk["instrumented"], sdk["state"]) == (True, "traced")
            assert sdk["bound"]


def test_under_opentelemetry_instrument_switched_off_or_in_vain() -> None:
    off = examined(INSTRUMENT, *DOCTOR, **NAMED, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=",".join(OURS))
    assert [sdk["name"] for sdk in off["sdks"] if sdk["state"] == "disabled"] == HERE
    assert not off["traced"]
    unsampled = examined(INSTRUMENT, *DOCTOR, **NAMED, OTEL_TRACES_SAMPLER="always_off")
    assert "The sampler AlwaysOffSampler drops every trace" in fatal(unsampled)[0]


PROGRAM = """
import json
from dataclasses import asdict
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
import genscope
from genscope.local.doctor import examine

tracing, reader, exporter = TracerProvider(), InMemoryMetricReader(), InMemorySpanExporter()
exporter._exporter = InMemorySpanExporter()  # as in one that changes what it hands on
if {exports}:
    tracing.add_span_processor(SimpleSpanProcessor(exporter))
genscope.instrument(tracer_provider=tracing, meter_provider=MeterProvider([reader] * {exports}), stream_usage=True)
print(json.dumps(asdict(examine())))
"""


@pytest.mark.parametrize("exports", [True, False])
def test_a_program_examines_itself(exports: bool) -> None:
    done = run(sys.executable, "-c", PROGRAM.format(exports=exports), OTEL_SERVICE_NAME="shop")
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["traced"] == exports
    exporters = {
        signal: [one["name"] for one in several] for signal, several in found["providers"]["exporters"].items()
    }
    wanted = {"traces": ["InMemorySpanExporter"], "metrics": ["InMemoryMetricReader"], "logs": []}
    assert exporters == (wanted if exports else {signal: [] for signal in wanted})
    assert [(one["name"], one["origin"]) for one in found["settings"]] == [("stream_usage", "argument")]
    assert "add a span processor" in "".join(fatal(found)) or exports


def test_a_program_that_forgot_to_instrument() -> None:
    script = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from genscope.local.doctor import examine
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
trace.set_tracer_provider(provider)
found = examine()
print(found.traced, *(problem.text for problem in found.problems if problem.fatal))
"""
    done = run(sys.executable, "-c", script, OTEL_SERVICE_NAME="shop")
    names = in_words([f"{name} {SDKS[name].version}" for name in HERE])
    verb = "is" if len(HERE) == 1 else "are"
    assert done.stdout.startswith(f"False {names} {verb} not instrumented in this process: call genscope.instrument()")


def test_it_leaves_no_trace() -> None:
    """No provider is set, not even by asking for one, and the SDK is as it was."""
    script = """
from opentelemetry import trace
import opentelemetry.metrics._internal as metrics
from genscope.instrumentors import OpenAIInstrumentor
from genscope.local.doctor import examine
import openai._base_client as sdk
before = sdk.SyncAPIClient.__dict__["request"]
assert {one.state for one in examine().sdks} - {"not_installed"} == {"traced"}
assert sdk.SyncAPIClient.__dict__["request"] is before
assert not OpenAIInstrumentor().is_instrumented_by_opentelemetry
assert trace._TRACER_PROVIDER is None
assert metrics._METER_PROVIDER is None
print("as before")
"""
    asked = {"OTEL_PYTHON_TRACER_PROVIDER": "sdk_tracer_provider", "OTEL_PYTHON_METER_PROVIDER": "sdk_meter_provider"}
    done = run(sys.executable, "-c", script, **NAMED, **asked)
    assert (done.stdout, done.stderr) == ("as before\n", "")


# --- what others rely on


def test_the_keys_are_documented(examine: Examiner) -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    section = page[page.index("## genscope doctor") :].split("\n## ")[0]
    assert [*examine(**NAMED)] == [one.name for one in fields(findings.Examination)]
    documented = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert documented == [one.name for one in fields(findings.Examination)]


def test_without_rich_there_is_json(without: Callable[..., dict[str, str]]) -> None:
    hidden = without(modules=["rich"])
    done = run(**NAMED, **hidden)
    assert done.returncode == 1
    assert "Not installed: rich. Try: pip install 'genscope[cli]', or --json" in done.stderr
    assert examined(**NAMED, **hidden)["traced"]
