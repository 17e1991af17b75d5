"""Whom a call is for: on every span beneath, across threads, tasks and services, and nowhere else."""

from __future__ import annotations

import asyncio
import contextvars
import importlib.util
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from contract.recorder import Recorder
from opentelemetry import baggage, context, propagate

import genscope
from genscope.core import installed
from genscope.core.identity import identity
from genscope.core.operation import Identity, Operation
from genscope.features.budget.scopes import identity_of, scope_value
from genscope.instrumentors import chosen
from genscope.local.simulator import Simulator

HELLO: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
EVERYTHING = "conversation_id,user_id,tenant,tag.*"
THREADING = importlib.util.find_spec("opentelemetry.instrumentation.threading") is not None
Instrument = Callable[..., Recorder]


@pytest.fixture
def instrument() -> Iterator[Instrument]:
    def instrument(**options: Any) -> Recorder:
        recorder = Recorder()
        usual = {"raise_faults": True, "threads": False, **recorder.providers}
        genscope.instrument(only=["openai"], **{**usual, **options})
        return recorder

    yield instrument
    genscope.uninstrument()


@pytest.fixture
def client(simulator: Simulator) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=simulator.base_url(), api_key="sk-none", max_retries=0) as client:
        yield client


def said(span: Any) -> dict[str, Any]:
    mine = ("user.id", "gen_ai.conversation.id", "genscope.tenant", "genscope.tag.")
    return {name: value for name, value in span.attributes.items() if name.startswith(mine)}


def attributes() -> dict[str, str]:
    who = identity()
    return {} if who is None else dict(who.attributes)


def test_on_calls_and_annotated_spans(instrument: Instrument, client: openai.OpenAI) -> None:
    recorder = instrument()
    tags = {"experiment": "B", "n": 3, "none": None}
    with genscope.context(conversation_id="c1", user_id=7, tenant="acme", tags=tags), genscope.agent("a"):
        client.chat.completions.create(**HELLO)
        for _ in client.chat.completions.create(**HELLO, stream=True):
            pass
    client.chat.completions.create(**HELLO)
    *inside, outside = sorted(recorder.spans(), key=lambda span: span.start_time)
    expected = {
        "gen_ai.conversation.id": "c1", "user.id": "7", "genscope.tenant": "acme", "genscope.tag.experiment": "B",
        "genscope.tag.n": "3",
    }  # fmt: skip
    assert [said(span) for span in inside] == [expected] * 3
    assert said(outside) == {}
    assert all(started.attributes.items() >= expected.items() for started in recorder.started[:3])  # samplers see it
    for metric in recorder.metrics():
        for point in metric.data.data_points:
            assert not set(point.attributes) & set(expected)


def test_inner_wins_and_none_takes_away() -> None:
    with genscope.context(user_id="u1", tenant="t", tags={"a": 1, "b": 2}):
        with genscope.context(user_id="u2", tags={"b": None, "c": 3}):
            assert attributes() == {
                "user.id": "u2", "genscope.tenant": "t", "genscope.tag.a": "1", "genscope.tag.c": "3",
            }  # fmt: skip
            with genscope.context(user_id=None, tags=None):
                assert identity() == Identity({"genscope.tenant": "t"}, tenant="t")
                with genscope.context(tenant=None):
                    assert identity() is None
        assert attributes()["genscope.tag.b"] == "2"
    assert identity() is None


def test_what_cannot_be_said() -> None:
    class Mute:
        def __str__(self) -> str:
            raise RuntimeError

    with genscope.context(user_id=Mute(), tenant="", tags={"long": "x" * 10_000}):  # type: ignore[arg-type]
        assert attributes() == {"genscope.tag.long": "x" * 256}
    with pytest.raises(TypeError, match="mapping"):
        genscope.context(tags=["a"])  # type: ignore[arg-type]


async def test_async_and_decorators() -> None:
    who = genscope.context(user_id="u1")

    @who
    def plain() -> dict[str, str]:
        return attributes()

    @who
    async def coroutine() -> dict[str, str]:
        await asyncio.sleep(0)
        return attributes()

    @who
    def generator() -> Iterator[dict[str, str]]:
        yield attributes()
        yield attributes()

    assert plain() == await coroutine() == {"user.id": "u1"}
    for found in generator():
        assert found == {"user.id": "u1"}
        assert identity() is None
    async with who, who:
        assert attributes() == {"user.id": "u1"}
    assert identity() is None


