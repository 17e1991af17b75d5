"""The command line: its own words in process, the programs it runs as real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

from genscope.cli import main
from genscope.local import demo, launch

GENSCOPE = [sys.executable, "-m", "genscope.cli"]

SPAN = """
import sys
from opentelemetry import trace
with trace.get_tracer("app").start_as_current_span("work of the program"):
    print("arguments", sys.argv[1:], "input", sys.stdin.read())
sys.exit(3)
"""


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "OPENAI_", "PYTHONPATH")):
            monkeypatch.delenv(name)


def genscope(*arguments: str, cwd: Path, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GENSCOPE, *arguments],
        cwd=cwd,
        env={**os.environ, **environ},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


# --- what it says


@pytest.mark.parametrize("command", [[], ["run"], ["demo"]])
def test_help_names_everything(command: Sequence[str]) -> None:
    result = CliRunner().invoke(main, [*command, "--help"])
    assert result.exit_code == 0
    wanted = {
        (): ["run", "demo", "--version"],
        ("run",): ["-m MODULE", "OTEL_TRACES_EXPORTER", "OTEL_BSP_SCHEDULE_DELAY", "stderr", "genscope run app.py"],
        ("demo",): ["--live", "--pause", "OPENAI_API_KEY", "0.3"],
    }[tuple(command)]
    for word in wanted:
        assert word in result.output


def test_version() -> None:
    assert CliRunner().invoke(main, ["--version"]).output == f"genscope {version('genscope')}\n"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["run"], "Missing argument"),
        (["run", "no/such/file.py"], "'no/such/file.py' is no file, and no command"),
        (["run", "no-such-command"], "'no-such-command' is no file, and no command"),
        (["demo", "--live"], "OPENAI_API_KEY"),
        (["demo", "--pause", "-1"], "--pause"),
        (["nonsense"], "nonsense"),
    ],
)
def test_a_mistake_is_explained(arguments: Sequence[str], message: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code != 0
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", [["run", __file__], ["demo"]])
def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, command: Sequence[str]) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1
    assert "Not installed: rich." in result.output
    assert "pip install 'genscope[cli]'" in result.output


@pytest.mark.parametrize("installed", [None, "1.26.0"])
def test_the_demo_names_the_sdk_it_needs(monkeypatch: pytest.MonkeyPatch, installed: str | None) -> None:
    def version(name: str) -> str:
        if installed is None:
            raise demo.PackageNotFoundError(name)
        return installed

    monkeypatch.setattr(demo, "version", version)
    result = CliRunner().invoke(main, ["demo"])
    assert result.exit_code == 1
    assert "pip install -U 'genscope[openai,cli]'" in result.output


def test_without_click_it_says_what_to_install(tmp_path: Path) -> None:
    script = "import sys; sys.modules['click'] = None; from genscope.cli import main"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "The command genscope needs click and rich: pip install 'genscope[cli]'\n"


# --- what it runs


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A folder with a script, and a package that can be run."""
    (tmp_path / "app.py").write_text(SPAN)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text(SPAN)
    return tmp_path


@pytest.mark.parametrize("how", [["app.py"], ["--", "app.py"], ["-m", "package"], ["package"], ["python", "app.py"]])
def test_a_program_keeps_its_arguments_input_output_and_status(app: Path, how: list[str]) -> None:
    # --log resembles several options of opentelemetry-instrument, --help and -- are ours as well.
    arguments = ["--log", "--help", "--", "--traces_exporter", "x y", ""]
    done = genscope("run", *how, *arguments, cwd=app, stdin="hello")
    assert done.stdout == f"arguments {arguments} input hello\n"
    assert done.returncode == 3
    kept, work = done.stderr.splitlines()
    assert kept.startswith("genscope: kept in ")
    assert work.startswith("work of the program ")


def test_the_users_environment_wins(app: Path) -> None:
    done = genscope("run", "app.py", cwd=app, OTEL_TRACES_EXPORTER="console", OTEL_SERVICE_NAME="mine")
    assert '"name": "work of the program"' in done.stdout
    assert '"service.name": "mine"' in done.stdout
    assert done.stderr == ""


