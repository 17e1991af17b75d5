"""Who is told, and how: nothing is lost by a hiccup, nothing waits for ever, nothing says more than it should."""

from __future__ import annotations

import json
import logging
import threading
from base64 import b64decode
from datetime import datetime, timezone
from email.utils import format_datetime
from hmac import digest
from typing import Any

import pytest
from opentelemetry.instrumentation.utils import is_instrumentation_enabled

from genscope.features.slo.alerts import Alert
from genscope.features.slo.objective import Objective
from genscope.features.slo.sinks import courier as couriers
from genscope.features.slo.sinks import sending
from genscope.features.slo.sinks.callback import callback
from genscope.features.slo.sinks.courier import Courier, telling, undelivered
from genscope.features.slo.sinks.log import write_line
from genscope.features.slo.sinks.posting import Clock, Patience, post
from genscope.features.slo.sinks.signing import signed
from genscope.features.slo.sinks.slack import message, slack
from genscope.features.slo.sinks.webhook import webhook

from .receiver import DRIPS, Receiver

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def alert(state: str = "firing", **changed: Any) -> Alert:
    fields: dict[str, Any] = {
        "objective": Objective("error_rate", "1%", per="model", severity="critical"),
        "state": state,
        "scope": {"model": "gpt-4o <!channel>"},
        "value": 0.05,
        "burn_rate": 5.0,
        "samples": 200,
        "since": MOMENT,
        "at": MOMENT,
        "cause": "rate_limit",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "service": "shop",
    }
    return Alert(**{**fields, **changed})


class Time:
    """Goes on only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, lambda: MOMENT.timestamp() + self.now, self.sleep)


def test_an_alert_as_json(receiver: Receiver) -> None:
    sink = webhook(receiver.url)
    sink.tell(alert())
    assert sink.flush(10)
    (received,) = receiver.received
    assert received.headers["content-type"] == "application/json"
    assert "webhook-signature" not in received.headers
    said = json.loads(received.body)
    key = said.pop("key")
    assert said == {
        "version": 1,
        "state": "firing",
        "severity": "critical",
        "objective": "error_rate < 1 % over 15m per model",
        "measure": "error_rate",
        "target": 0.01,
        "unit": "1",
        "value": 0.05,
        "burn_rate": 5.0,
        "samples": 200,
        "window": "15m",
        "scope": {"model": "gpt-4o <!channel>"},
        "since": "2026-01-02T03:04:05+00:00",
        "at": "2026-01-02T03:04:05+00:00",
        "cause": "rate_limit",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "service": "shop",
        "summary": "error_rate < 1 % over 15m per model: 5 %, 5x what is allowed, model=gpt-4o <!channel>, "
        "last: rate_limit",
    }
    assert key == alert("resolved", value=None).key != alert(scope={"model": "o1"}).key


def test_a_signature_is_that_of_the_specification() -> None:
    """The example that https://www.standardwebhooks.com and its libraries are tested with."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    assert signed(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("secret", ["plain secret", "whsec_not base64!"])
def test_a_webhook_is_signed(receiver: Receiver, secret: str) -> None:
    receiver.answers = [(503, {})]
    time = Time()
    sink = webhook(receiver.url, secret, clock=time.clock)
    sink.tell(alert())
    assert sink.flush(10)
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) == int(MOMENT.timestamp() + time.now)
    signature = b64decode(second.headers["webhook-signature"].removeprefix("v1,"))
    content = f"{second.headers['webhook-id']}.{second.headers['webhook-timestamp']}.".encode() + second.body
    assert signature == digest(secret.encode(), content, "sha256")


