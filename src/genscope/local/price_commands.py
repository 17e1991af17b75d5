"""The commands `genscope prices ...`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, cast

import click

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print everything that is known as JSON.")
_PROVIDER = click.option(
    "--provider", metavar="PROVIDER", help="As in `gen_ai.provider.name`, or its usual name: azure."
)
_PRICES = click.option(
    "--prices", "own", envvar="GENSCOPE_PRICES", metavar="FILE", help="Prices of your own (default: GENSCOPE_PRICES)."
)


class _Commands(click.Group):
    """What cannot be followed is said, not thrown."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ValueError as reason:
            raise click.UsageError(str(reason)) from reason


@click.group(cls=_Commands)
def prices() -> None:
    """Look at the prices by which calls are valued. Nothing is fetched: the table comes with genscope."""


@prices.command()
@click.argument("model")
@_PROVIDER
@_PRICES
@_AS_JSON
def show(model: str, provider: str | None, own: str | None, as_json: bool) -> None:
    """Print what MODEL costs wherever it is sold, in USD for a million tokens.

    \b
      genscope prices show gpt-4o
      genscope prices show claude-sonnet-4-5 --provider anthropic --json
    """
    from genscope.local import prices as table

    found = table.show(model, provider, own)
    if as_json:
        _print_json(found)
    for one in () if as_json else found:
        click.echo(f"{one.provider}/{one.model} ({one.source} {one.table_version or ''})".replace(" )", ")"))
        for kind, price in one.said.items():
            click.echo(f"  {kind:<16} {price if isinstance(price, (int, float)) else json.dumps(price)}")
    _require(found, model)


@prices.command()
@click.argument("model")
@click.option("--usage", required=True, metavar="JSON", help="Tokens by kind: '{\"input_tokens\": 1000}'.")
@_PROVIDER
@_PRICES
@_AS_JSON
def cost(model: str, usage: str, provider: str | None, own: str | None, as_json: bool) -> None:
    """Work out what a usage of MODEL costs, line by line.

    `input_tokens` and `output_tokens` are totals; cached, audio and reasoning tokens are among them.

    \b
      genscope prices cost gpt-4o --usage '{"input_tokens": 1000, "cache_read_input_tokens": 200, "output_tokens": 50}'
    """
    from genscope.local import prices as table

    try:
        used: Any = json.loads(usage)
    except ValueError:
        used = None
    if type(used) is not dict:
        raise ValueError(f"--usage: a JSON object with some of {', '.join(table.USAGE_KEYS)}")
    bill = table.cost(model, cast("dict[str, Any]", used), provider, own)
    if as_json:
        click.echo(json.dumps(None if bill is None else asdict(bill), indent=2))
    elif bill is not None:
        for line in bill.lines:
            per = "" if line.kind.startswith("per_") else " / 1M"
            click.echo(f"{line.kind:<16} {line.number:>12,g} × {line.price:g}{per} = {line.amount:.9g}")
        version = f" {bill.cost.table_version}" if bill.cost.table_version else ""
        click.echo(
            f"{bill.cost.amount:.9g} {bill.cost.currency}  {bill.provider}/{bill.model} ({bill.cost.source}{version})"
        )
    _require(bill, model)


@prices.command()
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@_PRICES
@_AS_JSON
def check(file: Any, own: str | None, as_json: bool) -> None:
    """Say which models of your spans have no price; the exit status is then 1.

    FILE has spans as OTLP JSON or as the console exporter prints them, or lines with a model, or with a provider and a
    model; default: what comes in.
    """
    from genscope.local import prices as table

    found = table.check(table.read_seen(file.read()), own)
    if as_json:
        _print_json(found)
    for one in () if as_json else found:
        name = f"{one.provider or '(any)'} {one.model}"
        click.echo(f"{one.calls:>7}  {name:<48} {'no price' if one.price is None else f'{one.price} ({one.source})'}")
    if any(one.price is None for one in found):
        raise SystemExit(1)


def _print_json(found: Iterable[Any]) -> None:
    click.echo(json.dumps([asdict(one) for one in found], indent=2))


def _require(found: Any, model: str) -> None:
    if not found:
        click.echo(f"no price is known for {model}", err=True)
        raise SystemExit(1)
