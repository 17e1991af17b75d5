"""Judges at work on a case: side by side, each for so long and no longer, each to one verdict and no exception."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import CancelledError, TimeoutError
from contextlib import AbstractContextManager
from contextvars import copy_context
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, Final

from genscope.features.judge import verdict
from genscope.features.judge.replies import JudgeFailed
from genscope.features.judge.returned import failed, verdict_of
from genscope.features.judge.threads import Busy, Task, Threads
from genscope.features.judge.verdict import Case, Verdict

_IN_BACKGROUND: Final = Threads("genscope-judging", 32)
_ON_REQUEST: Final = Threads("genscope-evaluating", 128, waits=True)
"""For all that judge. Those of judges that hang are missing until they come back."""

_BUSY: Final = "busy"
"""The error of a judge for which there was no thread."""

Say = Callable[[Verdict], None]
Around = Callable[[str], AbstractContextManager[Say]]
"""What is around a judge of this name, in its thread or task: its trace, which is told the verdict."""


@dataclass(frozen=True)
class Panel:
    """`seconds` is how long each judge may take; `on_request` whether somebody waits for the verdicts.

    Then judges see the context variables of the caller, and wait for a thread.
    """

    judges: Sequence[verdict.Judge]
    seconds: float
    on_request: bool = False

    @property
    def threads(self) -> Threads:
        return _ON_REQUEST if self.on_request else _IN_BACKGROUND

    def judge(self, case: Case, around: Around) -> list[Verdict]:
        """A verdict of each judge, in their order."""
        tasks = [self._begin(judge, case, around) for judge in self.judges]
        return [
            task if isinstance(task, Verdict) else self._awaited(judge.name, task)
            for judge, task in zip(self.judges, tasks, strict=True)
        ]

    async def ajudge(self, case: Case, around: Around) -> list[Verdict]:
        """`judge` without blocking the event loop; what has to be awaited of a judge is awaited in this one."""
        return list(await asyncio.gather(*(self._ajudge(judge, case, around) for judge in self.judges)))

    def _begin(self, judge: verdict.Judge, case: Case, around: Around) -> Task[Verdict] | Verdict:
        def work() -> Verdict:
            return _judged(judge, case, around)

        try:
            return self.threads.run(work, copy_context() if self.on_request else None)
        except RuntimeError:  # the interpreter is exiting: whoever waits for it has a limit, too
            return work()
        except Busy:
            return Verdict(judge.name, error=_BUSY)

    def _awaited(self, name: str, task: Task[Verdict]) -> Verdict:
        while True:
            try:
                return task.future.result(max(0.0, task.left(self.seconds)))
            except (TimeoutError, CancelledError):
                if task.left(self.seconds) <= 0:  # else it has only just begun
                    return Verdict(name, error=_late(task))

    async def _ajudge(self, judge: verdict.Judge, case: Case, around: Around) -> Verdict:
        try:
            with around(judge.name) as say:
                returned: Any = judge.judge(case) if is_async(judge) else await self._abegin(judge, case)
                if isawaitable(returned):
                    returned = await asyncio.wait_for(returned, self.seconds)
                found = verdict_of(judge.name, returned)
                say(found)
                return found
        except Exception as error:
            return failed(judge.name, error)

    async def _abegin(self, judge: verdict.Judge, case: Case) -> Any:
        """What a judge that may block its thread returns."""
        context = copy_context()
        task = self.threads.run(lambda: judge.judge(case), context)
        future = asyncio.wrap_future(task.future)
        while not future.done():
            await asyncio.wait({future}, timeout=max(0.0, task.left(self.seconds)))
            if not future.done() and task.left(self.seconds) <= 0:
                future.cancel()
                raise JudgeFailed(_late(task))
        return await future


def is_async(judge: verdict.Judge) -> bool:
    """Whether it says that it only begins something to be awaited, and so blocks nobody."""
    return bool(getattr(judge, "is_async", False))


def _late(task: Task[Any]) -> str:
    task.future.cancel()  # if it has not begun
    return _BUSY if task.began is None else "timeout"


def _judged(judge: verdict.Judge, case: Case, around: Around) -> Verdict:
    """In a thread of its own."""
    try:
        with around(judge.name) as say:
            returned: Any = judge.judge(case)
            if isawaitable(returned):
                returned = asyncio.run(_whole(returned))
            found = verdict_of(judge.name, returned)
            say(found)
            return found
    except BaseException as error:  # also those that would end the thread
        return failed(judge.name, error)


async def _whole(returned: Awaitable[Any]) -> Any:
    return await returned