def posted(receiver: Receiver, time: Time, **patience: float) -> bool:
    return post(receiver.url, b"{}", dict, Patience(**patience), time.clock)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_what_may_pass_is_tried_again(receiver: Receiver, status: int) -> None:
    receiver.answers, time = [(status, {})] * 3, Time()
    assert posted(receiver, time)
    assert len(receiver.received) == 4
    for slept, most in zip(time.slept, (1, 2, 4), strict=True):
        assert most / 2 <= slept <= most


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 410])
def test_what_will_not_is_not(receiver: Receiver, status: int, caplog: pytest.LogCaptureFixture) -> None:
    receiver.answers, time = [(status, {"Location": "/elsewhere"})], Time()
    assert not posted(receiver, time)
    assert (len(receiver.received), time.slept) == (1, [])
    assert f"could not be delivered to 127.0.0.1 (HTTP {status})" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    "said, slept",
    [
        ("7", 7.0),
        ("0", 0.0),
        ("-3", 0.0),
        (format_datetime(datetime.fromtimestamp(MOMENT.timestamp() + 20, timezone.utc), usegmt=True), 20.0),
        (format_datetime(MOMENT, usegmt=True), 0.0),
    ],
)
def test_who_says_when_is_heard(receiver: Receiver, said: str, slept: float) -> None:
    receiver.answers, time = [(429, {"Retry-After": said})], Time()
    assert posted(receiver, time)
    assert time.slept == [slept]


@pytest.mark.parametrize("said", ["soon", "", "nan", "Thu, 99 Foo", "inf", "1e400"])
def test_who_says_nonsense_is_not(receiver: Receiver, said: str) -> None:
    receiver.answers, time = [(429, {"Retry-After": said})], Time()
    assert posted(receiver, time)
    (slept,) = time.slept
    assert 0.5 <= slept <= 1


def test_it_is_given_up_in_the_end(receiver: Receiver) -> None:
    receiver.answers, time = [(500, {})] * 1_000, Time()
    assert not posted(receiver, time, whole=60.0)
    assert time.now <= 60
    assert 5 < len(receiver.received) < 20
    receiver.answers = [(429, {"Retry-After": "3600"})]
    assert not posted(receiver, time)  # longer than the alert is of use


def test_no_answer_at_all(receiver: Receiver) -> None:
    time = Time()
    receiver.answers = [(0, {})]
    assert posted(receiver, time, attempt=0.05)
    assert len(receiver.received) == 2
    assert not post("http://127.0.0.1:9/x", b"", dict, Patience(whole=3), time.clock)


def test_an_answer_that_never_ends(receiver: Receiver) -> None:
    """Each byte comes in time, and the answer does not."""
    time = Time()
    receiver.answers = [(DRIPS, {})]
    assert posted(receiver, time, attempt=0.1)
    assert len(receiver.received) == 2


@pytest.mark.parametrize("url", ["http://[x/", "http://127.0.0.1:99999/", "http://a b/", "ftp://x", "nonsense"])
def test_an_address_that_is_none_does_no_harm(url: str) -> None:
    time = Time()
    assert not post(url, b"", dict, Patience(whole=0.5), time.clock)


