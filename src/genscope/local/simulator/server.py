"""The simulator as its users see it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import ClassVar

from .exchange import Request
from .ledger import Ledger
from .scenarios import SCENARIOS, segment
from .transport import Gate, Server

__all__ = ["Simulator"]


class Simulator:
    """A provider of language models on the loopback interface: real wire formats, invented answers.

    pause  seconds a model thinks before its first token (streams: after the first frame; others: before the answer)
    port   TCP port; 0 takes a free one

    What happens to a request is told by its URL, see `base_url`. All methods may be called from any thread.
    """

    scenarios: ClassVar[Mapping[str, str]] = {name: scenario.doc for name, scenario in SCENARIOS.items()}
    """The scenarios there are: name -> one line about it."""

    def __init__(self, pause: float = 0.0, *, port: int = 0) -> None:
        self._port = port
        self._ledger = Ledger(pause)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def start(self) -> Simulator:
        """Bind 127.0.0.1 and serve in a daemon thread. Does nothing when it is serving already.

        Raises OSError when the port is taken, RuntimeError after `close()`.
        """
        if self._closed:
            raise RuntimeError("this simulator was closed; make another one")
        if self._server is None:
            self._server = Server(self._ledger, Gate(), self._port)
            self._thread = threading.Thread(target=self._server.serve, name="genscope-simulator", daemon=True)
            self._thread.start()
        return self

    def close(self) -> None:
        """Stop serving and close every connection, also those of held requests. May be called again."""
        self._closed = True
        server, thread = self._server, self._thread
        if server is None or thread is None or not thread.is_alive():
            return
        server.stop()
        thread.join(1.0)
        server.disconnect()
        self.wait_until(lambda simulator: simulator.connections == 0, timeout=1.0)
        server.gate.close()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`. Raises RuntimeError before the start."""
        return f"http://127.0.0.1:{self._started.server_port}"

    def base_url(self, scenario: str = "ok", **options: float) -> str:
        """The base URL with which an SDK client meets a scenario, e.g. `http://127.0.0.1:PORT/s/ok,chunks=1000/v1`.

        It is the same for every SDK: only the end of a path tells the API, so that the `/v1` that Anthropic's clients
        put into their paths themselves may be there twice.

        Options: chunks, n, retries, after (milliseconds), pause (seconds); see `OPTIONS`.
        Raises ValueError for a scenario or an option that does not exist.
        """
        return f"{self.url}/s/{segment(scenario, options)}/v1"

    @property
    def requests(self) -> list[Request]:
        """The requests so far, the last 10,000 at most, in the order of their arrival (a copy)."""
        return self._ledger.requests

    @property
    def connections(self) -> int:
        """TCP connections that are open now, those that clients keep alive included."""
        return self._ledger.connections

    @property
    def held(self) -> int:
        """Requests that wait for `release()` now."""
        return self._ledger.held

    def wait_until(self, condition: Callable[[Simulator], bool], timeout: float = 5.0) -> bool:
        """Wait until `condition(simulator)` holds, at most `timeout` seconds; tells whether it does.

        It is looked at again whenever a request arrives or is held, and whenever a connection opens or closes.
        """
        return self._ledger.wait_until(lambda: condition(self), timeout)

    def release(self) -> None:
        """Let every held request go on, and every later one too, until `reset()`."""
        self._started.gate.open()

    def reset(self) -> None:
        """Forget the requests and the counts of the retry scenarios; hang again. Ids are not used a second time."""
        self._ledger.forget()
        self._started.gate.shut()

    @property
    def _started(self) -> Server:
        if self._server is None:
            raise RuntimeError("the simulator is not started")
        return self._server
