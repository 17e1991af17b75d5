"""Scores on their way from who judges to who watches."""

from __future__ import annotations

from typing import Any

import pytest

from genscope.core import scores
from genscope.core.scores import listen, observe_score


class Listener:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def hear(self, *said: Any) -> None:
        self.heard.append(said)

    def fail(self, *said: Any) -> None:
        raise OSError


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "_listeners", [])


def test_who_listens_hears() -> None:
    one = Listener()
    listen(one.hear)
    listen(one.hear)
    observe_score("faithfulness", 0.5)
    observe_score("safety", 1.0, {"a": 1}, 7)
    assert one.heard == [("faithfulness", 0.5, {}, 0), ("safety", 1.0, {"a": 1}, 7)]


def test_who_fails_keeps_nobody_from_hearing(caplog: pytest.LogCaptureFixture) -> None:
    broken, one = Listener(), Listener()
    listen(broken.fail)
    listen(one.hear)
    observe_score("faithfulness", 0.5)
    assert len(one.heard) == 1
    assert "watching a score failed (OSError)" in caplog.text


def test_who_is_gone_is_forgotten() -> None:
    listen(Listener().hear)
    observe_score("faithfulness", 0.5)
    one = Listener()
    listen(one.hear)
    assert len(scores._listeners) == 1