def test_nobody_traces_what_is_posted(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    noting = sending._noting

    def connecting(*what: Any) -> Any:
        seen.append(is_instrumentation_enabled())
        return noting(*what)

    monkeypatch.setattr(sending, "_noting", connecting)
    assert posted(receiver, Time())
    assert seen == [False]
    assert is_instrumentation_enabled()


def test_a_message_to_slack(receiver: Receiver) -> None:
    sink = slack(receiver.url)
    sink.tell(alert())
    sink.tell(alert("resolved", value=0.001))
    assert sink.flush(10)
    firing, resolved = (json.loads(received.body) for received in receiver.received)
    assert firing["text"].startswith("critical firing: error_rate &lt; 1 %")
    assert "<" not in json.dumps(firing)
    (attachment,) = firing["attachments"]
    assert attachment["color"] == "#d40e0d"
    section, context = attachment["blocks"]
    assert section["text"]["text"].startswith(":rotating_light: *critical firing* in shop\n")
    assert "trace `0af7651916cd43dd8448eb211c80319c`" in context["elements"][0]["text"]
    assert ":white_check_mark:" in json.dumps(resolved)
    assert "holds again" in resolved["text"]


def test_a_message_is_no_longer_than_slack_takes() -> None:
    said = message(alert(scope={"model": "&" * 10_000}))
    assert len(said["attachments"][0]["blocks"][0]["text"]["text"]) < 3_000


def test_a_message_has_no_more_than_is_known() -> None:
    said = json.dumps(message(alert(trace_id=None, service=None, cause=None, burn_rate=None, value=None, scope={})))
    assert "None" not in said


@pytest.mark.parametrize("severity, state, level", [
    ("critical", "firing", logging.ERROR),
    ("warning", "firing", logging.WARNING),
    ("info", "firing", logging.INFO),
    ("critical", "resolved", logging.INFO),
])  # fmt: skip
def test_a_line_in_the_log(severity: str, state: str, level: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "genscope.slo")
    write_line(alert(state, objective=Objective("error_rate", "1%", severity=severity), scope={}))
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("genscope.slo", level)
    assert record.getMessage().startswith(f"genscope: {severity} {state}: error_rate < 1 % over 15m: 5 %, ")
    assert record.__dict__["alert"]["burn_rate"] == 5.0


# --- couriers


def test_a_callback_has_the_alert_itself() -> None:
    heard: list[Alert] = []
    sink = callback(heard.append)
    sink.tell(alert())
    assert sink.flush(10)
    assert heard == [alert()]


@pytest.mark.parametrize("fault", [ValueError, SystemExit, KeyboardInterrupt])
def test_a_callback_that_raises_is_called_again_the_next_time(
    fault: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Alert] = []

    def broken(alert: Alert) -> None:
        heard.append(alert)
        raise fault("prompt: secret")

    sink = callback(broken)
    for _ in range(3):
        sink.tell(alert())
    assert sink.flush(10)
    assert len(heard) == 3
    assert undelivered == {"callback": 3}
    (record,) = caplog.records  # once a minute
    assert "the callback that is told of alerts failed" in record.getMessage()
    assert "secret" not in caplog.text


def test_who_blocks_for_ever_stops_only_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "_MOST_WAITING", 5)
    released, entered = threading.Event(), threading.Event()

    def block(alert: Alert) -> None:
        entered.set()
        released.wait()

    sink = callback(block)
    sink.tell(alert())
    assert entered.wait(10)
    for _ in range(8):
        sink.tell(alert())
    assert not sink.flush(0.01)
    assert undelivered == {"callback": 3}
    released.set()
    assert sink.flush(10)


def test_a_courier_knows_nothing_of_who_woke_it() -> None:
    found: list[Any] = []
    variable = couriers.ContextVar("of_the_caller", default=None)
    variable.set(5)
    sink = Courier("x", lambda alert: bool(found.append((variable.get(), telling.get()))) or True)
    sink.tell(alert())
    assert sink.flush(10)
    assert found == [(None, True)]
    assert not telling.get()


def test_without_threads_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "start", lambda work, name: False)
    sink = callback(lambda alert: None)
    sink.tell(alert())
    assert not sink.flush(0.0)
    monkeypatch.undo()
    sink.tell(alert())
    assert sink.flush(10)


def test_who_is_needed_no_more_ends_with_what_waits() -> None:
    heard: list[Alert] = []
    before = set(threading.enumerate())
    sink = callback(heard.append)
    sink.tell(alert())
    sink.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()
    assert len(heard) == 1


def test_a_signal_in_the_wrong_moment_leaves_a_way_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(work: Any, name: str) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(couriers, "start", interrupted)
    heard: list[Alert] = []
    sink = callback(heard.append)
    with pytest.raises(KeyboardInterrupt):
        sink.tell(alert())
    monkeypatch.undo()
    sink.prepare()
    assert sink.flush(10)
    assert len(heard) == 1
