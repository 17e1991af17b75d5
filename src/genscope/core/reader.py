"""What a wire format brings: the shape of its reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from genscope.core.messages import Content
from genscope.core.operation import Operation, ToolCall


class Answer(Protocol):
    """An answer put together from the chunks of a stream, in the shape that `Reader.read_response` reads."""

    def fold(self, chunk: Any, /) -> None:
        """Take in one chunk. Called for each: attribute access only."""
        ...

    def lead(self, chunk: Any, /) -> str | None:
        """Look closer at a chunk before the first content, and at that one: who answers, and what it brings.

        `text` for content of the answer, `reasoning` for thoughts, None for a frame with neither.
        """
        ...


class ContentReader(Protocol):
    """A module of `wire`: what is said in the requests and answers of one format."""

    @property
    def Transcript(self) -> Callable[[], Answer]:
        """An `Answer` that keeps what is said, too."""
        ...

    def read_input(self, content: Content, body: Mapping[str, Any], /) -> None: ...

    def read_output(self, content: Content, answer: Any, /) -> None: ...


class ToolReader(Protocol):
    """A module of `wire`: which tools the answers of one format ask for, and which of these a request answers."""

    @property
    def Answer(self) -> Callable[[], Answer]:
        """One that notices the calls of tools."""
        ...

    def offered(self, tools: Any, /) -> frozenset[str] | None:
        """The names of the tools of a request; None if there are others than these."""
        ...

    def read_results(self, body: Mapping[str, Any], /) -> Iterable[str]:
        """The ids of the calls whose results are new in a request: those at its end."""
        ...

    def read_calls(self, op: Operation, answer: Any, /) -> Iterable[ToolCall]:
        """The calls that the application is to make."""
        ...


class Reader(Protocol):
    """A module of `wire`: what the requests and answers of one format mean.

    Where something is said in them, `CONTENT` is the `ContentReader`; where tools are called, `TOOLS` the `ToolReader`.
    """

    @property
    def OPERATION(self) -> str: ...

    @property
    def Answer(self) -> Callable[[], Answer]: ...

    def read_request(self, op: Operation, body: Mapping[str, Any], /) -> None: ...

    def read_response(self, op: Operation, answer: Any, /) -> None: ...
