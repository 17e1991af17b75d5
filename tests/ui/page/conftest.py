"""The page in a real browser. Whatever a test does, at its end the console is silent, and nobody else was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from genscope.core.pipeline import Faults
from genscope.local.store.records import LogRecord, SpanRecord
from genscope.local.store.writing import Store
from ui.served import Served

from .browser import CHROMIUM, MISSING, chromium, page_of

Opens = Callable[..., Any]
Fills = Callable[..., None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        for item in items:
            if item.get_closest_marker("needs_chromium"):
                item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for a module: its event loop is this thread's as long as it lives."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def opens(browser: Any) -> Iterator[Opens]:
    """Opens a view of a server: `opens(served, "#/calls")` is Playwright's page, once there is something to see."""
    with ExitStack() as stack:
        pages: list[Any] = []

        def open_page(served: Served, place: str = "", *, expected: tuple[str, ...] = (), **options: Any) -> Any:
            page, seen = stack.enter_context(page_of(browser, served.address, **options))
            seen.expected = expected
            pages.append(seen)
            page.goto(served.page + place)
            page.locator("main > div, main > .notice").first.wait_for()
            return page

        yield open_page
        assert [seen.unexpected() for seen in pages] == [[]] * len(pages)
        assert [seen.requests for seen in pages] == [[]] * len(pages)


@pytest.fixture
def fills(served: Served) -> Fills:
    """Writes spans and logs into the store of `served`, as the exporter of another process does."""
    return lambda spans=(), logs=(): fill(served.store, spans, logs)


def fill(path: Path, spans: Iterable[SpanRecord] = (), logs: Iterable[LogRecord] = ()) -> None:
    store = Store(path, faults=Faults(raised=True))
    store.add_spans([*spans])
    store.add_logs([*logs])
    store.close()
