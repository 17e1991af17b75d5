"""Content passes one place on its way to the stages, whoever put it there."""

from __future__ import annotations

from typing import Any

import pytest

from genscope.core.messages import Content, message, text
from genscope.core.operation import Operation
from genscope.core.pipeline import Faults, Pipeline, Stage
from genscope.core.screening import ScreenedContent

FIELDS = ("instructions", "input", "output", "tools", "error")


def content(*screens: Any, faults: list[Exception] | None = None) -> ScreenedContent:
    return ScreenedContent(screens, (faults if faults is not None else []).append, tool_parameters=False)


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_screened_once_and_when_it_is_looked_at(field: str) -> None:
    asked: list[tuple[Any, str]] = []

    def screen(value: Any, name: str) -> Any:
        asked.append((value, name))
        return "seen"

    screened = content(screen)
    assert getattr(screened, field) is None
    setattr(screened, field, "raw")
    assert asked == []
    assert (getattr(screened, field), getattr(screened, field)) == ("seen", "seen")
    assert asked == [("raw", field)]
    setattr(screened, field, "anew")
    assert getattr(screened, field) == "seen"
    assert asked[1:] == [("anew", field)]


def test_there_is_no_field_that_is_not_screened() -> None:
    assert {*FIELDS, "tool_parameters"} == set(Content.__dataclass_fields__)


def test_screens_follow_one_another() -> None:
    screened = content(lambda value, field: value + "a", lambda value, field: value + "b")
    screened.error = "x"
    assert screened.error == "xab"


def test_what_a_failing_screen_was_to_look_at_is_not_shown() -> None:
    def fail(value: Any, field: str) -> Any:
        raise ValueError(value)

    faults: list[Exception] = []
    screened = content(fail, faults=faults)
    screened.input = [message("user", [text("x")])]
    assert screened.input is None
    assert screened.input is None
    assert len(faults) == 1


def test_it_is_not_shown_either_if_the_fault_is_raised() -> None:
    class Screen(Stage):
        wants_content = True

        def screen(self, value: Any, field: str) -> Any:
            raise KeyError(field)

    made = Pipeline([Screen()], Faults(raised=True)).new_content()
    made.error = "x"
    with pytest.raises(KeyError):
        _ = made.error
    assert made.error is None


def test_without_a_screen_there_is_none() -> None:
    assert type(Pipeline([], Faults()).new_content()) is Content
    assert Operation("chat", "openai", None, None, False).content is None