async def test_fifty_users_at_once_are_not_mixed_up(instrument: Instrument, simulator: Simulator) -> None:
    recorder = instrument()
    shared = genscope.context(tenant="acme")

    async def serve(user: str) -> None:
        async with shared:
            with genscope.context(user_id=user), genscope.workflow("serve", attributes={"app.user": user}):
                await asyncio.gather(*(client.chat.completions.create(**HELLO, user=user) for _ in range(2)))

    async with openai.AsyncOpenAI(base_url=simulator.base_url(), api_key="x") as client:
        await asyncio.gather(*(serve(f"u{i}") for i in range(50)))
    flows = {s.context.span_id: s for s in recorder.spans() if s.name == "invoke_workflow serve"}
    chats = [s for s in recorder.spans() if s.name.startswith("chat")]
    assert (len(flows), len(chats)) == (50, 100)
    for flow in flows.values():
        assert flow.attributes["user.id"] == flow.attributes["app.user"]
        assert flow.attributes["genscope.subtree.llm_calls"] == 2
    for chat in chats:
        assert said(chat) == said(flows[chat.parent.span_id])
    assert identity() is None


def test_a_block_left_in_another_context_has_nothing_to_undo() -> None:
    who = genscope.context(user_id="u1")
    contextvars.copy_context().run(who.__enter__)
    with genscope.context(user_id="u2"):
        who.__exit__(None, None, None)
        assert attributes() == {"user.id": "u2"}


def test_budgets_and_the_providers_own_conversation() -> None:
    op = Operation("chat", "openai", None, None, False)
    assert identity_of(op) == {"conversation": None}
    op.identity = Identity({}, "c1", "u1", "t1", {"team": "search"})
    assert scope_value(op, "user", identity_of) == "u1"
    assert scope_value(op, "tenant", identity_of) == "t1"
    assert scope_value(op, "conversation", identity_of) == "c1"
    assert scope_value(op, "tag:team", identity_of) == "search"
    assert scope_value(op, "tag:other", identity_of) is None
    op.request["conversation_id"] = "conv_1"
    assert scope_value(op, "conversation", identity_of) == "conv_1"


# --- baggage


def test_nothing_leaves_and_nothing_enters_by_default(instrument: Instrument, client: openai.OpenAI) -> None:
    recorder = instrument()
    headers: dict[str, str] = {}
    with genscope.context(user_id="u1"):
        propagate.inject(headers)
    assert "baggage" not in headers
    token = context.attach(baggage.set_baggage("user.id", "evil"))
    client.chat.completions.create(**HELLO)
    context.detach(token)
    assert said(recorder.span()) == {}


def test_what_is_allowed_goes_to_other_services_and_is_taken_there(
    instrument: Instrument, client: openai.OpenAI
) -> None:
    recorder = instrument(baggage=EVERYTHING)
    headers: dict[str, str] = {}
    with genscope.context(user_id="ü 1", conversation_id="c", tenant="t", tags={"x": "1,2"}):
        propagate.inject(headers)
        with genscope.context(user_id=None):
            inner: dict[str, str] = {}
            propagate.inject(inner)
    assert "user.id" not in inner["baggage"]
    token = context.attach(propagate.extract(headers))  # as an instrumented server does
    try:
        client.chat.completions.create(**HELLO)
        with genscope.context(tenant=None, tags={"y": 2}):
            client.chat.completions.create(**HELLO)
            with genscope.context(tags=None):
                assert not [name for name in attributes() if "tag" in name]
    finally:
        context.detach(token)
    first, second = recorder.spans()
    expected = {"user.id": "ü 1", "gen_ai.conversation.id": "c", "genscope.tenant": "t", "genscope.tag.x": "1,2"}
    assert said(first) == expected
    assert said(second) == {k: v for k, v in expected.items() if "tenant" not in k} | {"genscope.tag.y": "2"}


def test_only_what_is_on_the_list(instrument: Instrument) -> None:
    instrument(baggage="tenant,tag.team")
    with genscope.context(user_id="u", tenant="t", tags={"team": "a", "other": "b"}):
        assert set(baggage.get_all()) == {"genscope.tenant", "genscope.tag.team"}
    outside = context.Context()
    for name, value in (("user.id", "u"), ("genscope.tenant", "t" * 10_000), ("genscope.tag.x", "x"), ("team", "y")):
        outside = baggage.set_baggage(name, value, outside)
    token = context.attach(outside)
    assert attributes() == {"genscope.tenant": "t" * 256}
    context.detach(token)


def test_without_instrumenting_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSCOPE_BAGGAGE", "user_id")
    installed.forget_environment()
    try:
        with genscope.context(user_id="u1"):
            assert dict(baggage.get_all()) == {"user.id": "u1"}
    finally:
        monkeypatch.undo()
        installed.forget_environment()


