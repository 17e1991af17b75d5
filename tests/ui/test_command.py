"""`genscope ui` as somebody types it."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from genscope.cli import main
from genscope.local.ui import command, ports

from .messages import call, protobuf
from .served import Served, clean_environment


def genscope(*arguments: str, **environ: str) -> Result:
    return CliRunner(env=environ).invoke(main, ["ui", *arguments])


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this process listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening.getsockname()[1]


def test_help_suffices() -> None:
    said = genscope("--help").output
    for word in (
        "--host",
        "4318",
        "4317",
        "--no-grpc",
        "GENSCOPE_STORE",
        "--retention",
        "GENSCOPE_UI_TOKEN",
        "--allow-host",
    ):
        assert word in said


def test_it_says_where_it_is(tmp_path: Path) -> None:
    """For people: the link first."""
    process = subprocess.Popen(
        [sys.executable, "-m", "genscope.cli", "ui", "--port", "0", "--grpc-port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**clean_environment(), "GENSCOPE_STORE": str(tmp_path / "mine.db")},
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(7)]
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[0] == ""
    assert process.returncode == 0
    assert lines[0].startswith("http://127.0.0.1:")
    assert [line.split()[0] for line in lines[2:5]] == ["OTLP/HTTP", "OTLP/gRPC", "Store"]
    assert str(tmp_path / "mine.db") in lines[4]


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_localhost_is_two_addresses(tmp_path: Path) -> None:
    with Served(tmp_path / "store.db") as served:
        port = served.address.rpartition(":")[2]
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("no loopback of IPv6")
        connection = http.client.HTTPConnection("::1", int(port), timeout=20)
        connection.request("GET", "/api/info")
        assert connection.getresponse().status == 200
        connection.close()


@pytest.mark.parametrize("option", ["--port", "--grpc-port"])
def test_a_port_that_is_taken_is_said_with_who_has_it(taken: int, option: str, tmp_path: Path) -> None:
    other = {"--port": "--grpc-port", "--grpc-port": "--port"}[option]
    result = genscope(option, str(taken), other, "0", "--store", str(tmp_path / "store.db"))
    assert result.exit_code == 1
    assert f"Port {taken} is taken" in result.output
    assert f"choose another: {option} PORT" in result.output
    if sys.platform == "linux":
        assert f"(process {os.getpid()})" in result.output


def test_another_one_that_is_there_already_is_pointed_to(tmp_path: Path) -> None:
    with Served(tmp_path / "store.db") as served:
        result = genscope("--port", served.address.rpartition(":")[2], "--store", str(tmp_path / "store.db"))
        assert result.exit_code == 1
        assert f"by another genscope ui: http://{served.address}/" in result.output


def test_who_has_a_port_is_not_known_everywhere(tmp_path: Path) -> None:
    assert list(ports.holders(1, tmp_path)) == []
    assert list(ports.holders(0)) == []


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--host", "no.such.host.invalid"], "no.such.host.invalid is no address of this machine"),
        (["--host", "192.0.2.1"], "192.0.2.1:0 cannot be listened to"),
        (["--port", "65536"], "65536 is not in the range"),
        (["--port", "http"], "'http' is not a valid integer"),
        (["--retention", "soon"], "'soon' is not known; accepted: an age, 12h, 30d or 8w, or off"),
        (["--token", "short"], "16 characters or more"),
        (["--token", "with spaces and more"], "none of spaces"),
        (["--token", "ünïcödé-ünïcödé-ünïcödé"], "16 characters or more"),
    ],
)
def test_what_cannot_be_is_said(arguments: list[str], said: str, tmp_path: Path) -> None:
    result = genscope("--port", "0", "--no-grpc", "--store", str(tmp_path / "store.db"), *arguments)
    assert result.exit_code != 0
    assert said in result.output


def test_a_file_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir")
    result = genscope("--port", "0", "--no-grpc", "--store", str(path))
    assert result.exit_code == 1
    assert "is no database" in result.output
    assert path.read_text() == "Dear Sir"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_NEEDED", {"starlette": "starlette", "absent": "absent.inside"})
    result = genscope("--port", "0")
    assert result.exit_code == 1
    assert "Not installed: absent. Try: pip install 'genscope[ui]'" in result.output


def test_nothing_heavy_is_imported_to_say_what_there_is() -> None:
    program = (
        "import sys\nfrom genscope.cli import main\n"
        "print([name for name in ('starlette', 'uvicorn', 'grpc', 'google.protobuf') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_retention_is_heard(tmp_path: Path) -> None:
    old = call(1, startTimeUnixNano="1500000000000000000", endTimeUnixNano="1500000001000000000")
    with Served(tmp_path / "kept.db", "--retention", "off", "--no-grpc") as served:
        served.post("traces", protobuf(old))
        assert served.get("/api/info")["rows"]["spans"] == 1
    with Served(tmp_path / "dropped.db", "--no-grpc", GENSCOPE_STORE_MAX_AGE="7d") as served:
        served.post("traces", protobuf(old))
        assert served.get("/api/info")["rows"]["spans"] == 0


def test_the_token_of_the_environment(tmp_path: Path) -> None:
    with Served(tmp_path / "store.db", "--no-grpc", GENSCOPE_UI_TOKEN="from-the-environment") as served:
        assert served.page.endswith("/?token=from-the-environment")
        assert served.request("GET", "/").status == 401


class _Other(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_who_is_one_of_ours(tmp_path: Path, taken: int) -> None:
    other = http.server.HTTPServer(("127.0.0.1", 0), _Other)
    thread = threading.Thread(target=other.handle_request)
    thread.start()
    assert not ports.is_ours("127.0.0.1", other.server_port)
    thread.join()
    other.server_close()
    assert not ports.is_ours("127.0.0.1", other.server_port)  # nobody
    with Served(tmp_path / "store.db", "--no-grpc") as served:
        assert ports.is_ours("127.0.0.1", int(served.address.rpartition(":")[2]))


@pytest.mark.parametrize(
    "host, port, url",
    [
        ("127.0.0.1", 4318, "http://127.0.0.1:4318/"),
        ("0.0.0.0", 80, "http://127.0.0.1:80/"),
        ("::", 80, "http://[::1]:80/"),
        ("box.example.com", 80, "http://box.example.com:80/"),
    ],
)
def test_links(host: str, port: int, url: str) -> None:
    assert ports.url(host, port) == url
