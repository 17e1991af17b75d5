"""What `genscope.tool(...)` gives: a decorator of any kind of function, and a context manager."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from opentelemetry.trace import Span

from genscope.annotate.kinds import Kind
from genscope.annotate.run import Run, begin
from genscope.annotate.said import arguments_of
from genscope.core.ambient import Token, hold, release
from genscope.core.bodies import follow_body

F = TypeVar("F")

AttributeValue = str | bool | int | float | Sequence[str] | Sequence[bool] | Sequence[int] | Sequence[float]
Attributes = Mapping[str, AttributeValue]


class AnnotatedSpan:
    """The span of a `with` block. Where nobody would see it, it takes no notice."""

    def __init__(self, run: Run | None) -> None:
        self._run = run

    def get_span_context(self) -> Any:
        """Of OpenTelemetry's; None where nobody would see the span."""
        return None if self._run is None else self._run.span.get_span_context()

    def set_attribute(self, name: str, value: AttributeValue) -> None:
        self._write(lambda span: span.set_attribute(name, value))

    def set_attributes(self, attributes: Attributes) -> None:
        self._write(lambda span: span.set_attributes(attributes))

    def add_event(self, name: str, attributes: Attributes | None = None) -> None:
        self._write(lambda span: span.add_event(name, attributes))

    def set_input(self, value: Any) -> None:
        """What goes in: arguments, a question, a query. Written where content is captured, after redaction."""
        if self._run is not None:
            self._run.say_input(lambda: value)

    def set_output(self, value: Any) -> None:
        """What comes out: a result, an answer, documents. Written where content is captured, after redaction."""
        if self._run is not None:
            self._run.say_output(value)

    def _write(self, write: Callable[[Span], None]) -> None:
        """A mistake in what is said harms as little as where nobody listens."""
        if self._run is not None:
            run = self._run
            run.faults.attempt("writing on an annotated span", lambda: write(run.span))


@dataclass(frozen=True, eq=False)
class _Entered:
    annotation: Annotation
    run: Run | None
    token: Token | None


_entered: ContextVar[tuple[_Entered, ...]] = ContextVar("genscope_entered", default=())
"""The `with` blocks that are open here: one annotation may be in many threads and tasks at once."""


class Annotation:
    """A span to be: around a `with` block, or around each call of the function that it decorates."""

    def __init__(self, kind: Kind, name: str | None, attributes: Mapping[str, Any], call_id: str | None = None) -> None:
        self._kind = kind
        self._name = name
        self._attributes = {name: value for name, value in attributes.items() if value is not None}
        self._call_id = call_id
        self._open: list[_Entered] = []

    def __call__(self, function: F) -> F:
        inner: Any = getattr(function, "__func__", function)  # of a classmethod or staticmethod
        name = self._name or getattr(inner, "__name__", None) or type(inner).__name__

        def begin_call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Run | None:
            return begin(self._kind, name, self._attributes, lambda: arguments_of(inner, args, kwargs), self._call_id)

        return follow_body(function, begin_call)

    def __enter__(self) -> AnnotatedSpan:
        run = begin(self._kind, self._name or "", self._attributes, None, self._call_id)
        entered = _Entered(self, run, None if run is None else hold(run.context))
        self._open.append(entered)
        _entered.set((*_entered.get(), entered))
        return AnnotatedSpan(run)

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        entered = self._leave()
        if entered is None or entered.run is None:
            return
        release(entered.token)
        if error is None:
            entered.run.succeed(None)
        elif isinstance(error, GeneratorExit):
            entered.run.abandon()
        else:
            entered.run.fail(error)

    def _leave(self) -> _Entered | None:
        """The block that ends: the innermost here, or where it ends in another context, the last one there is."""
        here = _entered.get()
        mine = [entered for entered in here if entered.annotation is self and entered in self._open]
        found = mine[-1] if mine else self._open[-1] if self._open else None
        if found is not None:
            self._open.remove(found)
            _entered.set(tuple(entered for entered in here if entered is not found))
        return found

    async def __aenter__(self) -> AnnotatedSpan:
        return self.__enter__()

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        self.__exit__(kind, error, traceback)


def annotate(
    kind: Kind,
    name: Any,
    attributes: Attributes | None,
    known: Mapping[str, Any] | None = None,
    call_id: str | None = None,
) -> Any:
    """The annotation; of a function, which is what a bare decorator is given, the decorated function."""
    said = {**(attributes or {}), **(known or {})}
    if name is None or isinstance(name, str):
        return Annotation(kind, name or None, said, call_id)
    return Annotation(kind, None, said, call_id)(name)
