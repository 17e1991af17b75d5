"""Coming and going: before and after the import, twice, and as if it had never been there."""

from __future__ import annotations

import copy
import logging
import pickle
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from contract.recorder import Recorder

pytest.importorskip("langgraph", reason="LangChain and LangGraph are not installed here")

import langchain_core.runnables.config as core_config
import langchain_core.tracers.context as tracers
import langgraph._internal._runnable as graph_config  # pyright: ignore
from langchain_core.callbacks import BaseCallbackHandler, CallbackManager
from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import BaseTool
from langchain_core.tracers.langchain import LangChainTracer

import genscope
from genscope.frameworks.langchain_tree import Tree
from genscope.instrumentors import LangChainInstrumentor

from .langchain_app import CHAT, OPTIONS, WARNINGS, Models, mark, said, traced, tree
from .langchain_app import _marks as _marks
from .langchain_app import models as models
from .langchain_app import recorder as recorder

pytestmark = WARNINGS

PLACES: list[tuple[Any, str]] = [
    (core_config, "_set_config_context"),
    (graph_config, "_set_config_context"),
    *((owner, name) for owner in (BaseChatModel, BaseLLM) for name in ("generate", "agenerate", "stream", "astream")),
    *((BaseRetriever, name) for name in ("invoke", "ainvoke")),
    *((BaseTool, name) for name in ("run", "arun")),
]


def attributes() -> list[Any]:
    return [vars(owner)[name] for owner, name in PLACES]


def chain(name: str = "chain") -> Any:
    return RunnableLambda(lambda text: text).with_config(run_name=name)


def handlers() -> list[str]:
    return [type(handler).__name__ for handler in CallbackManager.configure().handlers]


def test_uninstrument_puts_everything_back() -> None:
    before = attributes()
    with traced():
        assert all(ours is not theirs for ours, theirs in zip(attributes(), before, strict=True))
        assert handlers() == ["GenscopeHandler"]
        instrumentor = LangChainInstrumentor()
        assert instrumentor.attachment is not None
        assert not instrumentor.attachment.skipped
        assert len(instrumentor.attachment.bound) >= len(PLACES)
    assert all(ours is theirs for ours, theirs in zip(attributes(), before, strict=True))
    assert handlers() == []


def test_again_and_again(recorder: Recorder) -> None:
    hooks = len(tracers._configure_hooks)
    genscope.instrument(only=["langchain"], **OPTIONS, **recorder.providers)
    chain().invoke("x")
    assert tree(recorder) == ["invoke_workflow chain"]
    genscope.uninstrument()
    for _ in range(3):
        with traced() as again:
            chain().invoke("x")
        assert tree(again) == ["invoke_workflow chain"]
    assert len(tracers._configure_hooks) == hooks


def test_before_the_import() -> None:
    """Nothing is imported for it, and the first run of all is traced already."""
    program = """
        import sys
        from contract.recorder import Recorder
        import genscope
        recorder = Recorder()
        genscope.instrument(raise_faults=True, **recorder.providers)
        assert not {"langchain_core", "langgraph", "langsmith"} & sys.modules.keys()
        from langchain_core.retrievers import BaseRetriever
        class Library(BaseRetriever):
            def _get_relevant_documents(self, query, *, run_manager):
                recorder.tracer.start_span("within").end()
                return []
        Library(name="library").invoke("x")
        from langgraph.graph import START, StateGraph
        graph = StateGraph(dict)
        graph.add_node("work", lambda state: recorder.tracer.start_span("within").end())
        graph.add_edge(START, "work")
        graph.compile(name="app").invoke({})
        print([span.name for span in recorder.ended])
        print([span.parent is not None for span in recorder.ended])
    """
    assert output_of(program).splitlines() == [
        "['within', 'retrieval library', 'within', 'task work', 'invoke_workflow app']",
        "[True, False, True, True, False]",
    ]


def test_at_the_end_of_the_process() -> None:
    program = """
        from contract.recorder import Recorder
        import genscope
        recorder = Recorder()
        recorder.on_end = lambda span: print(span.name, span.attributes["genscope.stream.outcome"])
        genscope.instrument(raise_faults=True, **recorder.providers)
        from langchain_core.runnables import RunnableGenerator
        def words(chunks):
            yield from "abc"
        stream = RunnableGenerator(words).with_config(run_name="chain").stream("x")
        next(stream)
    """
    assert output_of(program).splitlines() == ["invoke_workflow chain abandoned"]


