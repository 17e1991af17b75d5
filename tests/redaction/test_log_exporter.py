"""What the exporter of logs lets through: bodies of any shape, and attributes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs

from genscope.features.redaction.walk import FAILED, SECRET

from .others import MAIL, Others

BODIES: dict[str, tuple[Any, Any]] = {
    "text": (f"to {MAIL}", "to [EMAIL]"),
    "JSON": (f'{{"to": "{MAIL}"}}', '{"to":"[EMAIL]"}'),
    "object": ({"content": MAIL, "n": 5, "password": "x"}, {"content": "[EMAIL]", "n": 5, "password": SECRET}),
    "list": (["a", {"b": [MAIL]}], ["a", {"b": ["[EMAIL]"]}]),
    "bytes that are text": (MAIL.encode(), b"[EMAIL]"),
    "bytes that are none": (b"\xff\xfe" + MAIL.encode("utf-16-le"), "[bytes, 34 bytes]"),
}
SAME = [None, True, 4111111111111111, 1.5, "nothing", ["a", 1], {"a": {"b": "c"}}, b"nothing", ""]


@pytest.mark.parametrize("body, seen", BODIES.values(), ids=BODIES)
def test_bodies(body: Any, seen: Any) -> None:
    raw, found = Others(raise_faults=True).log(body=body)
    assert found.log_record.body == seen
    assert raw.log_record.body == body


@pytest.mark.parametrize("body", SAME, ids=str)
def test_what_need_not_change_is_handed_on_itself(body: Any) -> None:
    raw, found = Others(raise_faults=True).log(body=body, attributes={"a": "b", "n": 5})
    assert found.log_record is raw.log_record  # each exporter gets a wrapper of its own


def test_the_rest_of_a_record_stays() -> None:
    others = Others(raise_faults=True)
    raw, found = others.log(
        body="nothing",
        severity_number=SeverityNumber.ERROR,
        severity_text="ERROR",
        attributes={
            "exception.message": MAIL,
            "exception.type": "ValueError",
            "code.lineno": 5,
            "otelTraceID": "4" * 32,
        },
    )
    assert dict(found.log_record.attributes) == {
        "exception.message": "[EMAIL]",
        "exception.type": "ValueError",
        "code.lineno": 5,
        "otelTraceID": "4" * 32,
    }
    assert type(found) is type(raw)
    assert type(found.log_record) is type(raw.log_record)
    for kept in ("timestamp", "observed_timestamp", "severity_number", "severity_text", "body", "trace_id", "span_id"):
        assert getattr(found.log_record, kept) == getattr(raw.log_record, kept)
    assert found.instrumentation_scope is raw.instrumentation_scope
    for holder in (found, found.log_record):
        if hasattr(holder, "resource"):
            assert holder.resource is getattr(raw if holder is found else raw.log_record, "resource", None)
        if hasattr(holder, "dropped_attributes"):
            assert holder.dropped_attributes == 0
    assert raw.log_record.attributes["exception.message"] == MAIL
    assert encode_logs([found]).resource_logs[0].scope_logs[0].log_records[0].severity_text == "ERROR"


def test_records_of_exceptions() -> None:
    """Newer releases keep the exception itself in the record: it is not handed on."""
    others = Others(raise_faults=True)
    raw, _ = others.log(body="nothing")
    raw.log_record.exception = ValueError(MAIL)
    assert others.export_log(raw).log_record.exception is None
    assert str(raw.log_record.exception) == MAIL


def test_names_of_events() -> None:
    others = Others(raise_faults=True)
    raw, _ = others.log(body="nothing")
    raw.log_record.event_name = f"sent to {MAIL}"
    assert others.export_log(raw).log_record.event_name == "sent to [EMAIL]"


class Hostile:
    def __init__(self) -> None:
        self.attributes = {"a": MAIL}

    @property
    def body(self) -> Any:
        raise RuntimeError

    @body.setter
    def body(self, value: Any) -> None:
        self.seen = value


def test_a_record_that_cannot_be_read() -> None:
    """It goes on without its texts, and what comes after it goes on too."""
    others = Others()
    raw, _ = others.log(body="fine")
    hostile = copy.copy(raw)
    object.__setattr__(hostile, "log_record", Hostile())
    seen = others.export_log(hostile).log_record
    assert (seen.attributes, seen.seen) == ({}, FAILED)
    assert hostile.log_record.attributes == {"a": MAIL}
    assert others.export_log(raw) is raw
