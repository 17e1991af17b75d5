"""How calls go and how applications treat them: the programs, and what the span has to say of each."""

from __future__ import annotations

import asyncio
import gc
from contextvars import Context, copy_context
from typing import Any

from .play import Scene, both, close, drive, in_thread, settled, start, step, turns
from .vocabulary import Api, Outcome, Problem, Shape

# --- programs: the whole answer


async def read_all(scene: Scene) -> None:
    async with scene.calling() as came:
        opened = await scene.open(came)
        if scene.shape.iterates:
            await scene.take(start(opened))
        if scene.shape.finish is not None:
            scene.see(await settled(scene.shape.finish(opened)()))
    scene.see_left(came)


# --- programs: a part of a stream


async def close_early(scene: Scene) -> None:
    came = await scene.call()
    opened = await scene.open(came)
    await scene.take(start(opened), 2)
    await close(_closeable(scene, came, opened))


async def close_response(scene: Scene) -> None:
    """Close the HTTP response below the stream; read on, which is an error."""
    came = await scene.call()
    iterator = start(await scene.open(came))
    if not scene.shape.chunks:
        await scene.take(iterator, 2)
        await close(scene.shape.http(came))
        return
    await scene.take(iterator, scene.case.api.held)
    await close(scene.shape.http(came))
    try:
        await step(iterator)
    except Exception as error:
        scene.see_error(error)


async def close_twice(scene: Scene) -> None:
    """Read to the end of what has come, then close, and close again."""
    came = await scene.call()
    opened = await scene.open(came)
    await scene.take(start(opened), 1)
    for _ in range(2):
        await close(_closeable(scene, came, opened))


async def drop(scene: Scene) -> None:
    """`for chunk in stream: break`, and nobody holds the stream any more."""
    came = await scene.call()
    opened = await scene.open(came)
    iterator = start(opened)
    await scene.take(iterator, 2)
    del came, opened, iterator
    gc.collect()  # the SDKs' streams are reference cycles: dropped is not yet collected


async def drop_unread(scene: Scene) -> None:
    came = await scene.call()
    opened = await scene.open(came)
    del came, opened
    gc.collect()


async def drop_unopened(scene: Scene) -> None:
    came = await scene.call()
    del came
    gc.collect()


async def leave_block(scene: Scene) -> None:
    """`with stream: for chunk in stream: break`"""
    if scene.shape.enters:
        async with scene.calling() as came:
            await scene.take(start(await scene.open(came)), 2)
    else:
        async with both(await scene.open(await scene.call())) as stream:
            await scene.take(start(stream), 2)


async def leave_block_unread(scene: Scene) -> None:
    """`with stream: pass`"""
    if scene.shape.enters:
        async with scene.calling():
            pass
    else:
        async with both(await scene.open(await scene.call())):
            pass


async def raise_in_block(scene: Scene) -> None:
    if scene.shape.enters:
        async with scene.calling() as came:
            await scene.take(start(await scene.open(came)), 2)
            raise ValueError("the application's own")
    else:
        async with both(await scene.open(await scene.call())) as stream:
            await scene.take(start(stream), 2)
            raise ValueError("the application's own")


# --- programs: cancellation


async def cancel_reading(scene: Scene) -> None:
    came = await scene.call()
    iterator = start(await scene.open(came))
    task = asyncio.create_task(scene.take(iterator))
    await scene.held()
    task.cancel()
    await task


async def cancel_call(scene: Scene) -> None:
    task = asyncio.create_task(scene.call())
    await scene.held()
    task.cancel()
    await task


# --- programs: read somewhere else


async def in_another_thread(scene: Scene) -> None:
    """Begun here, read there, in a thread whose context knows nothing of the caller's span."""
    came = await scene.call()
    iterator = start(await scene.open(came))
    await scene.take(iterator, 1)

    async def rest() -> None:
        scene.arrive()
        await scene.take(iterator)

    in_thread(rest())
    scene.arrive()


async def in_another_context(scene: Scene) -> None:
    """The chunks one by one in an empty context, a copy of the caller's, and the caller's own."""
    came = await scene.call()
    iterator = start(await scene.open(came))

    async def one() -> None:
        scene.arrive()
        await scene.take(iterator, 1)

    for context in (Context(), copy_context(), None):
        if scene.case.mode == "sync":
            drive(one()) if context is None else context.run(drive, one())
        elif context is None:
            await one()
        else:
            await context.run(asyncio.ensure_future, one())
    scene.arrive()
    await scene.take(iterator)


async def in_another_task(scene: Scene) -> None:
    """Called in one task, begun in a second, read on in a third, closed in a fourth."""
    came = await asyncio.create_task(scene.call())
    opened = await asyncio.create_task(scene.open(came))
    iterator = start(opened)
    await asyncio.create_task(scene.take(iterator, 1))
    await asyncio.create_task(scene.take(iterator, 1))
    await asyncio.create_task(close(_closeable(scene, came, opened)))
    await turns()


def _closeable(scene: Scene, came: Any, opened: Any) -> Any:
    """What an application closes: the stream, or the response whose lines or bytes it reads."""
    for thing in (opened, came):
        if hasattr(thing, "close") and not hasattr(thing, "send"):  # a generator is no stream
            return thing
    return scene.shape.http(came)


# --- what goes wrong


