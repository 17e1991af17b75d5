"""Annotated spans in the terminal."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from contract.recorder import Recorder

import genscope

console = pytest.importorskip("rich.console")


def test_the_tree(recorder: Recorder, ask: Callable[..., Any]) -> None:
    from genscope.local.tree import render

    with genscope.workflow("flow"):
        with genscope.retrieval("wiki") as span:
            span.set_attribute("genscope.documents", 3)
        with genscope.agent("helper"):
            ask()
            with genscope.tool("search"):
                pass
    file = io.StringIO()
    console.Console(file=file, width=120).print(render(recorder.spans(), width=120, ascii_only=True))
    lines = [" ".join(line.split()) for line in file.getvalue().splitlines()]
    flow, wiki, helper, chat, search, footer = lines
    assert flow.startswith("invoke_workflow flow")
    assert flow.endswith("in all 1 LLM call, 1 tool call, 23 -> 7 tokens")
    assert wiki.endswith("3 documents")
    assert helper.endswith("in all 1 LLM call, 1 tool call, 23 -> 7 tokens")
    assert "chat gpt-4o-mini" in chat
    assert "execute_tool search" in search
    assert footer.startswith("1 call | 23 -> 7 tokens")  # not a multiple of it
