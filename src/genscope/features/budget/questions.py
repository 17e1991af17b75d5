"""Reservations that wait for their turn: whoever has it asks for all of them at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final, NamedTuple

from genscope.features.budget.ledger import Hold, Verdict

_AT_ONCE: Final = 100

Answer = Future["Verdict | None"]
"""None if the store has not answered. Cancelled by whoever does not want to know any more."""


class Question(NamedTuple):
    hold: Hold
    answer: Answer


class Questions:
    """In the order in which they are asked. Only atomic operations."""

    def __init__(self) -> None:
        self._waiting: deque[Question] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def ask(self, hold: Hold) -> Answer:
        answer: Answer = Future()
        self._waiting.append(Question(hold, answer))
        return answer

    def take(self, most: int = _AT_ONCE) -> list[Question]:
        """Those that go to the store together: they cannot be cancelled from here on, and have to be answered."""
        taken: list[Question] = []
        while self._waiting and len(taken) < most:
            try:
                question = self._waiting.popleft()
            except IndexError:  # another thread was faster
                break
            if question.answer.set_running_or_notify_cancel():
                taken.append(question)
        return taken

    def dismiss(self) -> None:
        """There is nobody to ask: whoever waits is told so."""
        for question in self.take(len(self._waiting)):
            question.answer.set_result(None)


def answer_all(taken: Sequence[Question], verdicts: Sequence[Verdict]) -> None:
    """Where there are no verdicts, the store may have granted what it was asked for, or not."""
    for index, (hold, answer) in enumerate(taken):
        if index < len(verdicts):
            answer.set_result(verdicts[index])
        else:
            hold.uncertain = True
            answer.set_result(None)