# --- metrics


@pytest.mark.parametrize("flavour", [(), "gen_ai_latest_experimental"])
def test_on_metrics_only_what_is_named(flavour: Any, instrument: Instrument, client: openai.OpenAI) -> None:
    recorder = instrument(metric_tags="tenant,tag.team", semconv_stability_opt_in=flavour)
    for tenant in ("a", "b", "a"):
        with genscope.context(tenant=tenant, user_id="u", tags={"team": "x", "other": "y"}), genscope.tool("t"):
            client.chat.completions.create(**HELLO)
    client.chat.completions.create(**HELLO)
    name = "gen_ai.client.inference.duration" if flavour else "gen_ai.client.operation.duration"
    for metric, counts in ((name, {"a": 2, "b": 1, None: 1}), ("gen_ai.execute_tool.duration", {"a": 2, "b": 1})):
        points = recorder.points(metric)
        assert {point.attributes.get("genscope.tenant"): point.count for point in points} == counts
        assert not [p for p in points if "user.id" in p.attributes or "genscope.tag.other" in p.attributes]
    attempts = {p.attributes.get("genscope.tenant"): p.value for p in recorder.points("genscope.client.attempts")}
    assert attempts == {"a": 2, "b": 1, None: 1}


def test_series_are_capped(instrument: Instrument) -> None:
    recorder = instrument(metric_tags="user_id")
    for i in range(150):
        with genscope.context(user_id=i), genscope.tool("t"):
            pass
    points = recorder.points("gen_ai.execute_tool.duration")
    assert len(points) == 101
    assert max(point.count for point in points) == 50


# --- threads


async def test_what_crosses_by_itself() -> None:
    with genscope.context(user_id="u1"):
        expected = {"user.id": "u1"}
        assert await asyncio.to_thread(attributes) == expected
        assert await asyncio.create_task(_later()) == expected
        assert await asyncio.gather(*(_later() for _ in range(50))) == [expected] * 50


async def _later() -> dict[str, str]:
    await asyncio.sleep(0)
    return attributes()


@pytest.mark.skipif(not THREADING, reason="needs opentelemetry-instrumentation-threading")
async def test_threads_and_executors(instrument: Instrument, client: openai.OpenAI) -> None:
    recorder = instrument(threads=True)
    found: list[dict[str, str]] = []

    def work() -> None:
        found.append(attributes())
        client.chat.completions.create(**HELLO)

    with genscope.context(user_id="u1"), genscope.agent("a"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        with ThreadPoolExecutor(2) as pool:
            pool.submit(work).result()
            list(pool.map(lambda _: work(), range(2)))
            await asyncio.get_running_loop().run_in_executor(pool, work)
        await asyncio.to_thread(work)
    assert found == [{"user.id": "u1"}] * 6
    *chats, agent = recorder.spans()
    assert {chat.parent.span_id for chat in chats} == {agent.context.span_id}
    assert agent.attributes["genscope.subtree.llm_calls"] == 6


@pytest.mark.skipif(not THREADING, reason="needs opentelemetry-instrumentation-threading")
def test_it_is_switched_off_again_unless_it_was_on(instrument: Instrument) -> None:
    from opentelemetry.instrumentation.threading import ThreadingInstrumentor  # pyright: ignore[reportMissingImports]

    theirs: Any = ThreadingInstrumentor()
    original = threading.Thread.start
    instrument(threads=True)
    assert theirs.is_instrumented_by_opentelemetry
    genscope.uninstrument()
    assert not theirs.is_instrumented_by_opentelemetry
    assert threading.Thread.start is original
    instrument(threads=False)
    assert not theirs.is_instrumented_by_opentelemetry
    genscope.uninstrument()
    theirs.instrument()
    try:
        instrument(threads=True)
        genscope.uninstrument()
        assert theirs.is_instrumented_by_opentelemetry
    finally:
        theirs.uninstrument()


def test_a_release_that_is_not_known(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    from genscope import threads

    def broken(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(threads, "find_spec", lambda name: object())
    monkeypatch.setattr(threads, "import_module", broken)
    threads.carry_context()
    threads.leave_threads_alone()
    assert [record.getMessage() for record in caplog.records] == ["genscope: the context does not cross threads"]


@pytest.mark.skipif(not THREADING, reason="needs opentelemetry-instrumentation-threading")
def test_threads_are_left_alone_with_the_last_instrumentor() -> None:
    original = threading.Thread.start
    genscope.instrument()
    try:
        assert threading.Thread.start is not original
    finally:
        for instrumentor in chosen(None):
            instrumentor.uninstrument()
    assert threading.Thread.start is original
