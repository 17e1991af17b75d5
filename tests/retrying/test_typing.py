"""A type checker sees what was decorated, and what a `with` block gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from typing import assert_type
import genscope
from genscope.retrying import FALLBACK_KINDS, Fallback, Retry

@genscope.retry
def bare(text: str, n: int = 1) -> list[str]: ...

@genscope.retry(attempts=2, deadline=30, max_wait=5, retry_on=["rate_limit"], spans=True, name="x")
async def coroutine(question: str) -> int: ...

@genscope.retry(retry_on=lambda error: isinstance(error, KeyError))
def chosen(x: int) -> float: ...

@genscope.fallback(models=["a", "b"], on=[*FALLBACK_KINDS, "content_filter"])
def ask(prompt: str, *, model: str) -> bytes: ...

@genscope.fallback(["a", "b"])
async def aask(prompt: str, *, model: str) -> bytes: ...

class Shop:
    @genscope.retry
    def method(self, x: int) -> str: ...
    @classmethod
    @genscope.retry(attempts=2)
    def cls_method(cls, x: int) -> str: ...
    @genscope.fallback(["a"])
    def with_model(self, x: int, *, model: str) -> str: ...

async def main() -> None:
    assert_type(bare("x", n=2), list[str])
    assert_type(await coroutine("q"), int)
    assert_type(chosen(1), float)
    assert_type(ask("p"), bytes)
    assert_type(await aask("p"), bytes)
    assert_type(Shop().method(1), str)
    assert_type(Shop.cls_method(1), str)
    assert_type(Shop().with_model(1), str)
    assert_type(genscope.retry(), Retry)
    assert_type(genscope.fallback(["a"]), Fallback)
    for attempt in genscope.retry(attempts=4):
        with attempt as number:
            assert_type(number, int)
    async for attempt in genscope.retry(attempts=4):
        async with attempt as number:
            assert_type(number, int)
    for model in genscope.fallback(["a"]):
        with model as name:
            assert_type(name, str)
"""
WRONG = """import genscope
@genscope.retry
def f(x: int) -> int: ...
f("x")
genscope.retry("4")
genscope.retry(nope=1)
genscope.fallback(5)
"""


@pytest.fixture
def pyright() -> str:
    found = Path(sys.executable).with_name("pyright")
    if not found.exists():
        pytest.skip("needs pyright")
    return str(found)


@pytest.mark.parametrize("program, lines", [(PROGRAM, set[str]()), (WRONG, {"4", "5", "6", "7"})])
def test_types(program: str, lines: set[str], pyright: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text('{"pythonVersion": "3.11"}', encoding="utf-8")
    command = [pyright, "--pythonpath", sys.executable, "-p", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    wrong = {line.split(":")[1] for line in ran.stdout.splitlines() if " - error: " in line}
    assert wrong == lines, ran.stdout
