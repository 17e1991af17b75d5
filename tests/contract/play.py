"""Runs an application's program, once with genscope and once without, and notes what the application sees."""

from __future__ import annotations

import asyncio
import atexit
import inspect
import logging
import re
import socket
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from opentelemetry.trace import get_current_span

from genscope.local.simulator import Simulator

from .sights import Sight, headers, masked, sight, sight_of_error
from .vocabulary import Case, Program

END = object()
"""After the last item of a stream."""


@dataclass
class Seen:
    """All that one run of a program shows to the application, to the provider and to the operator."""

    sights: list[Sight] = field(default_factory=list)
    requests: list[Sight] = field(default_factory=list)
    pool: str = ""
    """Connections in use and idle when the program is done."""
    left_open: int = 0
    """Connections still there after the client was closed."""
    logs: list[str] = field(default_factory=list)
    unraisable: list[str] = field(default_factory=list)
    items: int = 0
    """How many items of the stream the application has read."""


class Scene:
    """What a program has at hand."""

    def __init__(self, case: Case, simulator: Simulator, client: Any, seen: Seen) -> None:
        self.case = case
        self.shape = case.shape
        self.simulator = simulator
        self.client = client
        self.seen = seen
        self._arguments = repr(case.api.arguments)
        self.arrive()

    def arrive(self) -> None:
        """Take the current span of this context for the one that has to stay current."""
        self._current = get_current_span()

    def see(self, value: Any) -> None:
        """Note an object, and that the application's current span and its arguments are what they were."""
        assert get_current_span() is self._current, "the caller's current span has changed"
        assert repr(self.case.api.arguments) == self._arguments, "the arguments of the call have changed"
        self.seen.sights.append(sight(value))

    def see_left(self, came: Any) -> None:
        """Note what an HTTP response has of its own after it was read: whatever it took to follow it is gone."""
        for name in ("http_response", "response", "_response"):
            http = getattr(came, name, None)
            if http is not None:
                self.seen.sights.append(sorted(vars(http)))

    def see_error(self, error: BaseException) -> None:
        """Note what the application catches."""
        assert get_current_span() is self._current, "the caller's current span has changed"
        self.seen.sights.append(sight_of_error(error))

    def ask(self) -> Any:
        """The application's expression: the answer, or a coroutine or a context manager that brings it."""
        return self.shape.ask(self.client, self.case.api)

    async def call(self) -> Any:
        """What the application gets from its expression: awaited, entered by hand where it has to be."""
        came = await settled(self.ask())
        self.see(came)
        if self.shape.enters:
            came = await enter(came)
            self.see(came)
        return came

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[Any]:
        """`call` in a with-block, for what has to be entered."""
        if not self.shape.enters:
            yield await self.call()
            return
        manager = await settled(self.ask())
        self.see(manager)
        async with both(manager) as came:
            self.see(came)
            yield came

    async def open(self, came: Any) -> Any:
        """What is read."""
        opened = await settled(self.shape.open(came))
        self.see(opened)
        return opened

    async def take(self, iterator: Any, number: int | None = None) -> None:
        """Read so many items, without a number all."""
        while number is None or number > 0:
            item = await step(iterator)
            if item is END:
                return
            self.see(item)
            self.seen.items += 1
            number = None if number is None else number - 1

    async def held(self) -> None:
        """Wait until the simulator waits: all that it sent before has arrived."""
        assert await asyncio.to_thread(self.simulator.wait_until, lambda simulator: simulator.held == 1)
        await turns()


# --- one program for both modes


async def settled(value: Any) -> Any:
    """`value`, awaited if it has to be."""
    return await value if inspect.isawaitable(value) else value


