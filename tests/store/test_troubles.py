"""Whatever is wrong with the file, the program does not notice: one warning, and `FAILURE` for the SDK."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from genscope.local.store import exporters
from genscope.local.store.exporters import StoreSpans
from genscope.local.store.troubles import StoreError
from genscope.local.store.writing import Store

from .conftest import Ask
from .samples import span, span_id

FAILURE, SUCCESS = SpanExportResult.FAILURE, SpanExportResult.SUCCESS


class Outcomes(SpanExporter):
    """Notes what an exporter says."""

    def __init__(self, exporter: SpanExporter) -> None:
        self.exporter = exporter
        self.said: list[SpanExportResult] = []

    def export(self, spans: Any) -> SpanExportResult:
        self.said.append(self.exporter.export(spans))
        return self.said[-1]


@pytest.fixture
def program(path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[SpanExportResult]]:
    """Works so many times with the exporter as it comes, and tells what that has said."""
    monkeypatch.setattr(exporters, "_shared", {})
    monkeypatch.setattr(sys.modules[Store.__module__], "_PATIENCE", 0.1)

    def work(times: int = 1, place: Path = path) -> list[SpanExportResult]:
        outcomes = Outcomes(StoreSpans(str(place)))
        monkeypatch.setattr(outcomes.exporter._shared.store, "_patience", 0.1)
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(outcomes))
        for _ in range(times):
            provider.get_tracer("app").start_span("work").end()
        outcomes.exporter.shutdown()
        return outcomes.said

    return work


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_nothing_is_wrong(
    program: Callable[..., list[SpanExportResult]], ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    assert program(3) == [SUCCESS] * 3
    assert ask("SELECT name FROM spans") == ["work"] * 3
    assert warnings(caplog) == []


def test_a_corrupt_file_is_set_aside_and_a_new_one_begun(
    program: Callable[..., list[SpanExportResult]], path: Path, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"garbage " * 10_000)
    assert program(2) == [SUCCESS] * 2
    assert ask("SELECT count(*) FROM spans") == [2]
    (aside,) = path.parent.glob("store.db.corrupt-*")
    assert aside.read_bytes() == b"garbage " * 10_000
    (said,) = warnings(caplog)
    assert str(path) in said
    assert f"is now {aside}" in said


def test_a_file_that_breaks_in_the_middle(
    program: Callable[..., list[SpanExportResult]], path: Path, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(path)
    store.add_spans([span(n) for n in range(1000)])
    store.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 8192))
    assert program(2) == [SUCCESS] * 2
    assert ask("SELECT count(*) FROM spans") == [2]
    assert len(list(path.parent.glob("store.db.corrupt-*"))) == 1
    assert len(warnings(caplog)) == 1


def test_a_file_of_somebody_elses_is_left_alone(
    program: Callable[..., list[SpanExportResult]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script = tmp_path / "app.py"
    script.write_text("print('precious')\n")
    assert program(3, script) == [FAILURE] * 3
    assert script.read_text() == "print('precious')\n"
    assert [file.name for file in tmp_path.iterdir()] == ["app.py"]
    (said,) = warnings(caplog)
    assert "is no database; it is left alone. Set GENSCOPE_STORE" in said


def test_a_database_of_somebody_elses_is_left_alone(
    program: Callable[..., list[SpanExportResult]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    theirs = tmp_path / "app.db"
    db = sqlite3.connect(theirs)
    db.execute("CREATE TABLE spans (precious)")
    db.commit()
    db.close()
    before = theirs.read_bytes()
    assert program(2, theirs) == [FAILURE] * 2
    assert theirs.read_bytes() == before
    assert "a database of another program" in warnings(caplog)[0]


def test_a_file_from_the_future_is_left_alone(
    program: Callable[..., list[SpanExportResult]], path: Path, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    program()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=99")
    db.close()
    exporters._shared.clear()
    assert program(3) == [FAILURE] * 3
    assert ask("SELECT count(*) FROM spans") == [1]
    (said,) = warnings(caplog)
    assert "newer genscope (schema 99" in said


def test_a_locked_file(
    program: Callable[..., list[SpanExportResult]], path: Path, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    program()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    assert program(3) == [FAILURE] * 3
    (said,) = warnings(caplog)
    assert "is locked by another program" in said
    db.execute("ROLLBACK")
    db.close()
    assert program(2) == [SUCCESS] * 2
    assert ask("SELECT count(*) FROM spans") == [3]


def test_after_it_waited_in_vain_it_is_less_patient(store: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a program with much to export would not end while the file is locked."""
    waited: list[float] = []
    begin = sys.modules["genscope.local.store.database"].begin
    monkeypatch.setattr(
        sys.modules[Store.__module__], "begin", lambda db, patience: (waited.append(patience), begin(db, 0.0))
    )
    store.add_spans([span(1)])
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        with pytest.raises(StoreError):
            store.add_spans([span(2)])
    db.execute("ROLLBACK")
    db.close()
    store.add_spans([span(2)])
    store.add_spans([span(3)])
    assert waited == [5.0, 5.0, 0.2, 0.2, 5.0]


