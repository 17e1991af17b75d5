"""The watch itself: few series, few samples, faults of others, threads, forks, its own thread."""

from __future__ import annotations

import os
import threading
import tracemalloc
from typing import Any

import pytest

from genscope.features.slo import watch as watching
from genscope.features.slo.alerts import Alert
from genscope.features.slo.declaring import declared
from genscope.features.slo.status import status
from genscope.features.slo.tracking import OTHER
from genscope.features.slo.watch import Watch, interval

from .watched import Ears, Watched, call


def test_no_more_series_than_are_wanted() -> None:
    one = Watched("error_rate < 1% per model min 1 after 0s", most_series=3)
    for number in range(10):
        one.calls(model=f"m{number}", kind="timeout")
    alerts = one.evaluate()
    (tracker,) = one.watch.trackers
    assert list(tracker.series) == [("m0",), ("m1",), ("m2",), (OTHER,)]
    assert tracker.others == 7
    assert tracker.series[OTHER,].measured.samples == 7
    assert [alert.scope["model"] for alert in alerts] == ["m0", "m1", "m2", OTHER]


def test_a_series_that_has_nothing_left_makes_room() -> None:
    one = Watched("error_rate < 1% per model over 1m cooldown 0s", most_series=1)
    one.calls(model="a")
    one.evaluate()
    one.now = 70.0
    one.evaluate()
    one.calls(model="b")
    one.evaluate()
    assert list(one.watch.trackers[0].series) == [("b",)]


def test_who_is_in_a_cooldown_is_not_forgotten() -> None:
    """Else whoever comes and goes would be told of each time."""
    one = Watched("error_rate < 1% per model over 1m min 1 after 0s keep 0s cooldown 1h")
    for hour in range(5):
        one.now = hour * 700.0
        one.calls(model="a", kind="timeout")
        one.evaluate()
        one.after(300)
    assert [alert.state for alert in one.ears.alerts] == ["firing", "resolved"]


def test_memory_is_bounded() -> None:
    """Of a busy series, every of whose slices has latencies of all kinds; more calls do not take more."""
    one = Watched("latency_p95 < 5s over 5m per model", most_series=2)
    tracemalloc.start()
    used: list[int] = []
    for number in range(12_000):
        one.now = number * 0.05
        one.calls(model=f"m{number}", seconds=0.01 + (number * 7919 % 1000) / 100)
        if number % 6_000 == 5_999:
            one.evaluate()
            used.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert used[1] < used[0] * 1.1
    assert used[1] < 1_000_000


def test_samples_that_find_no_room_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_MOST_WAITING", 10)
    monkeypatch.setattr(watching, "_ENOUGH", 5)
    one = Watched("error_rate < 1%")
    one.calls(25)
    assert one.watch.dropped == 15
    one.evaluate()
    assert one.watch.trackers[0].series[()].measured.samples == 10


def test_a_sink_that_fails_is_nobody_elses_trouble(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Ears):
        def tell(self, alert: Alert) -> None:
            raise OSError("no such luck")

    ears = Ears()
    one = Watched("error_rate < 1% min 1 after 0s; error_rate < 2% min 1 after 0s", sinks=[Broken(), ears])
    one.calls(kind="timeout")
    one.evaluate()
    assert len(ears.alerts) == 2
    assert [record.getMessage() for record in caplog.records] == [
        "genscope: Broken.tell failed (OSError); the call is not affected"
    ]


def test_budgets_that_cannot_be_read_are_said(caplog: pytest.LogCaptureFixture) -> None:
    def readings() -> Any:
        raise OSError

    one = Watched("budget_use < 80%", readings=readings)
    assert one.evaluate() == []
    assert "looking up budgets failed (OSError)" in caplog.text


def test_names_are_cleaned_before_anybody_sees_them() -> None:
    one = Watched("error_rate < 1% per workflow min 1 after 0s", clean=lambda name: name.replace("questions", "[X]"))
    one.calls(kind="timeout", workflow=True)
    (alert,) = one.evaluate()
    assert alert.scope == {"workflow": "answer [X]"}


def test_who_cannot_clean_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    one = Watched("error_rate < 1% per model min 1 after 0s", clean=lambda name: str(1 / 0))
    one.calls(kind="timeout")
    (alert,) = one.evaluate()
    assert alert.scope == {"model": "[WITHHELD]"}


@pytest.mark.parametrize("dollars", [float("nan"), float("inf")])
def test_what_is_no_number_does_not_count(dollars: float, caplog: pytest.LogCaptureFixture) -> None:
    one = Watched("cost_per_hour < 1; cost_spike < 2")
    one.calls(dollars=dollars)
    assert one.evaluate() == []
    assert caplog.records == []


def test_many_threads_lose_nothing() -> None:
    one = Watched("error_rate < 1%")

    def work() -> None:
        for _ in range(500):
            one.calls()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        one.evaluate()
    for thread in threads:
        thread.join()
    one.evaluate()
    assert one.watch.trackers[0].series[()].measured.samples == 4_000


def test_what_was_promised_before_is_not_shown() -> None:
    one = Watched("error_rate < 1%")
    assert [now.name for now in status()] == ["error_rate < 1 % over 15m"]
    one.watch.retire()
    assert status() == []


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("error_rate < 1% over 1d after 0s", 10.0),
        ("error_rate < 1% over 2m after 0s", 4.0),
        ("error_rate < 1% over 1s after 0s", 1.0),
        ("error_rate < 1% over 1d after 8s", 2.0),
        ("error_rate < 1% over 50 calls after 0s", 10.0),
    ],
)
def test_how_often_it_looks(text: str, seconds: float) -> None:
    assert interval(declared(text).objectives) == seconds


# --- its thread


def pulses() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "genscope-slo"]


class Told(Ears):
    def __init__(self) -> None:
        super().__init__()
        self.heard = threading.Event()

    def tell(self, alert: Alert) -> None:
        super().tell(alert)
        self.heard.set()


def test_a_thread_begins_with_the_first_call_and_ends_when_it_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "interval", lambda objectives: 0.01)
    told, now = Told(), [0.0]
    found = declared("error_rate < 1% over 1m min 1 after 0s keep 0s").objectives
    one = Watch(found, [told], clock=lambda: now[0])
    assert pulses() == []
    one.add(call(kind="timeout"))
    (pulse,) = pulses()
    assert pulse.daemon
    assert told.heard.wait(10)
    now[0] = 100.0  # the window is empty: nothing can happen without a call
    pulse.join(10)
    assert not pulse.is_alive()
    one.add(call())
    assert len(pulses()) == 1
    one.retire()
    for thread in pulses():
        thread.join(10)
    assert pulses() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_begins_anew() -> None:
    told = Told()
    one = Watch(declared("error_rate < 1% min 1 after 0s").objectives, [told])
    one.add(call(kind="timeout"))
    one.evaluate()
    assert one._lock.acquire(timeout=5)  # as the thread might hold it that evaluates
    try:
        child = os.fork()
        if not child:
            fine = one.evaluate() == [] and not told.alerts and not one.told
            one.add(call(kind="timeout"))
            fine = fine and len(pulses()) == 1 and len(one.evaluate()) == 1
            os._exit(0 if fine else 1)
    finally:
        one._lock.release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(told.alerts) == 1
