"""Baselines in a file: over restarts, between processes, over forks, and with a file that is no good."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from genscope.features.judge import baseline
from genscope.features.judge.baseline import Baselines, Drift, Key
from genscope.features.judge.baseline_store import BaselineStore
from genscope.features.judge.drift import Level, Track
from genscope.features.judge.verdict import Case, Verdict

GPT = Case("An answer.", model="gpt-4o", prompt_name="support")
KEY = Key("relevance", "gpt-4o", "support")

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # other tests may have left threads

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def observe(baselines: Baselines, scores: list[float], case: Case = GPT) -> list[Drift]:
    found = (baselines.observe(Verdict("relevance", score), case) for score in scores)
    return [drift for drift in found if drift is not None]


def samples(baselines: Baselines) -> int:
    return sum(known.samples for known in baselines.known())


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "baselines.db")


@pytest.fixture
def opened(path: str) -> Iterator[list[Baselines]]:
    """Those that a test has opened, so that all are closed."""
    found: list[Baselines] = []
    yield found
    for baselines in found:
        baselines.close()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# --- restarts


def test_a_baseline_survives_a_restart(path: str, opened: list[Baselines]) -> None:
    before, after = Baselines(path), Baselines(path)
    opened += [before, after]
    observe(before, [0.9] * 60)
    before.close()
    assert after.known() == before.known()
    (drift,) = observe(after, [0.3] * 20)
    assert drift.before == pytest.approx(0.9)


def test_so_does_evidence_of_a_fall(path: str, opened: list[Baselines]) -> None:
    opened += [Baselines(path) for _ in range(20)]
    assert observe(opened[0], [0.9] * 60) == []
    found = [drift for baselines in opened for drift in observe(baselines, [0.3])]
    assert len(found) == 1


def test_without_a_path_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    observe(Baselines(), [0.9] * 60)
    assert list(tmp_path.iterdir()) == []


def test_numbers_are_kept_exactly(path: str) -> None:
    store = BaselineStore(path, most=10)
    track = Track(Level(3.0, 0.1 + 0.2, 1e-17), Level(1.0, 1 / 3, 5e-324), 0.7)
    store.change(KEY, lambda _: (track, None))
    store.close()
    assert list(store.read()) == [(KEY, track)]
    store.close()


def test_what_was_used_last_is_kept_whatever_the_clock_says(path: str) -> None:
    """There is no clock in it: that of the machine may be put back."""
    store = BaselineStore(path, most=3)
    for model in ("a", "b", "c", "a", "d", "e"):
        store.change(Key("j", model, ""), lambda track: (track, None))
    assert [key.model for key, _ in store.read()] == ["a", "d", "e"]
    store.close()


def test_thousands_of_models_take_no_more_room(path: str, opened: list[Baselines]) -> None:
    baselines = Baselines(path, most=50)
    opened.append(baselines)
    for index in range(2000):
        observe(baselines, [0.5], Case(model=f"model-{index}"))
    assert len(baselines.known()) == 50
    assert os.path.getsize(path) < 200_000


@pytest.mark.parametrize("text", ["'; DROP TABLE judge_baselines_1; --", "\x00", "\ud800", "", "a" * 10_000, "模型"])
def test_names_are_data(path: str, opened: list[Baselines], text: str, caplog: pytest.LogCaptureFixture) -> None:
    baselines = Baselines(path)
    opened.append(baselines)
    observe(baselines, [0.9] * 3)
    observe(baselines, [0.5], Case(model=text, prompt_name=text))
    assert len(baselines.known()) == 2
    assert caplog.text == ""


# --- a file that is no good


def test_what_is_no_database_is_said_once(path: str, caplog: pytest.LogCaptureFixture) -> None:
    Path(path).write_bytes(b"no database at all" * 1000)
    baselines = Baselines(path)
    assert len(observe(baselines, [0.9] * 60 + [0.3] * 20)) == 1
    assert len(baselines.known()) == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "not a database" in caplog.text
    assert path not in caplog.text


def test_a_folder_that_is_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    baselines = Baselines(str(tmp_path / "nowhere" / "baselines.db"))
    assert len(observe(baselines, [0.9] * 60 + [0.3] * 20)) == 1
    assert len(caplog.records) == 1


def test_a_file_that_is_a_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert len(observe(Baselines(str(tmp_path)), [0.9] * 60 + [0.3] * 20)) == 1
    assert len(caplog.records) == 1


def test_a_table_of_that_name_with_other_columns(path: str, caplog: pytest.LogCaptureFixture) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE judge_baselines_1 (something TEXT)")
    db.close()
    assert len(observe(Baselines(path), [0.9] * 60 + [0.3] * 20)) == 1
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    "column, value",
    [
        ("known_samples", -1),
        ("known_mean", 7),
        ("known_mean", "text"),
        ("known_squares", -0.5),
        ("known_squares", 9e999),
        ("evidence", -1),
        ("since_mean", b"bytes"),
    ],
)
def test_numbers_that_make_no_sense_are_forgotten(
    path: str, opened: list[Baselines], column: str, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    baselines = Baselines(path)
    opened.append(baselines)
    observe(baselines, [0.9] * 60)
    db = sqlite3.connect(path)
    db.execute(f"UPDATE judge_baselines_1 SET {column} = ?", (value,))
    db.commit()
    db.close()
    assert observe(baselines, [0.1]) == []
    assert samples(baselines) == 1
    assert caplog.text == ""


def test_it_goes_on_from_what_it_knows_while_the_file_is_away(
    path: str, opened: list[Baselines], caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    baselines = Baselines(path, clock=clock)
    opened.append(baselines)
    observe(baselines, [0.9] * 60)
    baselines.close()
    os.rename(path, f"{path}.away")
    os.mkdir(path)
    (drift,) = observe(baselines, [0.3] * 20)
    assert drift.before == pytest.approx(0.9)
    os.rmdir(path)
    os.rename(f"{path}.away", path)
    clock.now -= 5000.0  # a clock that is put back makes it wait, and no more
    observe(baselines, [0.9])
    clock.now += 5061.0
    observe(baselines, [0.9])
    assert samples(baselines) == 61
    assert len(caplog.records) == 1


def test_a_file_that_others_hold_is_waited_for_and_no_longer(path: str, caplog: pytest.LogCaptureFixture) -> None:
    store = BaselineStore(path, most=10, patience=0.05)
    store.change(KEY, lambda track: (track, None))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        store.change(KEY, lambda track: (track, None))
    other.execute("ROLLBACK")
    store.change(KEY, lambda track: (Track(evidence=0.5), None))
    assert next(store.read())[1].evidence == 0.5
    other.close()
    store.close()


def test_what_fails_half_way_has_not_happened(path: str) -> None:
    store = BaselineStore(path, most=10)
    store.change(KEY, lambda _: (Track(evidence=0.5), None))

    def fail(track: Track) -> tuple[Track, None]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.change(KEY, fail)
    assert next(store.read())[1].evidence == 0.5
    store.change(KEY, lambda track: (track._replace(evidence=0.6), None))
    assert next(store.read())[1].evidence == 0.6
    store.close()


# --- processes

WORK = """
import json, sys
from genscope.features.judge.baseline import Baselines
from genscope.features.judge.verdict import Case, Verdict

