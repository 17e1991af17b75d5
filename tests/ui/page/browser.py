"""A real Chromium, and what goes wrong in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = "needs the program chromium (Debian: chromium)"


def expect(locator: Any) -> Any:
    """Playwright's assertions, which wait. Its `wait_for_function` is none: our policy forbids the `eval` in it."""
    from playwright.sync_api import expect as expects

    return expects(locator)


_LISTEN = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI}`));
"""


@dataclass
class Seen:
    """What a page did that it must not: speak of errors, open dialogs, ask others."""

    errors: list[str] = field(default_factory=list[str])
    requests: list[str] = field(default_factory=list[str])
    expected: tuple[str, ...] = ()
    """Parts of errors that a test provokes."""

    def unexpected(self) -> list[str]:
        return [error for error in self.errors if not any(part in error for part in self.expected)]


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def page_of(browser: Any, address: str, **options: Any) -> Iterator[tuple[Any, Seen]]:
    """An empty page that may only ask `address`; what else it asks is noted and goes nowhere."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "en-US", **options})
    context.add_init_script(_LISTEN)
    page, seen = context.new_page(), Seen()
    page.set_default_timeout(15_000)
    page.on("console", lambda said: said.type == "error" and seen.errors.append(said.text))
    page.on("pageerror", lambda fault: seen.errors.append(f"{fault}\n{fault.stack}"))
    page.on("dialog", lambda dialog: (seen.errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", _watch(address, seen))
    try:
        yield page, seen
    finally:
        context.close()


def _watch(address: str, seen: Seen) -> Callable[[Any], None]:
    def watch(request: Any) -> None:
        if urlsplit(request.url).netloc != address and not request.url.startswith("data:"):
            seen.requests.append(request.url)

    return watch
