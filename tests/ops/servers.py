"""Prometheus and Alertmanager as processes of our own, on free ports, asked by their APIs."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
# Debian's name, and that of the project's own release.
ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
AMTOOL = shutil.which("amtool")
NO_PROMETHEUS = "needs the programs prometheus and promtool (Debian package prometheus)"
NO_ALERTMANAGER = "needs the programs prometheus-alertmanager and amtool (Debian package prometheus-alertmanager)"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what: str, found: Callable[[], Any], seconds: float = 60) -> Any:
    """What a question is answered with at last: it is asked again until that is true."""
    end = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < end, f"not in {seconds} s: {what}"
        time.sleep(0.1)
    return answer


class Server:
    """A process with an HTTP API. `log` is what it has said."""

    ready = "/-/ready"

    def __init__(self, folder: Path, *command: str) -> None:
        self.port = free_port()
        self.log = folder / "log"
        address = f"--web.listen-address=127.0.0.1:{self.port}"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen([*command, address], stdout=log, stderr=log, cwd=folder)
        until(f"{command[0]} answers", self._answers)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        try:
            with urllib.request.urlopen(self.url + self.ready, timeout=5) as answer:
                return answer.status == 200
        except OSError:  # it does not listen yet, or is not ready
            return False

    def get(self, path: str, **query: str) -> Any:
        try:
            with urllib.request.urlopen(f"{self.url}{path}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise AssertionError(refused.read().decode()) from refused

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Prometheus(Server):
    def __init__(self, folder: Path, *, targets: dict[str, str], rules: str, alertmanager: str) -> None:
        """`targets` are addresses by job, `rules` the text of a file, `alertmanager` an address."""
        (folder / "rules.yaml").write_text(rules)
        scrapes = [{"job_name": job, "static_configs": [{"targets": [address]}]} for job, address in targets.items()]
        config = {
            "global": {"scrape_interval": "500ms", "scrape_timeout": "400ms", "evaluation_interval": "500ms"},
            "rule_files": ["rules.yaml"],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
            "scrape_configs": scrapes,
        }
        (folder / "prometheus.json").write_text(json.dumps(config))
        assert PROMETHEUS is not None
        super().__init__(
            folder,
            PROMETHEUS,
            "--config.file=prometheus.json",
            f"--storage.tsdb.path={folder / 'data'}",
            "--rules.alert.resend-delay=1s",
        )

    def query(self, expr: str) -> list[Any]:
        """The vector that an expression comes to now. An `AssertionError` for one that is wrong."""
        return self.get("/api/v1/query", query=expr)["data"]["result"]

    def firing(self) -> set[str]:
        alerts = self.get("/api/v1/alerts")["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


class Alertmanager(Server):
    def __init__(self, folder: Path, config: str) -> None:
        (folder / "alertmanager.yaml").write_text(config)
        assert ALERTMANAGER is not None
        super().__init__(
            folder,
            ALERTMANAGER,
            "--config.file=alertmanager.yaml",
            f"--storage.path={folder / 'data'}",
            "--cluster.listen-address=",
        )
