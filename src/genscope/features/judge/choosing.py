"""The judges that settings name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from inspect import isawaitable, iscoroutinefunction
from typing import Any

from genscope.features.judge import verdict
from genscope.features.judge.models import Model
from genscope.features.judge.prompted import BUILT_IN, Judge
from genscope.features.judge.returned import verdict_of
from genscope.features.judge.verdict import Case, Verdict


@dataclass(frozen=True)
class Chosen:
    """The judges that were understood, and of each that was not what is wrong with it."""

    judges: tuple[verdict.Judge, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Means:
    """What judges are given that do not bring it: a model to ask, seconds to take, and what is a check of a name.

    `check` raises `ValueError` for a name of none. `in_a_loop` tells whether they are awaited in the caller's own.
    """

    model: Model | None
    timeout: float
    check: Callable[[str], verdict.Judge]
    in_a_loop: bool = False


def choose(said: Iterable[Any], means: Means) -> Chosen:
    """Judges by name, by where to import them from, functions and objects."""
    judges: list[verdict.Judge] = []
    problems: list[str] = []
    for one in said:
        try:
            judges.append(_found(one, means))
        except ValueError as problem:
            problems.append(str(problem))
        except Exception as fault:  # what an object of the application's does when it is looked at
            problems.append(f"{type(one).__name__} cannot be looked at ({type(fault).__name__})")
    names = [judge.name for judge in judges]
    problems += [f"there are several judges {name!r}" for name in dict.fromkeys(names) if names.count(name) > 1]
    return Chosen(tuple(judges), tuple(problems))


def _found(said: Any, means: Means) -> verdict.Judge:
    if isinstance(said, str):
        return _named(said, means)
    if isinstance(said, Judge):
        return _asking(said, means)
    if callable(getattr(said, "judge", None)):
        if not isinstance(getattr(said, "name", None), str):
            raise ValueError(f"a judge of the type {type(said).__name__} has no name")
        return said
    if callable(said):
        return Called(_name_of(said), said)
    raise ValueError(f"{type(said).__name__} is no judge; accepted: names, functions, objects with a method judge")


def _asking(judge: Judge, means: Means) -> Judge:
    found = judge.asking(means.model, means.timeout)
    if found.asked is not None and found.asked.needs_its_loop and not means.in_a_loop:
        raise ValueError(f"{judge.name}: its client is asynchronous, which is for genscope.aevaluate only")
    return found


def _named(name: str, means: Means) -> verdict.Judge:
    if ":" in name:
        return Imported(name, means)
    if name in BUILT_IN:
        return _asking(BUILT_IN[name], means)
    try:
        return means.check(name)
    except ValueError as problem:
        raise ValueError(f"{problem}; the judges that ask a model are {', '.join(BUILT_IN)}") from None


def _name_of(function: Any) -> str:
    """Of a function; of a part of one, that of the function."""
    name = getattr(function, "name", None) or getattr(function, "__name__", None)
    inner = getattr(function, "func", None)
    return str(name or getattr(inner, "__name__", None) or type(function).__name__)


@dataclass(frozen=True)
class Called:
    """A function of the application's: of a case, to a verdict, a score, whether it is good, or a label."""

    name: str
    function: Callable[[Case], Any]

    @property
    def is_async(self) -> bool:
        return iscoroutinefunction(self.function)

    def judge(self, case: Case, /) -> Verdict | Awaitable[Verdict]:
        returned = self.function(case)
        return _later(self.name, returned) if isawaitable(returned) else verdict_of(self.name, returned)


async def _later(name: str, returned: Awaitable[Any]) -> Verdict:
    return verdict_of(name, await returned)


class Imported:
    """`package.module:attribute`: imported when it judges first, for that may run anything, and take a while."""

    def __init__(self, where: str, means: Means) -> None:
        self._module, _, path = where.partition(":")
        self._path: Sequence[str] = path.strip().split(".")
        if not (self._module.strip() and all(self._path)):
            raise ValueError(f"{where!r} is no judge; accepted: package.module:attribute")
        self.name = self._path[-1]
        self._means = means
        self._judge: verdict.Judge | None = None

    def judge(self, case: Case, /) -> Verdict | Awaitable[Verdict]:
        judge = self._judge
        if judge is None:
            found: Any = import_module(self._module.strip())
            for name in self._path:
                found = getattr(found, name)
            judge = self._judge = _found(found, self._means)
        return judge.judge(case)
