"""`genscope report`: what it writes and where, and what it says to what cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from genscope.cli import main

from .samples import call, figures

NOVEMBER = ("--from", "2026-11-01", "--to", "2026-11-08")


def report(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["report", *arguments])


@pytest.fixture
def kept(path: Path) -> str:
    figures(path, [call(1, 0), call(2, 1)])
    return str(path)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_environment: None) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_page(kept: str, tmp_path: Path) -> None:
    done = report("--store", kept, *NOVEMBER, "--title", "Shop")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "genscope-report.html written\n")
    made = (tmp_path / "genscope-report.html").read_text("utf-8")
    assert made.startswith("<!doctype html>\n<html")
    assert "<h1>Shop</h1>" in made
    assert report("--store", kept, *NOVEMBER, "--title", "Shop", "--output", "-").stdout == made


def test_the_same_numbers_for_machines(kept: str, tmp_path: Path) -> None:
    done = report("--store", kept, *NOVEMBER, "--json")
    found = json.loads(done.stdout)
    assert (found["now"]["calls"], found["now"]["cost"], found["currency"]) == (2, 2.0, "USD")
    assert found["period"] == {"since": "2026-11-01T00:00:00Z", "until": "2026-11-08T00:00:00Z"}
    report("--store", kept, *NOVEMBER, "--json", "--output", "numbers.json")
    assert json.loads((tmp_path / "numbers.json").read_text())["now"] == found["now"]


def test_the_store_that_is_set(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSCOPE_STORE", kept)
    assert report(*NOVEMBER).exit_code == 0


def test_prices_of_ones_own(kept: str, tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text(json.dumps({"acme/big": {"input": 1000, "output": 0}, "acme/small": {"input": 1, "output": 0}}))
    done = report("--store", kept, *NOVEMBER, "--prices", str(own), "--what-if", "big=small", "--json")
    (found,) = json.loads(done.stdout)["instead"]
    assert (found["other_model"], found["other_cost"]) == ("small", pytest.approx(0.0002))


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("--last", "week"), "--last 'week'; accepted: a length of time: 30m, 12h, 7d, 4w"),
        (("--from", "2026-11-08", "--to", "2026-11-01"), "--from must be before --to"),
        (("--compare", "x"), "--compare 'x'; accepted: previous, none"),
        (("--currency", "dollars"), "--currency 'dollars'; accepted: a code"),
        (("--what-if", "gpt-4o"), "--what-if 'gpt-4o'; accepted: MODEL=OTHER"),
        (("--cache-rate", "50"), "--cache-rate"),
        (("--cache-rate", "nan"), "--cache-rate"),
        (("--investment", "inf"), "--investment"),
        (("--monthly-spend", "0"), "--monthly-spend"),
        (("--top", "0"), "--top"),
        (("--prices", "/nowhere/prices.json"), "prices"),
        (("--prometheus", "http://localhost:1", "--store", "x"), "--store or --prometheus"),
        (("--prometheus", "localhost:9090"), "--prometheus 'localhost:9090'; accepted: an address"),
        (("--prometheus", "file:///etc/passwd"), "accepted: an address"),
        (("--prometheus", "http://me:secret@localhost"), "no name and password in the address"),
        (("--prometheus", "http://localhost:1", "--header", "Authorization"), "--header; accepted: NAME=VALUE"),
        (("--prometheus", "http://localhost:1", "--header", "A=@/nowhere"), "--header A=@FILE cannot be read"),
    ],
)
def test_what_cannot_be(kept: str, arguments: tuple[str, ...], says: str) -> None:
    store = () if "--prometheus" in arguments else ("--store", kept)
    done = report(*store, *arguments)
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.stderr.split())
    assert "secret" not in done.stderr


def test_no_store() -> None:
    done = report("--store", "nowhere.db")
    assert done.exit_code == 3
    assert "nowhere.db is not there: nothing has been recorded yet. Try: genscope run app.py" in done.stderr
    assert not Path("genscope-report.html").exists()


def test_no_call_in_the_period(kept: str) -> None:
    """There is a page that says so, and whoever runs it by the clock notices."""
    done = report("--store", kept, "--from", "2026-01-01", "--to", "2026-01-02")
    assert done.exit_code == 3
    assert "There is no call in this period" in done.stderr
    assert "There is no call in this period" in Path("genscope-report.html").read_text("utf-8")


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\0" + b"x" * 5000])
def test_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.db").write_bytes(content)
    done = report("--store", "odd.db")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.output


def test_no_place_for_it(kept: str) -> None:
    done = report("--store", kept, *NOVEMBER, "--output", "no/such/folder.html")
    assert done.exit_code == 1
    assert "folder.html cannot be written: No such file or directory" in done.stderr


def test_a_terminal_that_knows_no_letters(kept: str) -> None:
    """The page is UTF-8 wherever it goes."""
    command = [sys.executable, "-m", "genscope.cli", "report", "--store", kept, *NOVEMBER, "--output", "-"]
    environ = {"PYTHONIOENCODING": "ascii", "PATH": ""}
    done = subprocess.run([*command, "--title", "Größe"], capture_output=True, env=environ, check=True)
    assert "<h1>Größe</h1>" in done.stdout.decode("utf-8")