def _problem(*args: Any, **kwargs: Any) -> Any:
    problem = Problem(*args, **kwargs)
    return lambda api, shape: problem


def _broken_body(api: Api, shape: Shape) -> Problem:
    """The connection broke inside the body: as the SDK, or without it the HTTP library, says it."""
    return Problem(BROKEN, "connection", True)


BROKEN = "RemoteProtocolError | APIConnectionError"
"""Older SDKs let the HTTP library's own exception through; what the application caught is what counts."""


def _always(api: Api, shape: Shape) -> bool:
    return True


def _tells_error(api: Api, shape: Shape) -> bool:
    """In lines and bytes an error of the provider is data, and as an event too; a helper misses its end."""
    return shape.finish is not None or (shape.chunks and not api.error_events)


def reads_stream(shape: Shape) -> bool:
    return shape.streams


def has_block(shape: Shape) -> bool:
    return shape.streams and (shape.enters or shape.chunks)


def opens_later(shape: Shape) -> bool:
    return shape.streams and not (shape.chunks and shape.name in ("stream", "post_stream"))


FAST = {"after": 1}
CALLS = (
    Outcome("ok", read_all),
    Outcome(
        "bad_request",
        read_all,
        scenario="bad_request",
        ends="failed",
        problem=_problem("invalid_value", "invalid_request", False, 400),
        raises=_always,
    ),
    Outcome(
        "server_error",
        read_all,
        unanswered=True,
        scenario="server_error",
        ends="failed",
        problem=_problem("server_error", "server_error", True, 500),
        raises=_always,
    ),
    Outcome(
        "retried",
        read_all,
        unanswered=True,
        scenario="retry",
        options={**FAST, "retries": 2},
        client={"max_retries": 2},
        attempts=[("rate_limit", 429, 0.001)] * 2,
    ),
    Outcome(
        "retries_exhausted",
        read_all,
        unanswered=True,
        scenario="overloaded",
        options=FAST,
        client={"max_retries": 1},
        ends="failed",
        problem=_problem("server_is_overloaded", "overloaded", True, 503),
        raises=_always,
        attempts=[("overloaded", 503, 0.001)],
    ),
    Outcome(
        "timeout",
        read_all,
        unanswered=True,
        scenario="hang",
        client={"timeout": 0.01},
        ends="failed",
        problem=_problem("APITimeoutError", "timeout", True),
        raises=_always,
    ),
    Outcome(
        "refused",
        read_all,
        unanswered=True,
        refused=True,
        ends="failed",
        problem=_problem("APIConnectionError", "connection", True),
        raises=_always,
    ),
)

CUT = Outcome(
    "cut_body",
    read_all,
    lambda shape: not (shape.streams or shape.unread),
    scenario="cut",
    ends="failed",
    problem=_broken_body,
    raises=_always,
)
STREAMS = (
    Outcome(
        "error_midway",
        read_all,
        reads_stream,
        scenario="stream_error",
        ends="failed",
        reads="some",
        problem=_problem("server_error", "server_error", True),
        raises=_tells_error,
    ),
    Outcome(
        "cut_midway",
        read_all,
        reads_stream,
        scenario="cut",
        ends="failed",
        reads="some",
        problem=_broken_body,
        raises=_always,
    ),
    Outcome("closed", close_early, reads_stream, scenario="midhang", ends="abandoned", reads="some"),
    Outcome("closed_twice", close_twice, reads_stream, scenario="midhang", ends="abandoned", reads="some"),
    Outcome(
        "response_closed",
        close_response,
        reads_stream,
        scenario="midhang",
        ends="abandoned",
        reads="some",
        raises=lambda api, shape: shape.chunks,
    ),
    Outcome("dropped", drop, reads_stream, scenario="midhang", ends="abandoned", reads="some"),
    Outcome("dropped_unread", drop_unread, reads_stream, scenario="midhang", ends="abandoned", reads="nothing"),
    Outcome("dropped_unopened", drop_unopened, opens_later, scenario="midhang", ends="abandoned", reads="nothing"),
    Outcome("block_left", leave_block, has_block, scenario="midhang", ends="abandoned", reads="some"),
    Outcome("block_unread", leave_block_unread, has_block, scenario="midhang", ends="abandoned", reads="nothing"),
    Outcome(
        "block_raised",
        raise_in_block,
        has_block,
        scenario="midhang",
        ends="abandoned",
        reads="some",
        raises=_always,
    ),
    Outcome(
        "cancelled_reading",
        cancel_reading,
        reads_stream,
        modes=("async",),
        scenario="midhang",
        ends="cancelled",
        reads="some",
        problem=_problem("CancelledError", "cancelled"),
        raises=_always,
    ),
    Outcome("another_thread", in_another_thread, reads_stream, modes=("sync",)),
    Outcome("another_context", in_another_context, reads_stream),
    Outcome(
        "another_task",
        in_another_task,
        reads_stream,
        modes=("async",),
        scenario="midhang",
        ends="abandoned",
        reads="some",
    ),
)

CANCELLED = Outcome(
    "cancelled_call",
    cancel_call,
    unanswered=True,
    modes=("async",),
    scenario="hang",
    ends="cancelled",
    problem=_problem("CancelledError", "cancelled"),
    raises=_always,
)
OUTCOMES = (*CALLS, CANCELLED, CUT, *STREAMS)
