"""Figures from Prometheus: a real one with a history that is written for it, and one that answers nonsense."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner

from genscope.cli import main
from genscope.local.report.asked import Asked
from genscope.local.report.figures import Figures
from genscope.local.report.from_prometheus import read
from genscope.local.report.period import Period
from genscope.local.report.prometheus import Prometheus, PrometheusError
from genscope.ops.queries import FLAVOURS, Queries
from tests.ops import servers

from .samples import HOUR, SECOND
from .test_page import Reader, page

BEGIN = int(time.time()) // 7200 * 7200 - 8 * 3600
"""Of a history of four hours, a sample each minute. In the last two hours there is twice as much of everything."""
PERIOD = Period((BEGIN + 7200) * SECOND, (BEGIN + 14_400) * SECOND)

BIG = 'gen_ai_operation_name="chat",gen_ai_provider_name="acme",gen_ai_request_model="big"'
SMALL = 'gen_ai_operation_name="chat",gen_ai_provider_name="acme",gen_ai_request_model="small"'
JUDGED = f'{BIG},gen_ai_evaluation_name="faithfulness"'
DURATION, FIRST = "gen_ai_client_operation_duration_seconds", "gen_ai_client_operation_time_to_first_chunk_seconds"
TOKENS, SCORE = "gen_ai_client_token_usage", "genscope_evaluation_score"

# What each grows by in a minute of the first two hours.
PER_MINUTE = {
    f'{DURATION}_count{{job="shop",{BIG}}}': 1.0,
    f'{DURATION}_sum{{job="shop",{BIG}}}': 2.0,
    f'{DURATION}_bucket{{job="shop",{BIG},le="1"}}': 0.0,
    f'{DURATION}_bucket{{job="shop",{BIG},le="3"}}': 1.0,
    f'{DURATION}_bucket{{job="shop",{BIG},le="+Inf"}}': 1.0,
    f'{DURATION}_count{{job="desk",{SMALL}}}': 1.0,
    f'{DURATION}_sum{{job="desk",{SMALL}}}': 2.0,
    f'{DURATION}_bucket{{job="desk",{SMALL},le="1"}}': 0.0,
    f'{DURATION}_bucket{{job="desk",{SMALL},le="3"}}': 1.0,
    f'{DURATION}_bucket{{job="desk",{SMALL},le="+Inf"}}': 1.0,
    f'{DURATION}_count{{job="shop",{BIG},genscope_operation_name="judge"}}': 50.0,
    f'{FIRST}_count{{job="shop",{BIG}}}': 1.0,
    f'{FIRST}_sum{{job="shop",{BIG}}}': 0.5,
    f'{FIRST}_bucket{{job="shop",{BIG},le="1"}}': 1.0,
    f'{FIRST}_bucket{{job="shop",{BIG},le="+Inf"}}': 1.0,
    f'genscope_client_errors_total{{job="shop",{BIG},genscope_error_kind="timeout"}}': 0.25,
    f'genscope_client_errors_total{{job="shop",{BIG},genscope_error_kind="budget_exceeded"}}': 0.5,
    f'genscope_client_cost_total{{job="shop",{BIG}}}': 0.5,
    f'genscope_client_cost_total{{job="desk",{SMALL}}}': 0.25,
    f'genscope_client_unpriced_total{{job="desk",{SMALL}}}': 0.125,
    f'genscope_client_attempts_total{{job="shop",{BIG}}}': 3.0,
    f'{TOKENS}_sum{{job="shop",{BIG},gen_ai_token_type="input"}}': 100.0,
    f'{TOKENS}_sum{{job="shop",{BIG},gen_ai_token_type="output"}}': 10.0,
    f'{SCORE}_count{{job="shop",{JUDGED}}}': 1.0,
    f'{SCORE}_sum{{job="shop",{JUDGED}}}': 0.75,
}


def history() -> str:
    """OpenMetrics."""
    lines: list[str] = []
    for series, growth in PER_MINUTE.items():
        value = 1000.0
        for minute in range(241):
            lines.append(f"{series} {value:.12g} {BEGIN + 60 * minute}")
            value += growth * (2 if minute >= 120 else 1)
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "history").write_text(history())
    assert servers.PROMTOOL is not None
    command = [servers.PROMTOOL, "tsdb", "create-blocks-from", "openmetrics", "history", "data"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    started = servers.Prometheus(folder, targets={}, rules="", alertmanager="127.0.0.1:1")
    yield Prometheus(started.url)
    started.stop()


def asked(**changes: Any) -> Asked:
    values: dict[str, Any] = {"period": PERIOD, "compared": PERIOD.earlier(2 * HOUR), "made_ns": PERIOD.until_ns}
    return Asked(**values | changes)


@pytest.fixture(scope="module")
def found(server: Prometheus) -> Figures:
    return read(server, asked(), "default")


def near(value: float) -> Any:
    return pytest.approx(value, rel=0.02)


@pytest.mark.needs_prometheus
def test_the_whole(found: Figures) -> None:
    """120 minutes, twice the growth: 4 calls a minute of two models, judges not counted."""
    now, before = found.now, found.before
    assert before is not None
    assert (now.calls, before.calls) == (near(480), near(240))
    assert (now.failed, now.stopped) == (near(60), near(120))
    assert now.success_rate == near(1 - 60 / 360)
    assert (now.cost, now.unpriced) == (near(180), near(30))
    assert any(one.endswith("is not known and in no sum of costs.") for one in found.notices)
    assert (now.input_tokens, now.output_tokens) == (near(24_000), near(2_400))
    assert now.duration is not None
    assert now.first_token is not None
    # All between 1 and 3 s: the middle of it is 2 s.
    assert (now.duration.mean, now.duration.p50, now.duration.p95) == (near(2.0), near(2.0), near(2.9))
    assert (now.first_token.mean, now.first_token.p50) == (near(0.5), near(0.5))
    assert found.whole
    assert {one.kind: (one.calls, one.before, one.stopped) for one in found.errors} == {
        "timeout": (near(60), near(30), False),
        "budget_exceeded": (near(120), near(60), True),
    }
    assert found.retries is not None
    assert found.retries.attempts == near(720 - 480)


@pytest.mark.needs_prometheus
def test_its_parts(found: Figures) -> None:
    models = {one.key: (one.provider, one.calls, one.cost) for one in found.models}
    assert models == {"big": ("acme", near(240), near(120)), "small": ("acme", near(240), near(60))}
    assert found.models_before == {"big": near(60), "small": near(30)}
    assert {one.key: one.calls for one in found.services} == {"shop": near(240), "desk": near(240)}
    (judge,) = found.judges
    assert (judge.name, judge.verdicts, judge.mean, judge.before) == ("faithfulness", near(240), near(0.75), near(0.75))
    assert len(found.trend) == 24
    assert [piece.calls for piece in found.trend] == [near(20)] * 24
    assert [piece.cost for piece in found.trend] == [near(7.5)] * 24
    assert [piece.p50 for piece in found.trend] == [near(2.0)] * 24
    assert list(judge.trend) == [near(0.75)] * 24


@pytest.mark.needs_prometheus
def test_what_it_cannot_tell_is_said(found: Figures) -> None:
    assert found.users is found.workflows is found.cached is found.slowest is found.instead is None
    told = Reader(page(found)).text
    assert "GENSCOPE_METRIC_TAGS=user_id" in told
    assert "Slowest traces" in told
    assert "Prometheus has sums and no calls" in told
    assert "First chunk, half within" in told
    json.dumps(found.trend[0].calls, allow_nan=False)


@pytest.mark.needs_prometheus
def test_a_part_of_a_piece(server: Prometheus) -> None:
    """The last piece is shorter, and nothing of what came later is in it."""
    period = Period(PERIOD.since_ns, PERIOD.since_ns + 62 * 60 * SECOND)
    found = read(server, asked(period=period, compared=None), "default")
    assert found.step == 300
    assert len(found.trend) == 13
    assert found.trend[12].calls == near(8)
    assert sum(piece.calls for piece in found.trend) == near(248)


@pytest.mark.needs_prometheus
def test_one_service_in_another_currency(server: Prometheus) -> None:
    found = read(server, asked(service="desk", currency="EUR", rates={"USD": 0.5, "EUR": 1.0}), "default")
    assert (found.now.calls, found.now.cost) == (near(240), near(30))
    nobody = read(server, asked(service='no"body\\{'), "default")
    assert nobody.now.calls == 0
    assert "There is no call of the service no" in nobody.notices[0]


@pytest.mark.needs_prometheus
def test_there_is_nothing_before(server: Prometheus) -> None:
    early = asked(period=PERIOD.earlier(2 * HOUR), compared=PERIOD.earlier(4 * HOUR))
    found = read(server, early, "default")
    assert found.before is None
    assert not found.whole
    assert "There is no call in the period before, so nothing is compared." in found.notices


@pytest.mark.needs_prometheus
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_question_is_one_that_prometheus_understands(server: Prometheus, flavour: str) -> None:
    read(server, asked(), flavour)
    assert Queries(flavour)


@pytest.mark.needs_prometheus
def test_the_command(server: Prometheus, tmp_path: Path) -> None:
    times = [time.strftime("%Y-%m-%dT%H:%M", time.gmtime(ns // SECOND)) for ns in (PERIOD.since_ns, PERIOD.until_ns)]
    command = ["report", "--prometheus", server.url, "--from", times[0], "--to", times[1], "--json"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["now"]["calls"] == near(480)


# --- one that is none

Handle = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def answering(status: int, body: bytes) -> Iterator[tuple[str, list[Any]]]:
    """Its address, and the headers that it was sent."""
    seen: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()})
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    "status, body, says",
    [
        (200, b"<html>", "is no Prometheus, or answers as none"),
        (200, b"{}", "is no Prometheus"),
        (200, b'{"data": {"result": [{"metric": {}, "value": [1, "x"]}]}}', "is no Prometheus"),
        (200, b'{"data": {"result": [{"metric": {"a": 1}, "value": [1, "1"]}]}}', "is no Prometheus"),
        (200, b'{"data": {"result": 5}}', "is no Prometheus"),
        (200, b"[" * 100_000, "is no Prometheus"),
        (400, b'{"error": "parse error"}', "answers 400: parse error"),
        (503, b"gone", "answers 503: Service Unavailable"),
    ],
)
def test_nonsense(status: int, body: bytes, says: str) -> None:
    with answering(status, body) as (url, _), pytest.raises(PrometheusError, match=says):
        read(Prometheus(url), asked(), "default")


def test_nobody_there() -> None:
    done = CliRunner().invoke(main, ["report", "--prometheus", f"http://127.0.0.1:{servers.free_port()}"])
    assert done.exit_code == 1
    assert "cannot be asked: " in done.stderr


def test_headers(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("Bearer s3cret\n")
    with answering(200, b'{"data": {"result": []}}') as (url, seen):
        found = read(Prometheus(url, ["X-Scope-OrgID=a", f"Authorization=@{tmp_path / 'token'}"]), asked(), "default")
    assert {(one["x-scope-orgid"], one["authorization"]) for one in seen} == {("a", "Bearer s3cret")}
    assert found.now.calls == 0
    assert "s3cret" not in page(found)