path, score, count = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
baselines = Baselines(path)
case = Case(model="gpt-4o", prompt_name="support")
found = [baselines.observe(Verdict("relevance", score), case) for _ in range(count)]
print(json.dumps([drift.samples for drift in found if drift is not None]))
baselines.close()
"""


def work(path: str, score: float, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORK, path, str(score), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_count_together_and_a_fall_is_told_by_one(path: str, opened: list[Baselines]) -> None:
    """Each of them has too few scores to know anything."""
    told: list[int] = []
    for score in (0.9, 0.2):
        for process in [work(path, score, 40) for _ in range(3)]:
            out, errors = process.communicate(timeout=60)
            assert errors == ""
            told += json.loads(out)
    assert len(told) == 1
    baselines = Baselines(path)
    opened.append(baselines)
    assert samples(baselines) == 120


def in_child(act: object) -> int:
    """The exit status of a forked child that calls it."""
    pid = os.fork()
    if not pid:
        status = 99
        try:
            status = int(act())  # type: ignore[operator]
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@forks
def test_a_forked_child_opens_the_file_anew(path: str, opened: list[Baselines]) -> None:
    baselines = Baselines(path)
    opened.append(baselines)
    observe(baselines, [0.9] * 30)
    held = baselines._store
    assert held is not None

    def act() -> bool:
        crossed = held._db is not None
        observe(baselines, [0.9] * 30)
        return crossed or samples(baselines) != 60

    assert in_child(act) == 0
    assert samples(baselines) == 60
    observe(baselines, [0.9])
    assert samples(baselines) == 61


@forks
def test_parent_and_children_at_once(path: str, opened: list[Baselines]) -> None:
    baselines = Baselines(path)
    opened.append(baselines)
    observe(baselines, [0.9])
    pids = []
    for _ in range(4):
        pid = os.fork()
        if not pid:
            try:
                observe(baselines, [0.9] * 50)
            finally:
                os._exit(0)
        pids.append(pid)
    observe(baselines, [0.9] * 50)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 4
    assert samples(baselines) == 251
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


@forks
def test_a_fork_in_the_middle_of_an_exchange(
    path: str, opened: list[Baselines], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child has no use of what the parent is about to do: it goes on in memory, and blocks for nobody."""
    monkeypatch.setattr(baseline, "_FORK_PATIENCE", 0.05)
    baselines = Baselines(path)
    opened.append(baselines)
    observe(baselines, [0.9] * 60)

    def act() -> bool:
        signal.alarm(20)
        return len(observe(baselines, [0.3] * 20)) != 1

    with baselines._lock:
        assert in_child(act) == 0
    assert samples(baselines) == 60
    assert len(observe(baselines, [0.3] * 20)) == 1