def output_of(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)],
        env={"PYTHONPATH": "tests", "LANGSMITH_TRACING": "false", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nobody_looks() -> None:
    """Without a provider nothing is recorded, and all goes on as ever."""
    genscope.instrument(only=["langchain"], **OPTIONS)
    try:
        assert chain().invoke("x") == "x"
    finally:
        genscope.uninstrument()


def test_the_handlers_of_the_application(recorder: Recorder) -> None:
    told: list[str] = []

    class Own(BaseCallbackHandler):
        def on_chain_start(self, *args: Any, **kwargs: Any) -> None:
            told.append("start")

        def on_chain_end(self, *args: Any, **kwargs: Any) -> None:
            told.append("end")

    chain().invoke("x", {"callbacks": [Own()]})
    assert told == ["start", "end"]
    assert tree(recorder) == ["invoke_workflow chain"]


def test_langsmith_is_left_alone(recorder: Recorder) -> None:
    seen: list[Any] = []

    def look(text: str, config: RunnableConfig) -> str:
        seen.extend(CallbackManager.configure(config.get("callbacks")).handlers)
        return text

    RunnableLambda(look).invoke("x")
    assert seen
    assert not any(isinstance(handler, LangChainTracer) for handler in seen)


def test_the_configuration_of_a_run_can_be_copied(recorder: Recorder) -> None:
    copied: list[Any] = []

    def work(text: str, config: RunnableConfig) -> str:
        for handler in config["callbacks"].handlers:  # pyright: ignore
            assert copy.copy(handler) is handler
            copied.append(pickle.loads(pickle.dumps(handler)))
        copied.append(copy.deepcopy(config))
        return chain("inner").invoke(text, copied[-1])

    assert RunnableLambda(work).invoke("x") == "x"
    assert len(copied) == 2
    assert type(copied[0]) is BaseCallbackHandler
    assert tree(recorder) == ["invoke_workflow work", "  task inner"]


def test_a_fault_of_ours(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("a fault")

    for method in ("begin", "beneath", "end", "place"):
        with monkeypatch.context() as patch, traced(raise_faults=False), caplog.at_level(logging.WARNING):
            patch.setattr(Tree, method, fail)
            assert chain().invoke("x") == "x"
            assert list(chain().stream("x")) == ["x"]
    assert {record.name for record in caplog.records} == {"genscope"}
    assert "a fault" not in caplog.text


class Unasked(dict[str, Any]):
    """A configuration that LangChain can do with, and we cannot."""

    def get(self, *args: Any) -> Any:
        raise RuntimeError("a fault")


def test_a_configuration_that_cannot_be_asked(models: Models, caplog: pytest.LogCaptureFixture) -> None:
    with traced(raise_faults=False) as recorder, caplog.at_level(logging.WARNING):
        assert "".join(str(chunk.content) for chunk in models().stream("Hi", Unasked())).endswith("France.")
        config: Any = Unasked()
        token = graph_config._set_config_context(config)
        graph_config._unset_config_context(token)
    assert tree(recorder) == [CHAT]
    assert [record.getMessage() for record in caplog.records] == [
        "genscope: looking for a run of LangChain's failed (RuntimeError); the call is not affected"
    ]


def test_a_fault_of_ours_shows_in_tests(monkeypatch: pytest.MonkeyPatch, recorder: Recorder) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("a fault")

    monkeypatch.setattr(Tree, "begin", fail)
    with pytest.raises(RuntimeError, match="a fault"):
        chain().invoke("x")


def test_threads_that_know_nothing_but_the_configuration(recorder: Recorder) -> None:
    """As LangChain has it: where the context is not inherited, `config` says whose work it is."""

    def inner(text: str) -> str:
        mark("inner's")
        return text

    def work(text: str, config: RunnableConfig) -> str:
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(RunnableLambda(inner).invoke, text, config).result()

    RunnableLambda(work).invoke("x")
    assert tree(recorder) == ["invoke_workflow work", "  task inner", "    inner's"]


@pytest.mark.parametrize(
    "options",
    [
        {"run_name": "x" * 10_000},
        {"tags": [1, None]},
        {"metadata": {"thread_id": object()}},
        {"metadata": {"thread_id": 7, "langgraph_node": 3}},
        {"metadata": {"session_id": ""}},
    ],
    ids=str,
)
def test_odd_configurations(options: Any, recorder: Recorder) -> None:
    assert RunnableLambda(lambda text: text).invoke("x", options) == "x"
    assert len(tree(recorder)) == 1


def test_ids_that_are_used_twice(recorder: Recorder) -> None:
    id = uuid4()

    def work(text: str) -> str:
        return chain("inner").invoke(text, {"run_id": id})

    RunnableLambda(work).invoke("x", {"run_id": id})
    assert len(tree(recorder)) == 2


def test_a_retry_and_a_fallback(recorder: Recorder) -> None:
    attempts: list[str] = []

    def flaky(text: str) -> str:
        attempts.append(text)
        if len(attempts) < 3:
            raise ConnectionError
        return text

    def broken(text: str) -> str:
        raise OSError

    again = RunnableLambda(flaky).with_retry(wait_exponential_jitter=False, stop_after_attempt=3)
    (again | RunnableLambda(broken).with_fallbacks([chain("other")])).with_config(run_name="all").invoke("x")
    assert tree(recorder)[-2:] == ["  task broken", "  task other"]
    assert tree(recorder)[0] == "invoke_workflow all"
    assert "error.type" not in said(recorder, "invoke_workflow all")


def test_what_it_requires() -> None:
    assert LangChainInstrumentor().instrumentation_dependencies() == ("langchain-core >= 0.3",)
