"""The command `genscope ui`."""

from __future__ import annotations

import json
import secrets
import signal
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import click

from genscope.settings.store import age, amount

if TYPE_CHECKING:
    from genscope.local.ui.serving import Server
    from genscope.settings import Settings

TOKEN: Final = "GENSCOPE_UI_TOKEN"
"""The environment variable: what a command was given, everybody on the machine can see."""

_NEEDED: Final = {
    "starlette": "starlette",
    "uvicorn": "uvicorn",
    "opentelemetry-proto": "opentelemetry.proto",
    "googleapis-common-protos": "google.rpc",
    "grpcio": "grpc",
}
_SHORTEST_TOKEN: Final = 16
_LOOKS: Final = 1.0
"""Seconds."""


def _retention(ctx: click.Context, param: click.Parameter, said: str | None) -> str | None:
    try:
        return None if said is None else age(said)
    except ValueError as accepted:
        raise click.BadParameter(f"{said!r} is not known; accepted: {accepted}") from accepted


def _token(ctx: click.Context, param: click.Parameter, said: str | None) -> str | None:
    if said is not None and (
        len(said) < _SHORTEST_TOKEN or not all("!" <= one <= "~" and one not in '",;\\' for one in said)
    ):
        raise click.BadParameter(
            f"{_SHORTEST_TOKEN} characters or more, and none of spaces, quotes, commas, semicolons"
        )
    return said


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=4318,
    show_default=True,
    help="Of the page and of OTLP over HTTP; 0 takes a free one.",
)
@click.option(
    "--grpc-port",
    type=click.IntRange(0, 65_535),
    default=4317,
    show_default=True,
    help="Of OTLP over gRPC; 0 takes a free one.",
)
@click.option("--no-grpc", is_flag=True, help="Listen on one port only.")
@click.option(
    "--store",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="The file to show and to fill (default: GENSCOPE_STORE, else the user's own).",
)
@click.option(
    "--retention",
    callback=_retention,
    metavar="AGE",
    help="How long to keep things: 12h, 30d, 8w, or off (default: GENSCOPE_STORE_MAX_AGE, else 30d).",
)
@click.option(
    "--token",
    envvar=TOKEN,
    callback=_token,
    help=f"Ask everybody for this token (default: {TOKEN}, else none on this machine, elsewhere a new one).",
)
@click.option(
    "--allow-host", "allowed", multiple=True, metavar="NAME", help="A name by which this machine is known to browsers."
)
@click.option("--open", "browse", is_flag=True, help="Open the page in the browser.")
@click.option("--json", "as_json", is_flag=True, help="Print where it listens as one line of JSON.")
def ui(
    host: str,
    port: int,
    grpc_port: int,
    no_grpc: bool,
    store: str | None,
    retention: str | None,
    token: str | None,
    allowed: Sequence[str],
    browse: bool,
    as_json: bool,
) -> None:
    """Receive OpenTelemetry and show it in the browser: traces, prompts, cost, latency. Ctrl-C ends it.

    A program with OpenTelemetry's default settings just appears, whatever instruments it; so does what genscope run
    and genscope demo have recorded. Nothing leaves this machine, and nothing else is needed.

    \b
      genscope ui
      opentelemetry-instrument python app.py

    Only programs on this machine can reach it. With another --host everybody needs the token that is printed: browsers
    by the link, programs by OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN.
    """
    require()
    from genscope.local.store.place import path_of
    from genscope.local.store.troubles import StoreError
    from genscope.local.ui.ports import PortError, is_loopback
    from genscope.local.ui.serving import Server, Wanted

    settings = _settings()
    if token is None and not is_loopback(host):
        token = new_token()
    try:
        server = Server(
            Wanted(
                store=path_of(store or settings.store).absolute(),
                host=host,
                port=port,
                grpc_port=None if no_grpc else grpc_port,
                token=token,
                allowed_hosts=allowed,
                max_age=amount(retention or settings.store_max_age),
                max_size=amount(settings.store_max_size),
            )
        )
    except (PortError, StoreError) as reason:
        raise click.ClickException(str(reason)) from reason
    ended = until_signal()
    with server:
        _say(server, as_json)
        if browse:
            click.launch(server.link)
        wait_for(ended)


def require() -> None:
    """Raises what the command line says when a package is missing."""
    if missing := [package for package, module in _NEEDED.items() if not _is_there(module)]:
        raise click.ClickException(f"Not installed: {', '.join(missing)}. Try: pip install 'genscope[ui]'")


def new_token() -> str:
    return secrets.token_urlsafe(32)


def until_signal() -> threading.Event:
    """Set by Ctrl-C, or when the process is asked to end; once more ends it at once."""
    ended = threading.Event()

    def end(number: int, frame: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    return ended


def wait_for(ended: threading.Event) -> None:
    """In pieces: on Windows, Ctrl-C does not reach a thread that waits without an end."""
    while not ended.wait(_LOOKS):
        pass


def _settings() -> Settings:
    from genscope.settings import complain, resolve

    found = resolve({})
    complain(found)
    return found.settings


def _say(server: Server, as_json: bool) -> None:
    grpc = f"http://{server.url.split('//')[1].rpartition(':')[0]}:{server.grpc_port}" if server.grpc_port else None
    if as_json:
        places = {
            "page": server.link,
            "otlp_http": server.url.rstrip("/"),
            "otlp_grpc": grpc,
            "store": str(server.store),
        }
        click.echo(json.dumps(places))
        return
    click.echo(f"{server.link}\n")
    click.echo(f"  OTLP/HTTP  {server.url.rstrip('/')}")
    if grpc:
        click.echo(f"  OTLP/gRPC  {grpc}")
    click.echo(f"  Store      {server.store}\n\nCtrl-C ends it.")


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it
        return False
