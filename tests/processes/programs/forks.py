"""Programs that fork: `python -m processes.programs.forks NAME`."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import openai
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View

import genscope
from processes.provider import HTTP

from .application import ask, client, client_options, kept, set_up, tell_and_wait


def work(model: str) -> int:
    """What a child does: a call, a stream that is read and one that is left open. No flush, no shutdown."""
    ask(client(), f"{model} plain")
    for _ in ask(client(), f"{model} read", stream=True):
        pass
    kept.append(ask(client("midhang"), f"{model} open", stream=True))
    next(iter(kept[-1]))
    return os.getpid()


def work_instrumented(model: str) -> int:
    """The same in a process that has inherited nothing."""
    set_up()
    genscope.instrument()
    return work(model)


def in_processes(method: str) -> None:
    """`multiprocessing` with a start method."""
    context: Any = multiprocessing.get_context(method)
    target = work if method == "fork" else work_instrumented
    ask(client(), "before")
    opened = ask(client("midhang"), "parent", stream=True)
    next(iter(opened))
    number = 2 if method == "fork" else 1
    children = [context.Process(target=target, args=(f"child {i}",)) for i in range(number)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * number
    opened.close()
    ask(client(), "after")


def in_a_pool() -> None:
    """`concurrent.futures.ProcessPoolExecutor`, as Linux has it: forked, from a process with threads."""
    ask(client(), "before")
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
        list(pool.map(work, [f"task {number}" for number in range(4)]))


def with_calls_in_flight() -> None:
    """`os.fork` while other threads, and a task of this one, are inside of calls, and streams are open."""
    held, halfway = client("hang"), client("midhang")
    opened = ask(halfway, "opened", stream=True)
    next(iter(opened))

    def read() -> None:
        for _ in ask(halfway, "thread's stream", stream=True):
            pass

    threads = [threading.Thread(target=ask, args=(held, "thread")), threading.Thread(target=read)]
    for thread in threads:
        thread.start()

    # The child must not touch what the loops or the connections of both have in common: these two calls are in memory.

    def forward(request: Any) -> Any:
        answer = HTTP.post(request.url, headers=request.headers, content=request.content)
        kind = answer.headers["content-type"]
        return HTTP.Response(answer.status_code, headers={"content-type": kind}, content=answer.content)

    async def wait_and_forward(request: Any) -> Any:
        await answered.wait()
        return forward(request)

    http = HTTP.Client(transport=HTTP.MockTransport(forward))
    whole = ask(openai.OpenAI(**client_options(), http_client=http), "whole", stream=True)
    ahttp = HTTP.AsyncClient(transport=HTTP.MockTransport(wait_and_forward))
    loop, answered = asyncio.new_event_loop(), asyncio.Event()
    task = loop.create_task(ask(openai.AsyncOpenAI(**client_options(), http_client=ahttp), "task"))
    loop.run_until_complete(loop.run_in_executor(None, tell_and_wait))
    child = os.fork()
    if child == 0:
        task.get_coro().close()  # as when the child collects it
        opened.close()
        assert list(whole)
        gc.collect()
        ask(client(), "child")
        assert genscope.flush()
        os._exit(0)  # at exit asyncio would close the loop, and with it what the parent's has in common with it
    assert os.waitpid(child, 0)[1] == 0
    tell_and_wait()
    answered.set()
    loop.run_until_complete(task)
    for thread in threads:
        thread.join()
    opened.close()
    assert list(whole)
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def while_others_call() -> None:
    """Forks again and again while threads make calls: whatever they hold in that moment, the children get through."""
    shared, stop = client(), threading.Event()
    warm_up = ask(shared, "first"), list(ask(shared, "first", stream=True))  # the SDK has locks of its own on this way
    assert all(warm_up)

    def call(number: int) -> None:
        while not stop.is_set():
            ask(shared, f"thread {number}")
            for _ in ask(shared, f"thread {number}", stream=True):
                pass

    threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    children = []
    for number in range(10):
        child = os.fork()
        if child == 0:
            own = client()
            ask(own, f"child {number}")
            for _ in ask(own, f"child {number}", stream=True):
                pass
            trace_provider.force_flush()
            os._exit(0)
        children.append(child)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    stop.set()
    for thread in threads:
        thread.join()
    assert statuses == [0] * len(children)


class Measuring(ExplicitBucketHistogramAggregation):
    """Stays in the middle of a measurement, with the lock of the metrics SDK, until there is a fork."""

    began, forking = threading.Event(), threading.Event()

    def _create_aggregation(self, *args: Any, **kwargs: Any) -> Any:
        self.began.set()
        self.forking.wait()
        return super()._create_aggregation(*args, **kwargs)


def in_the_middle_of_a_measurement() -> None:
    """Forks while another thread has a lock of the metrics SDK: nobody could ever unlock it in the child."""
    view = View(instrument_name="gen_ai.client.operation.duration", aggregation=Measuring())
    genscope.uninstrument()
    genscope.instrument(meter_provider=MeterProvider([InMemoryMetricReader()], views=[view]))
    thread = threading.Thread(target=ask, args=(client(), "thread"))
    thread.start()
    Measuring.began.wait()
    os.register_at_fork(before=Measuring.forking.set)
    child = os.fork()
    if child == 0:
        ask(client(), "child")
        assert genscope.flush()
        os._exit(0)
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    trace_provider = set_up()
    genscope.instrument()
    globals()[name](*arguments)
