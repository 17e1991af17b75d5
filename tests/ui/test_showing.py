"""Where what was recorded can be seen: the links that other commands print."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from genscope.local import demo
from genscope.local.ui import ports

from .served import Served, clean_environment

GENSCOPE = [sys.executable, "-m", "genscope.cli"]


def test_the_page_of_a_store_is_found_where_everybody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Served(tmp_path / "store.db", "--no-grpc") as served:
        monkeypatch.setattr(ports, "HTTP_PORT", urlsplit(served.page).port)
        assert ports.seen_at(served.store) == served.page
        assert ports.seen_at(tmp_path / "other.db") is None
    assert ports.seen_at(tmp_path / "store.db") is None


def test_a_page_that_needs_a_token_may_be_the_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Served(tmp_path / "store.db", "--no-grpc", "--token", "a-token-of-our-own") as served:
        monkeypatch.setattr(ports, "HTTP_PORT", urlsplit(served.page).port)
        assert ports.seen_at(tmp_path / "any.db") == f"http://{served.address}/"  # and never the token


def test_run_says_how_to_see_it(tmp_path: Path) -> None:
    environ = {**clean_environment(), "GENSCOPE_STORE": str(tmp_path / "store.db")}
    done = subprocess.run([*GENSCOPE, "run", "-c", "0"], env=environ, capture_output=True, text=True, timeout=60)
    assert f"genscope: kept in {tmp_path / 'store.db'}; to see it: " in done.stderr
    assert done.stdout == ""


def test_the_demo_can_be_watched(tmp_path: Path) -> None:
    """On the port that everybody knows, if it is free; until Ctrl-C."""
    if demo._openai() < demo._OPENAI:  # pyright: ignore[reportPrivateUsage]
        pytest.skip("the sample application needs a newer openai SDK")
    process = subprocess.Popen(
        [*GENSCOPE, "demo", "--ui", "--no-browser", "--pause", "0"],
        env={**clean_environment(), "GENSCOPE_STORE": str(tmp_path / "store.db")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first.startswith("See it at http://127.0.0.1:")
    link = first.split()[-1]
    for line in process.stdout:
        if line == f"The page stays at {link} until Ctrl-C\n":
            break
    else:
        raise AssertionError("it has ended")
    connection = http.client.HTTPConnection(urlsplit(link).netloc, timeout=20)
    connection.request("GET", f"/api/traces?service={demo.SERVICE}")
    names = {one["name"] for one in json.loads(connection.getresponse().read())["items"]}
    connection.close()
    assert names >= {"answer a question", "meet trouble"}
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0
