"""The page beside something else that runs: `genscope demo --ui`."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import click

from genscope.local.store.troubles import StoreError
from genscope.local.ui.command import require, until_signal, wait_for
from genscope.local.ui.ports import PortError, seen_at


@contextmanager
def showing(store: Path, *, browse: bool, say: Callable[[str], None]) -> Generator[None]:
    """The page of a store while the block runs, and then until Ctrl-C. One that is there already is used as it is.

    `say` gets its link, with `browse` it is opened. Raises `click.ClickException` when it cannot be shown.
    """
    if (link := seen_at(store)) is not None:
        _show(link, browse, say)
        yield
        return
    require()
    from genscope.local.ui.serving import Server, Wanted

    try:
        try:
            server = Server(Wanted(store, grpc_port=None))
        except PortError:  # somebody else's; nothing is sent to this one
            server = Server(Wanted(store, port=0, grpc_port=None))
    except (PortError, StoreError) as reason:
        raise click.ClickException(str(reason)) from reason
    ended = until_signal()
    with server:
        _show(server.link, browse, say)
        yield
        if not ended.is_set():
            say(f"The page stays at {server.link} until Ctrl-C")
        wait_for(ended)


def _show(link: str, browse: bool, say: Callable[[str], None]) -> None:
    say(f"See it at {link}")
    if browse:
        click.launch(link)
