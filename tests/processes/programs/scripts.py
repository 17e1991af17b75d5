"""Short scripts and the ways in which they end: `python -m processes.programs.scripts NAME`.

Each prints a line when it has done what it is to do before its end, and ends when it has read one, where it says so.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from typing import Any

import openai

import genscope

from .application import ask, client, client_options, kept, provider_of_its_own, set_up, tell_and_wait


def falls_off_its_end() -> None:
    ask(client(), "plain")


def exits() -> None:
    ask(client(), "plain")
    sys.exit(3)


def raises() -> None:
    ask(client(), "plain")
    ask(client("rate_limit"), "refused")


def is_terminated() -> None:
    """By a signal for which it has no handler."""
    ask(client(), "flushed")
    assert genscope.flush(10)
    tell_and_wait()


def is_asked_to_exit() -> None:
    """By a signal for which it has the usual handler, while it waits for an answer."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ask(client("hang"), "held")


def is_interrupted() -> None:
    """With Ctrl-C, while it reads a stream."""
    for _ in ask(client("midhang"), "held", stream=True):
        pass


def leaves_threads_behind() -> None:
    """Daemon threads that wait: for an answer, for a chunk, in an event loop of their own for both."""

    def read(chunks: Any) -> None:
        for _ in chunks:
            pass

    async def aread() -> None:
        async for _ in await ask(openai.AsyncOpenAI(**client_options("midhang")), "achunk", stream=True):
            pass

    async def both() -> None:
        await asyncio.gather(ask(openai.AsyncOpenAI(**client_options("hang")), "aanswer"), aread())

    for work in (
        lambda: ask(client("hang"), "answer"),
        lambda: read(ask(client("midhang"), "chunk", stream=True)),
        lambda: asyncio.run(both()),
    ):
        threading.Thread(target=work, daemon=True).start()
    tell_and_wait()


def leaves_tasks_behind() -> None:
    """`asyncio.run` ends with tasks that wait: it cancels them."""

    async def read(chunks: Any) -> None:
        async for _ in chunks:
            pass

    async def main() -> None:
        waiting = openai.AsyncOpenAI(**client_options("hang"))
        streaming = openai.AsyncOpenAI(**client_options("midhang"))
        tasks = [asyncio.create_task(ask(waiting, "answer"))]
        tasks.append(asyncio.create_task(read(await ask(streaming, "chunk", stream=True))))
        await asyncio.to_thread(tell_and_wait)
        assert not any(task.done() for task in tasks)

    asyncio.run(main())


def leaves_a_loop_behind() -> None:
    """A loop that is neither run to its end nor closed, with a task that waits in it."""

    async def main() -> None:
        tasks.append(asyncio.create_task(ask(waiting, "answer")))
        await asyncio.to_thread(tell_and_wait)

    tasks: list[Any] = []
    waiting = openai.AsyncOpenAI(**client_options("hang"))
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop._keep = (loop, tasks)  # type: ignore[attr-defined] # a cycle: nothing is freed before the very end
    tasks[0]._log_destroy_pending = False  # asyncio's own complaint


def has_providers_of_its_own() -> None:
    """One that was shut down, and a second one: what is still open belongs to the second."""
    first = provider_of_its_own()
    genscope.instrument(tracer_provider=first)
    list(ask(client(), "first", stream=True))
    first.shutdown()
    genscope.uninstrument()
    genscope.instrument(tracer_provider=provider_of_its_own())
    kept.append(ask(client("midhang"), "second", stream=True))
    next(iter(kept[0]))


if __name__ == "__main__":
    script = globals()[sys.argv[1]]
    if script is not has_providers_of_its_own:
        set_up()
        genscope.instrument()
    script()