def awaits() -> bool:
    """Whether this is the async mode. What other instrumentations hand out has often the methods of both."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def start(iterable: Any) -> Any:
    """The iterator with which a for-loop begins."""
    return aiter(iterable) if awaits() and hasattr(iterable, "__aiter__") else iter(iterable)


async def step(iterator: Any) -> Any:
    """The next item, as a for-loop gets it, or END."""
    if not (awaits() and hasattr(iterator, "__anext__")):
        return next(iterator, END)
    try:
        return await iterator.__anext__()
    except StopAsyncIteration:
        return END


async def enter(manager: Any) -> Any:
    if awaits() and hasattr(manager, "__aenter__"):
        return await manager.__aenter__()
    return manager.__enter__()


async def close(thing: Any) -> None:
    """Close a stream or a response by the method it has."""
    method = getattr(thing, "close", None)
    if hasattr(thing, "aclose") and hasattr(getattr(thing, "stream", None), "__aiter__"):  # httpx has both on one class
        method = thing.aclose
    await settled(method())


@asynccontextmanager
async def both(manager: Any) -> AsyncIterator[Any]:
    """A with-block over a context manager of either kind."""
    if awaits() and hasattr(manager, "__aenter__"):
        async with manager as entered:
            yield entered
    else:
        with manager as entered:
            yield entered


async def turns(number: int = 20) -> None:
    """Let the event loop do what it has to do."""
    for _ in range(number):
        await asyncio.sleep(0)


async def _quiet() -> None:
    """Wait for the tasks that the end of a program has begun: asyncio finalises generators in tasks of their own."""
    await turns(3)
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)
        await turns(3)


def drive(program: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never suspends, as all programs of the sync mode do."""
    try:
        program.send(None)
    except StopIteration as end:
        return end.value
    program.close()
    raise AssertionError("a sync program was suspended")


# --- the run


def play(case: Case, simulator: Simulator, client: Any = None, http: Any = None) -> Seen:
    """Run the program of `case`; with the client given, or else with a new one."""
    seen = Seen()
    simulator.reset()
    before = simulator.connections  # of another test that failed, and is still looked at
    http = http or case.sdk.http_client(case.mode)
    client = client or new_client(case, simulator, http)
    with _listening(seen):
        if case.mode == "sync":
            drive(_perform(case, simulator, client, http, seen))
            http.close()
        else:
            asyncio.run(_perform(case, simulator, client, http, seen))
    if case.outcome.scenario == "hang":  # on a busy machine a client may lose its patience before it is heard
        simulator.wait_until(lambda simulator: bool(simulator.requests), timeout=2.0)
    simulator.release()
    simulator.wait_until(lambda simulator: simulator.connections <= before, timeout=2.0)
    seen.left_open = max(0, simulator.connections - before)
    seen.requests = [
        [request.method, request.path, request.query, headers(request.headers.items()), masked(request.body.decode())]
        for request in simulator.requests
    ]
    return seen


def new_client(case: Case, simulator: Simulator, http: Any) -> Any:
    outcome = case.outcome
    address = refused_address() if outcome.refused else simulator.base_url(outcome.scenario, **outcome.options)
    make = case.sdk.client if case.client == "own" else case.sdk.clients[case.client]
    options = dict(outcome.client)
    if "timeout" in options:  # of the answer, not of the connection: a busy machine must not decide which
        options["timeout"] = case.sdk.http_library().Timeout(5.0, read=options["timeout"])
    return make(case.mode, address, http, **options)


async def _perform(case: Case, simulator: Simulator, client: Any, http: Any, seen: Seen) -> None:
    scene = Scene(case, simulator, client, seen)
    await _survive(scene, case.outcome.program)
    if case.mode == "async":
        await _quiet()
        seen.pool = repr(getattr(http._transport, "_pool", None))
        await http.aclose()
    else:
        seen.pool = repr(getattr(http._transport, "_pool", None))


async def _survive(scene: Scene, program: Program) -> None:
    try:
        await program(scene)
    except AssertionError:
        raise
    except (Exception, asyncio.CancelledError) as error:
        scene.see_error(error)


_OF_HTTP = re.compile(r"closing of asynchronous generator <async_generator object (Response|\w*ByteStream)\.")
"""httpx closes its generators out of order when a stream is dropped, or does not, as the garbage collector likes."""


@contextmanager
def _listening(seen: Seen) -> Iterator[None]:
    """Note what is logged as a warning or worse, warned of, and raised where nobody can catch it."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            message = masked(f"{record.name}: {record.getMessage()}")
            if not _OF_HTTP.search(message):
                seen.logs.append(message)

    def unraisable(what: Any) -> None:
        seen.unraisable.append(masked(f"{what.exc_type.__name__}: {what.exc_value} in {what.object!r}"))

    listener, before, root = Listener(logging.WARNING), sys.unraisablehook, logging.getLogger()
    root.addHandler(listener)
    sys.unraisablehook = unraisable
    try:
        yield
    finally:
        sys.unraisablehook = before
        root.removeHandler(listener)


@cache
def refused_address() -> str:
    """A base URL where nobody listens, the same for the whole session."""
    bound = socket.socket()  # bound and never listening: whoever connects is refused
    bound.bind(("127.0.0.1", 0))
    atexit.register(bound.close)
    return f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


def in_thread(work: Coroutine[Any, Any, Any]) -> None:
    """Drive a sync program in a thread of its own; what it raises is raised here."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            drive(work)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
