"""A type checker sees what was decorated, not the decoration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from collections.abc import AsyncIterator
from typing import assert_type
import genscope
from genscope.annotate import AnnotatedSpan

@genscope.tool
def bare(text: str, n: int = 1) -> list[str]: ...

@genscope.agent("named", description="does it")
async def coroutine(question: str) -> int: ...

@genscope.context(user_id="u", tags={"a": 1})
def identified(x: int) -> float: ...

@genscope.workflow()
async def generator() -> AsyncIterator[str]:
    yield ""

class Shop:
    @genscope.tool
    def method(self, x: int) -> str: ...
    @classmethod
    @genscope.tool
    def cls_method(cls, x: int) -> str: ...

async def main() -> None:
    assert_type(bare("x", n=2), list[str])
    assert_type(await coroutine("q"), int)
    assert_type(identified(1), float)
    assert_type(Shop().method(1), str)
    assert_type(Shop.cls_method(1), str)
    with genscope.tool("x", call_id="1") as span:
        assert_type(span, AnnotatedSpan)
    async for item in generator():
        assert_type(item, str)
"""
WRONG = (
    'import genscope\n@genscope.tool\ndef f(x: int) -> int: ...\nf("x")\ngenscope.tool(5)\ngenscope.tool("x", nope=1)\n'
)


@pytest.fixture
def pyright() -> str:
    found = Path(sys.executable).with_name("pyright")
    if not found.exists():
        pytest.skip("needs pyright")
    return str(found)


@pytest.mark.parametrize("program, errors", [(PROGRAM, 0), (WRONG, 4)])
def test_types(program: str, errors: int, pyright: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text('{"pythonVersion": "3.11"}', encoding="utf-8")
    command = [pyright, "--pythonpath", sys.executable, "-p", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    said = ran.stdout
    assert f"{errors} error" in said, said
    if errors:
        assert {line.split(":")[1] for line in said.splitlines() if " - error: " in line} == {"4", "5", "6"}, said
