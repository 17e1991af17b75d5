"""What the tests beside others share; without the others there is nothing to test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from contract.conftest import _all_is_collected_at_the_end, _only_what_a_test_makes_is_collected  # noqa: F401

PACKAGES = (
    "langchain_openai",
    "openinference.instrumentation.anthropic",
    "openinference.instrumentation.openai",
    "opentelemetry.instrumentation.anthropic",
    "opentelemetry.instrumentation.genai.anthropic",
    "opentelemetry.instrumentation.genai.openai",
    "opentelemetry.instrumentation.httpx",
    "opentelemetry.instrumentation.openai",
)


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # not even the package that it is in
        return False


MISSING = [package for package in PACKAGES if not _is_there(package)]
collect_ignore_glob = ["test_*.py"] if MISSING else []

pytest.register_assert_rewrite("contract.play", "contract.recorder", "beside.neighbours")


def pytest_report_collectionfinish() -> list[str]:
    if not MISSING:
        return []
    return [f"tests/beside is left out: run `make test-beside`; not installed here: {', '.join(MISSING)}"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the others warn of is theirs; what is logged is compared with and without genscope."""
    for item in items:
        if "beside" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("default"))
            item.add_marker(pytest.mark.filterwarnings("error:.*genscope"))


FOREIGN = ("OTEL_", "OPENAI_", "GENSCOPE_", "TRACELOOP_", "OPENINFERENCE_", "LANGCHAIN_", "LANGSMITH_")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(
            ("OTEL_", "OPENAI_", "GENSCOPE_", "TRACELOOP_", "OPENINFERENCE_", "LANGCHAIN_", "LANGSMITH_")
        ):
            monkeypatch.delenv(name)


if not MISSING:

    @pytest.fixture(autouse=True)
    def _the_sdk_as_it_was() -> Iterator[None]:
        """Not all of the others take off all that they put on."""
        from .neighbours import restore

        yield
        restore()
