"""The commands `genscope store ...`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

_FILE = click.option(
    "--store", "file", metavar="FILE", help="The store (default: GENSCOPE_STORE, else the user's own)."
)
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


class _Commands(click.Group):
    """What cannot be done is said, not thrown."""

    def invoke(self, ctx: click.Context) -> Any:
        from genscope.local.store.troubles import StoreError

        try:
            return super().invoke(ctx)
        except StoreError as reason:
            raise click.ClickException(str(reason)) from reason


def _read(ctx: click.Context, parameter: click.Parameter, said: str | None) -> float | None:
    """An option of `prune`, read as the setting of the same meaning."""
    from genscope.settings.store import age, amount, size

    read: Callable[[Any], str] = age if parameter.name == "older_than" else size
    try:
        return None if said is None else amount(read(said))
    except ValueError as accepted:
        raise click.BadParameter(f"accepted: {accepted}") from accepted


@click.group(cls=_Commands)
def store() -> None:
    """Look after the local store, the SQLite file with what programs have done (docs/store.md)."""


@store.command()
def path() -> None:
    """Print where the store is, whether there is one yet or not.

    \b
      sqlite3 "$(genscope store path)" 'SELECT model, count(*), sum(cost) FROM calls GROUP BY model'
    """
    click.echo(_place(None))


@store.command()
@_FILE
@_AS_JSON
def info(file: str | None, as_json: bool) -> None:
    """Say how much is in the store, since when, of which services, and which processes have written it."""
    from genscope.local.store.reading import Reader

    with Reader(_place(file)) as reader:
        found = reader.info()
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
        return
    click.echo(f"{found.path}  {_size(found.bytes)}, schema {found.schema}")
    click.echo(", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in found.rows.items()))
    if found.oldest_ns is not None and found.newest_ns is not None:
        click.echo(f"spans from {_at(found.oldest_ns)} to {_at(found.newest_ns)}")
    for service, count in found.services.items():
        click.echo(f"  {count:>9,}  {service}")
    if found.processes:
        click.echo("written by")
    for one in found.processes[:10]:
        click.echo(f"  {one.spans:>9,} spans  {_at(one.seen_ns)}  {one.program or 'python'} ({one.pid})")


@store.command()
@_FILE
@click.option("--older-than", callback=_read, metavar="AGE", help="Drop what is older: 12h, 30d, 8w.")
@click.option("--larger-than", callback=_read, metavar="SIZE", help="Drop the oldest until the rest fits: 500MB, 2GB.")
@click.option("--service", metavar="NAME", help="Drop all of a service: genscope-demo.")
@_AS_JSON
def prune(
    file: str | None, older_than: float | None, larger_than: float | None, service: str | None, as_json: bool
) -> None:
    """Drop what is not wanted any more, and give its room back.

    Without options: what the settings GENSCOPE_STORE_MAX_AGE and GENSCOPE_STORE_MAX_SIZE do not want, as whoever writes
    does by itself from time to time.
    """
    from pathlib import Path

    from genscope.local.store.troubles import StoreError
    from genscope.local.store.writing import Store
    from genscope.settings.store import amount

    place = _place(file)
    if not Path(place).exists():
        raise StoreError(f"{place} is not there: nothing has been recorded yet")
    if older_than is None and larger_than is None and service is None:
        older_than, larger_than = amount(_settings().store_max_age), amount(_settings().store_max_size)
    kept = Store(place)
    try:
        dropped = kept.prune(older_than=older_than, larger_than=larger_than, service=service)
    finally:
        kept.close()
    if as_json:
        click.echo(json.dumps(asdict(dropped), indent=2))
    else:
        click.echo(f"{dropped.rows:,} rows dropped, {_size(dropped.before)} -> {_size(dropped.after)}")


@store.command()
@_FILE
@click.option("--otlp", "as_otlp", is_flag=True, help="As OTLP JSON, a message to a line: other tools take it in.")
@click.option("--jsonl", "as_jsonl", is_flag=True, help="A span to a line (the default).")
@click.option("--service", metavar="NAME", help="Only of a service.")
@click.option("--calls", "only_calls", is_flag=True, help="Only calls of models.")
def export(file: str | None, as_otlp: bool, as_jsonl: bool, service: str | None, only_calls: bool) -> None:
    """Print all spans, oldest first, with what was said where that is kept."""
    from genscope.local.store.columns import CALLS
    from genscope.local.store.filters import Filters
    from genscope.local.store.reading import Reader
    from genscope.local.store.sending import otlp_lines

    if as_otlp and as_jsonl:
        raise click.UsageError("--otlp or --jsonl, not both")
    with Reader(_place(file)) as reader:
        found = reader.all_spans(Filters(service=service))
        wanted = (one for one in found if not only_calls or one.span.operation in CALLS)
        lines = otlp_lines(wanted) if as_otlp else (_line(one) for one in wanted)
        for line in lines:
            click.echo(line)


def _line(whole: Any) -> str:
    values = asdict(whole)
    return json.dumps(values.pop("span") | values, ensure_ascii=False)


def _settings() -> Any:
    from genscope.settings import complain, resolve

    found = resolve({})
    complain(found)
    return found.settings


def _place(file: str | None) -> str:
    from genscope.local.store.place import path_of

    return str(path_of(file or _settings().store).absolute())


def _size(size: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def _at(time_ns: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time_ns / 1e9))
