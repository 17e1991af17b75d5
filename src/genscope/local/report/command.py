"""The command `genscope report`."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from genscope.local.report.asked import Asked
    from genscope.local.report.figures import Figures

Read = TypeVar("Read")

NOTHING = 3
"""Exit status when there is nothing to report: no store, or no call in the period."""


class _Amount(click.FloatRange):
    """Not a number is no amount."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is no amount.", param, ctx)
        return found


@click.command()
@click.option("--last", metavar="LENGTH", help="How long, up to --to: 30m, 12h, 7d, 4w (default: 7d).")
@click.option("--from", "since", metavar="TIME", help="Where it begins: 2026-11-01, 2026-11-01T09:30 (UTC).")
@click.option("--to", "until", metavar="TIME", help="Where it ends, not included (default: now).")
@click.option(
    "--compare",
    default="previous",
    show_default=True,
    metavar="PERIOD",
    help="With what it is compared: previous, none, how long before (7d, 4w), or FROM/TO.",
)
@click.option("--store", "file", metavar="FILE", help="The local store (default: GENSCOPE_STORE, else the user's own).")
@click.option("--prometheus", metavar="URL", help="Ask this Prometheus instead of the store.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="NAME=VALUE",
    help="Sent to Prometheus, Authorization=Bearer ...; NAME=@FILE has the value in a file. Repeatable.",
)
@click.option(
    "--flavour",
    type=click.Choice(("default", "gen_ai_latest_experimental", "legacy")),
    default="default",
    show_default=True,
    help="Names of the metrics in Prometheus, as for `genscope rules`.",
)
@click.option("--service", metavar="NAME", help="Only of one service.")
@click.option("--title", default="LLM report", show_default=True, metavar="TEXT")
@click.option("--currency", default="USD", show_default=True, metavar="CODE[=RATE]", help="EUR=0.92: what $1 is worth.")
@click.option("--prices", "own", envvar="GENSCOPE_PRICES", metavar="FILE", help="Prices of your own, for what-ifs.")
@click.option("--what-if", "swaps", multiple=True, metavar="MODEL=OTHER", help="Another model for one; repeatable.")
@click.option(
    "--cache-rate", type=_Amount(0, 1), metavar="PART", help="What if so much of the input came from the cache: 0.5."
)
@click.option("--investment", type=_Amount(0), metavar="AMOUNT", help="What the measures cost once, to be paid back.")
@click.option(
    "--monthly-spend", "spend", type=_Amount(0, min_open=True), metavar="AMOUNT", help="As on the bill, if known."
)
@click.option("--top", type=click.IntRange(1, 1000), default=10, show_default=True, help="Rows of a table.")
@click.option("--output", metavar="FILE", help="Where the page goes, - for stdout (default: genscope-report.html).")
@click.option("--json", "as_json", is_flag=True, help="Print the same numbers as JSON, or write them to --output.")
def report(**said: Any) -> None:
    """Write a page about calls to models for who pays for them: cost, time, errors, quality, and what could be saved.

    One HTML file without scripts that needs nothing else, from the local store or from Prometheus (docs/report.md).

    \b
      genscope report
      genscope report --last 30d --service shop --title "Shop, November" --output shop.html
      genscope report --what-if gpt-4o=gpt-4o-mini --investment 5000
      genscope report --prometheus http://localhost:9090 --from 2026-11-01 --to 2026-11-08
      genscope report --json | jq .now

    The exit status is 3 when there is nothing to report.
    """
    from genscope.local.report.page import page
    from genscope.local.report.prometheus import PrometheusError
    from genscope.local.store.troubles import StoreError

    asked = _understood(lambda: _asked(said))
    if said["prometheus"] and said["file"]:
        raise click.UsageError("--store or --prometheus: from one of the two")
    try:
        figures = _of_prometheus(asked, said) if said["prometheus"] else _of_store(asked, said)
    except StoreError as reason:
        click.echo(f"Error: {reason}", err=True)
        raise SystemExit(1 if _place(said["file"]).exists() else NOTHING) from reason
    except PrometheusError as reason:
        raise click.ClickException(str(reason)) from reason
    text = json.dumps(asdict(figures), indent=2, allow_nan=False) + "\n" if said["as_json"] else page(figures)
    _write(said["output"], text, said["as_json"])
    if not figures.now.calls:
        for notice in figures.notices:
            click.echo(notice, err=True)
        raise SystemExit(NOTHING)


def _asked(said: dict[str, Any]) -> Asked:
    from genscope.local.report import period
    from genscope.local.report.asked import Asked, currency, swap

    now = int(time.time()) * period.SECOND
    chosen = period.chosen(said["since"], said["until"], said["last"], now)
    code, rates = currency(said["currency"])
    return Asked(
        period=chosen,
        compared=period.compared(said["compare"], chosen),
        made_ns=now,
        service=said["service"],
        title=said["title"],
        currency=code,
        rates=rates,
        swaps=[swap(one) for one in said["swaps"]],
        cache_rate=said["cache_rate"],
        investment=said["investment"],
        spend=said["spend"],
        top=said["top"],
    )


def _of_store(asked: Asked, said: dict[str, Any]) -> Figures:
    from genscope.local.prices import list_prices
    from genscope.local.report.from_store import read
    from genscope.local.store.reading import Reader

    prices = _understood(lambda: list_prices(said["own"]))
    with Reader(_place(said["file"])) as reader:
        return read(reader, asked, prices)


def _of_prometheus(asked: Asked, said: dict[str, Any]) -> Figures:
    from genscope.local.report.from_prometheus import read
    from genscope.local.report.prometheus import Prometheus

    server = _understood(lambda: Prometheus(said["prometheus"], said["headers"]))
    return read(server, asked, said["flavour"])


def _understood(read: Callable[[], Read]) -> Read:
    """What cannot be followed is said, not thrown."""
    try:
        return read()
    except ValueError as reason:
        raise click.UsageError(str(reason)) from reason


def _place(file: str | None) -> Path:
    from genscope.local.store.place import path_of
    from genscope.settings import complain, resolve

    found = resolve({})
    complain(found)
    return path_of(file or found.settings.store).absolute()


def _write(output: str | None, text: str, as_json: bool) -> None:
    if output == "-" or (output is None and as_json):
        sys.stdout.buffer.write(text.encode())
        return
    path = Path(output or "genscope-report.html")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as reason:
        raise click.ClickException(f"{path} cannot be written: {reason.strerror}") from reason
    click.echo(f"{path} written", err=True)
