"""The pictures of docs/ui.md, made from what `genscope demo` leaves. `python docs/screenshots.py` writes them anew.

Needs the program chromium, and Playwright (the extra `test`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import sync_playwright

from genscope.local.store.reading import Reader
from genscope.local.ui.serving import Server, Wanted

IMAGES = Path(__file__).parent / "images"
LARGEST = 150_000
"""Bytes."""
DESK = {"width": 1200, "height": 680}
PHONE = {"width": 360, "height": 680}


@dataclass(frozen=True)
class Picture:
    name: str
    place: Callable[[Reader], str]
    size: Mapping[str, int] = field(default_factory=lambda: DESK)
    scheme: str = "light"


def trace(name: str, **query: str) -> Callable[[Reader], str]:
    """The oldest trace of a name, and the part of its address that says how it is looked at."""

    def place(reader: Reader) -> str:
        found = [one.trace_id for one in reader.traces().items if one.name.endswith(name)]
        return f"#/trace/{found[-1]}?{'&'.join(f'{key}={value}' for key, value in query.items())}"

    return place


def comparison(reader: Reader) -> str:
    """Of two calls of the same model."""
    calls = [one for one in reader.calls().items if one.ttft_ns and one.model == "claude-haiku-4-5"]
    others = [one for one in reader.calls().items if not one.ttft_ns and one.model == "claude-haiku-4-5"]
    return "#/compare?" + "&".join(
        f"{side}={one.trace_id}.{one.span_id}" for side, one in (("a", others[0]), ("b", calls[0]))
    )


PICTURES = (
    Picture("traces", lambda _: "#/traces"),
    Picture("trace", trace("answer a traveller")),
    Picture("trouble", trace("meet trouble"), scheme="dark"),
    Picture("turns", trace("answer a traveller", **{"as": "turns"})),
    Picture("compare", comparison),
    Picture("charts", lambda _: "#/charts", scheme="dark"),
    Picture("phone", trace("answer a traveller"), PHONE),
)


def main() -> None:
    with TemporaryDirectory() as folder:
        store = Path(folder) / "store.db"
        environ = {**os.environ, "GENSCOPE_STORE": str(store)}
        subprocess.run([sys.executable, "-m", "genscope.cli", "demo", "--pause", "0.2"], env=environ, check=True)
        with Server(Wanted(store, port=0, grpc_port=None)) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            with Reader(store) as reader:
                for picture in PICTURES:
                    take(browser, server.url + picture.place(reader), picture)
            browser.close()


def take(browser: Any, address: str, picture: Picture) -> None:
    path = IMAGES / f"{picture.name}.png"
    page = browser.new_page(viewport=picture.size, color_scheme=picture.scheme, locale="en-US", timezone_id="UTC")
    page.goto(address)
    page.locator("main > div").wait_for()
    page.wait_for_load_state("load")
    page.locator("#live[data-state=on]").wait_for()
    page.screenshot(path=path, animations="disabled")
    page.close()
    print(f"{path.name}  {path.stat().st_size:,} bytes")
    if path.stat().st_size > LARGEST:
        raise SystemExit(f"{path.name} has more than {LARGEST:,} bytes")


if __name__ == "__main__":
    main()
