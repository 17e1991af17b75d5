"""The application and all it needs, by one command: a simulated provider, the server, a reader who asks, the traces."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from genscope.local.simulator import Simulator

_QUESTION = "What is the capital of France, and where is my order?"
_COMMAND = ("opentelemetry-instrument", "uvicorn", "examples.rag_agent.app:app")
_NEEDED = ("apsw", "fastapi", "httpx", "openai", "opentelemetry.instrumentation.fastapi", "sqlite_vec", "uvicorn")
_KEPT = ("OTEL_EXPORTER_OTLP_", "OTEL_INSTRUMENTATION_GENAI_", "OTEL_RESOURCE_", "OTEL_SEMCONV_", "OTEL_SERVICE_")
_PRICES = {"gpt-4o-mini": "openai/gpt-4o-mini", "text-embedding-3-small": "openai/text-embedding-3-small"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m examples.rag_agent", description=__doc__)
    parser.add_argument("question", nargs="?", default=_QUESTION, help=f"default: {_QUESTION}")
    question = parser.parse_args().question
    if missing := [name for name in _NEEDED if not _installed(name)]:
        raise SystemExit(
            f"Not installed: {', '.join(missing)}. Try: pip install -r examples/rag_agent/requirements.txt"
        )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else the server would be left behind
    try:
        with Simulator(pause=0.2) as simulator:
            print(f"A simulated provider at {simulator.url}", flush=True)
            with _server(_environment(simulator)) as url:
                print(f"\n> {question}\n< {''.join(_ask(url, question))}", flush=True)
    except KeyboardInterrupt:
        return 130
    return 0


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # of a package that is not there itself
        return False


def _environment(simulator: Simulator) -> dict[str, str]:
    """That of the server. Its traces go to the terminal; to a collector too, if one is named."""
    collector = "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ
    foreign = ("OTEL_", "UVICORN_")
    kept = {name: value for name, value in os.environ.items() if name.startswith(_KEPT) or not name.startswith(foreign)}
    return {
        "OTEL_SERVICE_NAME": "rag-agent",
        **kept,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "OTEL_TRACES_EXPORTER": "genscope_console,otlp" if collector else "genscope_console",
        "OTEL_METRICS_EXPORTER": "otlp" if collector else "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_BSP_SCHEDULE_DELAY": "200",  # milliseconds: a tree when it is complete
        "OPENAI_BASE_URL": simulator.base_url("tools"),
        "OPENAI_API_KEY": "sk-not-needed",
        "GENSCOPE_PRICES": json.dumps(_PRICES),  # of a host that nobody knows nothing has a price
        "UVICORN_LOG_LEVEL": "warning",
        # A proxy of the machine cannot reach its loopback interface.
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


@contextmanager
def _server(environ: dict[str, str]) -> Iterator[str]:
    """The application in a process of its own; its URL. Ended as by Ctrl-C: it exports what it still has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*_COMMAND, "--port", str(port)]
    print("$", *command, flush=True)
    # In a session of its own: what the terminal says is said to us, and we tell the server when it is its turn.
    root = Path(__file__).parents[2]
    server = subprocess.Popen(command, env=environ, cwd=root, start_new_session=True)
    goodbye = signal.SIGTERM  # as long as it does not listen to another one
    try:
        while not _listens(port):
            if server.poll() is not None:
                raise SystemExit(f"The server has ended: {server.returncode}")
            time.sleep(0.05)
        goodbye = signal.SIGINT
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(goodbye)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:  # it sends to a collector that is not there
            pass
        finally:
            server.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _ask(url: str, question: str) -> Iterator[str]:
    """What the server says, as it comes; the way a page in a browser reads it."""
    import httpx

    who = {"x-user-id": "u1", "x-session-id": "s1"}
    with httpx.Client(trust_env=False, timeout=60) as browser:
        with browser.stream("POST", f"{url}/ask", json={"question": question}, headers=who) as answer:
            if answer.status_code != 200:
                raise SystemExit(f"The server refuses: {answer.read().decode()}")
            name = ""
            for line in answer.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data" and name == "text":
                    yield json.loads(value)["text"]
                elif field == "data" and name == "error":
                    raise SystemExit(json.loads(value)["message"])


if __name__ == "__main__":
    sys.exit(main())