@pytest.mark.parametrize("place", ["file/store.db", "folder.db", "\0"])
def test_a_place_that_cannot_be(
    program: Callable[..., list[SpanExportResult]], tmp_path: Path, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.db").mkdir()
    assert program(2, tmp_path / place) == [FAILURE] * 2
    assert len(warnings(caplog)) == 1


def test_a_file_that_is_removed_is_made_again(store: Store, path: Path, ask: Ask) -> None:
    store.add_spans([span(1)])
    for file in path.parent.iterdir():
        file.unlink()
    store.add_spans([span(2)])
    assert ask("SELECT span_id FROM spans") == [span_id(2)]


def test_a_handler_of_logs_that_fails(
    program: Callable[..., list[SpanExportResult]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> None:
        raise RuntimeError("of the application")

    monkeypatch.setattr(exporters.logger, "warning", fail)
    (tmp_path / "no.txt").write_text("x")
    assert program(2, tmp_path / "no.txt") == [FAILURE] * 2


# --- what only another process can try

PROGRAM = """
import os, sys
from pathlib import Path
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from genscope.local.store.exporters import StoreSpans

class Outcomes(StoreSpans):
    def export(self, spans):
        print(super().export(spans).name)

place = sys.argv[1]
provider = TracerProvider(shutdown_on_exit=False)
provider.add_span_processor(SimpleSpanProcessor(Outcomes(place)))
tracer = provider.get_tracer("app")
"""


def ran(program: str, place: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + program, str(place)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="permissions are others there")
@pytest.mark.parametrize("readonly", ["file", "folder"])
def test_where_nothing_may_be_written(readonly: str) -> None:
    # Whom nothing is forbidden becomes somebody else, who may look into no folder of pytest's.
    become = "os.getuid() == 0 and os.setuid(65534)\n"
    with TemporaryDirectory() as folder:
        place = Path(folder, "store.db")
        if readonly == "file":
            store = Store(place)
            store.add_spans([span(1)])
            store.close()
            place.chmod(0o444)
        Path(folder).chmod(0o555)
        done = ran(become + "for _ in range(3): tracer.start_span('work').end()", place)
        Path(folder).chmod(0o755)
    assert done.stdout.split() == ["FAILURE"] * 3
    assert done.stderr.count("genscope: the store") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_a_full_disk(tmp_path: Path) -> None:
    """No file of this process may grow beyond what the store needs when it is empty."""
    program = """
import resource
tracer.start_span('work').end()
size = max(file.stat().st_size for file in Path(place).parent.iterdir())
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50_000, size + 50_000))
for _ in range(30): tracer.start_span('work', attributes={'text': 'x' * 20_000}).end()
"""
    done = ran(program, tmp_path / "store.db")
    said = done.stdout.split()
    assert said[0] == "SUCCESS"
    assert said[-1] == "FAILURE"
    assert done.stderr.count("genscope: the store") == 1
    store = Store(tmp_path / "store.db")  # and afterwards nothing is broken
    store.add_spans([span(1)])
    store.close()
    db = sqlite3.connect(tmp_path / "store.db")
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert db.execute("SELECT count(*) FROM spans").fetchone() == (said.count("SUCCESS") + 1,)
    db.close()
