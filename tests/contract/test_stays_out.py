"""Law 8: no global provider is set or replaced, no network of our own, no thread."""

from __future__ import annotations

import threading

import pytest
from opentelemetry import _logs, metrics, trace

from genscope.local.simulator import Simulator

from .cases import MAIN, SDKS, cases
from .outcomes import CALLS
from .play import play
from .processes import python
from .recorder import Recorder, instrumented
from .vocabulary import Case, Sdk

OK = CALLS[0]


@pytest.mark.parametrize("found", cases([OK], apis=MAIN, shapes=("plain", "stream")))
def test_the_global_providers_are_the_applications(found: Case, simulator: Simulator) -> None:
    def providers() -> tuple[object, ...]:
        return trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider()

    before = providers()
    with instrumented(found.sdk):
        play(found, simulator)
    with instrumented(found.sdk, tracer_provider=None, meter_provider=None):
        play(found, simulator)
    assert all(one is other for one, other in zip(before, providers(), strict=True))


@pytest.mark.parametrize("found", cases([OK], apis=MAIN, shapes=("plain", "stream")))
def test_a_call_needs_no_thread(found: Case, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside those that are started without us too: of the simulator, of the event loop."""
    recorder = Recorder()  # OpenTelemetry detects its resources in threads
    started: list[str] = []
    start = threading.Thread.start

    def noting(thread: threading.Thread) -> None:
        started.append(thread.name.rpartition("(")[2] or thread.name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", noting)
    play(found, simulator)
    without = set(started)
    with instrumented(found.sdk, recorder):
        play(found, simulator)
    assert set(started) == without


_DENYING = """
import socket, sys, threading

class Denied(BaseException):
    pass

def audit(event, args):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
        raise Denied(event, args)

sys.addaudithook(audit)
import _thread
threads = []
_thread.start_new_thread = lambda *args: threads.append(args)
threading._start_new_thread = _thread.start_new_thread
"""


@pytest.mark.parametrize("sdk", SDKS, ids=repr)
def test_no_network_and_no_thread_to_begin_with(sdk: Sdk) -> None:
    """Neither on import, nor on instrument(), with or without the SDK there, with nothing configured."""
    program = f"""
    {_DENYING.replace(chr(10), chr(10) + "    ")}
    import genscope
    import genscope.instrumentors
    genscope.instrument()
    import {sdk.name}
    genscope.uninstrument()
    genscope.instrument()
    genscope.uninstrument()
    from opentelemetry import metrics, trace
    assert type(trace.get_tracer_provider()).__name__ == "ProxyTracerProvider"
    assert type(metrics.get_meter_provider()).__name__ == "_ProxyMeterProvider"
    try:
        socket.create_connection(("127.0.0.1", 9))
    except Denied:
        print("denied")
    print(threading.active_count(), threads)
    """
    assert python(program) == ["denied", "1 []"]
