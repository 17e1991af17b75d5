"""Which of LangChain's runs become spans, and of what kind.

LangChain tells of every runnable: of each step of a chain, of what a graph routes by, of prompts and parsers. Told here
is what the application has named, and what it is made of: workflows, agents, the nodes of graphs and its own functions.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final, cast

from genscope.annotate.kinds import AGENT, TASK, WORKFLOW, Kind

_HIDDEN: Final = "langsmith:hidden"
_NODE_TAG: Final = "graph:step:"
_STEP_TAG: Final = "seq:step:"
_FORMATTING: Final = ("prompt", "parser")
"""Types of runs that make a text or take it apart."""

_NO_NAMES: Final = re.compile(
    r"(Runnable\w*|LangGraph|Compiled\w*Graph|Pregel|Channel\w*|Branch|VectorStoreRetriever)(<.*>)?", re.DOTALL
)
"""What runs are called that nobody has named: by their class, and what is in it."""
_NO_TASKS: Final = frozenset({"Prompt", "insert_history", "load_history", "check_sync_or_async"})
"""Functions of LangChain's own."""

_CALLBACKS: Final = ("genscope.", "langchain_core.callbacks.")
_GRAPHS: Final = "langgraph.pregel"
_AGENT_INTEGRATION: Final = "langchain_create_agent"
_REACT_AGENTS: Final = "langgraph.prebuilt.chat_agent_executor"


@dataclass(frozen=True)
class Started:
    """A run of a chain, as LangChain says when it starts."""

    name: str
    type: str | None
    tags: Sequence[str]
    metadata: Mapping[str, Any]

    def node_in(self, node: str | None) -> str | None:
        """The node of a graph that it is the run of; None for what is in one. `node` is that of its parent.

        The nodes of functions (`@task`) run beneath the one that calls them.
        """
        name = self.metadata.get("langgraph_node")
        return self.name if name == self.name and (self._tagged(_NODE_TAG) or node not in (None, name)) else None

    @property
    def is_hidden(self) -> bool:
        return self.type in _FORMATTING or _HIDDEN in self.tags or self.name.startswith("__")

    @property
    def is_step(self) -> bool:
        """Whether it is part of a sequence."""
        return self._tagged(_STEP_TAG)

    def _tagged(self, prefix: str) -> bool:
        return any(str(tag).startswith(prefix) for tag in self.tags)


def name_of(name: Any, serialized: Any) -> str:
    """That of a run; `serialized` is what older releases say of whose run it is."""
    if name:
        return str(name)
    if not isinstance(serialized, Mapping):
        return ""
    said = cast("Mapping[str, Any]", serialized)
    path = said.get("id") or ("",)
    return str(said.get("name") or path[-1])


def given_name(name: str) -> str:
    """Empty where it only says of which class something is: the conventions want no such names."""
    return "" if _NO_NAMES.fullmatch(name) else name


def kind_of(run: Started, *, outermost: bool, node: str | None, graph: Any) -> tuple[Kind, str] | None:
    """Kind and name of its span; None for one without a span.

    `node` is the one that its parent is the run of, if it is; `graph` the graph that it is a run of itself.
    """
    if run.is_hidden:
        return None
    agent = agent_name(graph)
    if agent is not None:
        return AGENT, agent
    if run.node_in(node) is not None:
        return TASK, run.name
    if outermost:
        return WORKFLOW, given_name(run.name)
    if (node is not None and run.is_step) or run.name in _NO_TASKS or not given_name(run.name):
        return None  # the function that the node is of, or that decides where to go from it
    return TASK, run.name


# --- graphs


def running_graph() -> Any:
    """The graph whose run is just starting; None if it is none. To be called by a callback.

    LangGraph says nothing by which its agents could be told from other chains, but it is that graph which calls.
    """
    frame = inspect.currentframe()
    while frame is not None and _module(frame).startswith(_CALLBACKS):
        frame = frame.f_back
    return None if frame is None or not _module(frame).startswith(_GRAPHS) else frame.f_locals.get("self")


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def agent_name(graph: Any) -> str | None:
    """That of an agent, empty for one without; None for a graph that is none.

    An agent is what `create_agent` and `create_react_agent` have made. Others may be agents, but nobody says so.
    """
    if graph is None:
        return None
    config: Any = getattr(graph, "config", None) or {}
    metadata: Mapping[str, Any] = config.get("metadata") or {}
    if metadata.get("ls_integration") == _AGENT_INTEGRATION or _REACT_AGENTS in _origins(graph):
        return str(metadata.get("lc_agent_name") or given_name(str(getattr(graph, "name", None) or "")))
    return None


def _origins(graph: Any) -> Iterator[str | None]:
    """The modules that the functions of its nodes are from."""
    for node in getattr(graph, "nodes", {}).values():
        yield getattr(getattr(getattr(node, "bound", None), "func", None), "__module__", None)