def test_a_signal_reaches_the_program_itself(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text("import os, signal; print(os.getpid(), flush=True); signal.pause()")
    with subprocess.Popen([*GENSCOPE, "run", "waits.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert int(program.stdout.readline()) == program.pid
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=60) == -signal.SIGTERM


def test_modules_beside_the_program_are_found_as_without_us(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "app.py").write_text("import beside, here; print(__name__, beside.x, here.x)")
    (tmp_path / "folder" / "beside.py").write_text("x = 1")
    (tmp_path / "here.py").write_text("x = 2")  # in the working directory, as opentelemetry-instrument has it
    assert genscope("run", "folder/app.py", cwd=tmp_path).stdout == "__main__ 1 2\n"


def test_the_command_for_what_is_asked(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(app)
    (app / "tool").write_text("#!/bin/sh\n")
    (app / "tool").chmod(0o755)
    (app / "app.py").chmod(0o755)
    (app / "plain").write_text("")
    (app / "sub").mkdir()
    python = sys.executable
    assert launch.command(["app.py", "a"]) == [python, "app.py", "a"]
    assert launch.command(["plain", "a"]) == [python, "plain", "a"]
    assert launch.command(["./tool", "a"]) == [str(app / "tool"), "a"]
    assert launch.command(["-", "a"]) == [python, "-", "a"]
    assert launch.command(["-W", "error", "app.py"]) == [python, "-W", "error", "app.py"]
    assert launch.command(["package"]) == [python, "package"]
    assert launch.command(["pytest", "-x"]) == [str(Path(python).parent / "pytest"), "-x"]
    assert launch.command(["sub"]) is None


def test_what_is_set_stays_as_it_is() -> None:
    environ = {"OTEL_TRACES_EXPORTER": "otlp", "PYTHONPATH": os.pathsep.join(["a", "b"])}
    launch.prepare(environ)
    hook, here, *rest = environ.pop("PYTHONPATH").split(os.pathsep)
    assert (Path(hook) / "sitecustomize.py").is_file()
    assert (here, rest) == (os.getcwd(), ["a", "b"])
    assert environ == {
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
    }
    again = {"PYTHONPATH": os.pathsep.join([hook, here])}
    launch.prepare(again)
    assert again == {
        "OTEL_TRACES_EXPORTER": "genscope_console,genscope_store",
        "OTEL_METRICS_EXPORTER": "genscope_store",
        "OTEL_LOGS_EXPORTER": "genscope_store",
        "PYTHONPATH": os.pathsep.join([hook, here]),
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }


@pytest.mark.parametrize("module, unwanted", [("genscope", "genscope.local rich"), ("genscope.cli", "rich openai")])
def test_importing_is_cheap(module: str, unwanted: str) -> None:
    script = f"import sys, {module}; print([m for m in {[*unwanted.split(), 'opentelemetry.sdk']} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr


# --- redact

SECRETS = "Mail ann@example.com,\ncard 4111 1111 1111 1111.\nORD-123456"


def test_redact_prints_what_telemetry_would_have(tmp_path: Path) -> None:
    ran = genscope("redact", cwd=tmp_path, stdin=SECRETS)
    assert (ran.stdout, ran.stderr, ran.returncode) == ("Mail [EMAIL],\ncard [CARD].\nORD-123456", "", 0)


def test_redact_follows_the_environment(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def without(text, path):\n    return text.replace('Mail', 'Post')\n")
    (tmp_path / "prompts.txt").write_text(SECRETS)
    environ = {"GENSCOPE_REDACTION_PATTERNS": "ORDER=ORD-[0-9]{6}", "GENSCOPE_REDACTOR": "mine:without"}
    ran = genscope("redact", "prompts.txt", cwd=tmp_path, **environ)
    assert ran.stdout == "Post [EMAIL],\ncard [CARD].\n[ORDER]"
    assert genscope("redact", "--preset", "off", "prompts.txt", cwd=tmp_path).stdout == SECRETS


def test_redact_says_what_was_removed_and_by_which_rule(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def without(text, path):\n    return text.replace('Mail', 'Post')\n")
    options = ("--pattern", "ORDER=ORD-[0-9]{6}", "--redactor", "mine:without")
    ran = genscope("redact", "--diff", *options, cwd=tmp_path, stdin=SECRETS)
    assert ran.stdout.splitlines() == [
        "1:6\temail\t'ann@example.com' → '[EMAIL]'",
        "2:6\tcard\t'4111 1111 1111 1111' → '[CARD]'",
        "3:1\torder\t'ORD-123456' → '[ORDER]'",
        "1:1\tredactor\t'Mail [EMAIL],\\n' → 'Post [EMAIL],\\n'",
    ]


def test_redact_for_machines(tmp_path: Path) -> None:
    ran = genscope("redact", "--json", cwd=tmp_path, stdin=SECRETS)
    assert json.loads(ran.stdout) == {
        "text": "Mail [EMAIL],\ncard [CARD].\nORD-123456",
        "removed": [
            {"rule": "email", "start": 5, "end": 20, "line": 1},
            {"rule": "card", "start": 27, "end": 46, "line": 2},
        ],
    }


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("--preset", "none"), "default, strict, off"),
        (("--style", "hash"), "GENSCOPE_HASH_KEY"),
        (("--rules", "-nonsense"), "nonsense"),
        (("--pattern", "A=("), "NAME=EXPRESSION"),
        (("--redactor", "nowhere:f"), "package.module:function"),
        (("no-such-file",), "no-such-file"),
    ],
)
def test_redact_says_what_it_cannot_follow(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    ran = genscope("redact", *arguments, cwd=tmp_path, stdin=SECRETS)
    assert (ran.stdout, ran.returncode) == ("", 2)
    assert said in ran.stderr


def test_redact_leaves_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(b"\xff ann@example.com \r\n")
    ran = subprocess.run([*GENSCOPE, "redact", "odd"], cwd=tmp_path, capture_output=True, check=True)
    assert ran.stdout == b"\xff [EMAIL] \r\n"


# --- prices

USAGE = '{"input_tokens": 1000, "cache_read_input_tokens": 200, "output_tokens": 50}'


@pytest.fixture
def price_list(tmp_path: Path) -> Path:
    """So that no new table changes what is printed."""
    path = tmp_path / "prices.json"
    path.write_text('{"version": "2026", "acme-1": {"input": 2.5, "output": 10, "cache_read": 1.25}}')
    return path


def test_prices_of_a_model(price_list: Path) -> None:
    ran = genscope("prices", "show", "acme-1", "--prices", "prices.json", cwd=price_list.parent)
    assert ran.stdout.splitlines()[0].endswith("acme-1 (user 2026)")
    assert ran.stdout.split()[-6:] == ["input", "2.5", "output", "10", "cache_read", "1.25"]
    ran = genscope("prices", "show", "gpt-4o", "--provider", "openai", "--json", cwd=price_list.parent)
    (shown,) = json.loads(ran.stdout)
    assert shown["provider"] == "openai"
    assert shown["said"]["input"] > 0


def test_prices_of_a_usage(price_list: Path) -> None:
    environ = {"GENSCOPE_PRICES": "prices.json"}
    ran = genscope("prices", "cost", "acme-1", "--usage", USAGE, cwd=price_list.parent, **environ)
    assert [line.split() for line in ran.stdout.splitlines()[:3]] == [
        ["cache_read", "200", "×", "1.25", "/", "1M", "=", "0.00025"],
        ["input", "800", "×", "2.5", "/", "1M", "=", "0.002"],
        ["output", "50", "×", "10", "/", "1M", "=", "0.0005"],
    ]
    assert ran.stdout.splitlines()[3].startswith("0.00275 USD")
    ran = genscope("prices", "cost", "acme-1", "--usage", USAGE, "--json", cwd=price_list.parent, **environ)
    assert json.loads(ran.stdout)["cost"]["amount"] == 0.00275


def test_models_without_a_price_are_told(price_list: Path) -> None:
    command = ("prices", "check", "--prices", "prices.json")
    ran = genscope(*command, cwd=price_list.parent, stdin="acme-1\nacme-1\nacme-2\n")
    assert [line.split()[:3] for line in ran.stdout.splitlines()] == [
        ["1", "(any)", "acme-2"],
        ["2", "(any)", "acme-1"],
    ]
    assert ran.returncode == 1
    ran = genscope(*command, "--json", cwd=price_list.parent, stdin="acme-1\n")
    assert ran.returncode == 0
    assert json.loads(ran.stdout)[0]["source"] == "user"


@pytest.mark.parametrize(
    "arguments, said, status",
    [
        (("show", "nobody-knows"), "no price is known for nobody-knows", 1),
        (("cost", "nobody-knows", "--usage", USAGE), "no price is known for nobody-knows", 1),
        (("cost", "gpt-4o", "--usage", "[]"), "input_tokens", 2),
        (("cost", "gpt-4o", "--usage", "{"), "input_tokens", 2),
        (("cost", "gpt-4o", "--usage", '{"inputs": 1}'), "inputs", 2),
        (("show", "gpt-4o", "--provider", "nobody"), "nobody", 2),
        (("show", "gpt-4o", "--prices", "no-such-file"), "no-such-file", 2),
    ],
)
def test_prices_say_what_they_cannot_follow(arguments: tuple[str, ...], said: str, status: int, tmp_path: Path) -> None:
    ran = genscope("prices", *arguments, cwd=tmp_path)
    assert said in ran.stderr
    assert ran.returncode == status
