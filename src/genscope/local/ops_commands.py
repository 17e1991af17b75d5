"""The commands `genscope rules`, `genscope alertmanager` and `genscope dashboards`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from genscope.ops import alertmanager as routing
from genscope.ops.document import FORMATS, Format, rendered
from genscope.ops.prometheus_names import VIAS, Via
from genscope.ops.queries import FLAVOURS, Queries
from genscope.ops.rule import LAYERS, Layer
from genscope.ops.thresholds import Thresholds

Command = Callable[..., Any]

_FLAVOUR = click.option(
    "--flavour",
    type=click.Choice(FLAVOURS),
    default=FLAVOURS[0],
    show_default=True,
    help="Names that the services write: those of OTEL_SEMCONV_STABILITY_OPT_IN, or of GENSCOPE_LEGACY_NAMES.",
)
_VIA = click.option(
    "--via",
    type=click.Choice(VIAS),
    default=VIAS[0],
    show_default=True,
    help="How metrics reach Prometheus: by OTLP, also through a collector, or fetched from the services.",
)
_FORMAT = click.option("--format", "form", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True)
_OUTPUT = click.option("--output", type=click.Path(dir_okay=False), metavar="FILE", help="Write to this file.")


def _options(declared: Sequence[tuple[str, Any, str]]) -> Callable[[Command], Command]:
    """An option for each field: its name, default and help."""

    def add(command: Command) -> Command:
        for name, default, help in reversed(declared):
            flag = f"--{name.replace('_', '-')}"
            known = "" if default == "" or isinstance(default, bool) else f" [default: {_shown(default)}]"
            if isinstance(default, bool):
                command = click.option(f"{flag}/--no-{flag[2:]}", name, default=default, help=help)(command)
            else:
                command = click.option(flag, name, default=str(default), metavar="VALUE", help=help + known)(command)
        return command

    return add


def _shown(default: Any) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)


@click.command()
@_FLAVOUR
@_VIA
@click.option(
    "--layer", "layers", type=click.Choice(LAYERS), multiple=True, help="Only rules of this layer; repeatable."
)
@_FORMAT
@_OUTPUT
@click.option(
    "--tests",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write tests for `promtool test rules` to this file, one that fires and some that do not for every alert; "
    "needs --output.",
)
@_options([(field.name, field.default, field.metadata["help"]) for field in fields(Thresholds)])
def rules(
    flavour: str, via: Via, layers: tuple[Layer, ...], form: Format, output: str | None, tests: str | None, **said: Any
) -> None:
    """Print Prometheus rules for the metrics that genscope writes: recordings, and alerts with a runbook.

    In three layers: whether telemetry arrives (infrastructure), whether calls are fast, successful and affordable
    (application), and what answers are worth (quality).

    \b
      genscope rules > genscope-rules.yaml
      genscope rules --via exporter --latency-p95 8 --daily-spend 50 --output rules.yaml --tests rules_test.yaml
      promtool check rules rules.yaml && promtool test rules rules_test.yaml
    """
    from genscope.ops.rule_file import Rules

    if tests is not None and output is None:
        raise click.UsageError("--tests needs --output: tests name the file that they test")
    found = Rules(Queries(flavour, via), _valid(Thresholds, said), layers or LAYERS)
    _write(output, found.file(), form)
    if tests is not None and output is not None:
        _write(tests, found.tests(os.path.relpath(output, os.path.dirname(tests) or ".")), form)


@click.command()
@_FORMAT
@_OUTPUT
@_options([(field.name, field.default, routing.HELP[field.name]) for field in fields(routing.Routing)])
def alertmanager(form: Format, output: str | None, **said: Any) -> None:
    """Print a configuration of Alertmanager: critical to Slack and a phone, high to Slack and mail, medium to mail.

    Secrets are not in it: Alertmanager reads them from files.

    \b
      genscope alertmanager --slack-channel '#oncall' --pager-url https://pager.example.com/alerts > alertmanager.yaml
      amtool check-config alertmanager.yaml
    """
    _write(output, routing.configuration(_valid(routing.Routing, said)), form)


@click.command()
@_FLAVOUR
@_VIA
@click.option("--output", type=click.Path(file_okay=False), metavar="DIR", required=True, help="Write to this folder.")
def dashboards(flavour: str, via: Via, output: str) -> None:
    """Write Grafana's dashboards, a JSON file for each: overview, latency, cost, errors, quality, agents.

    They are imported by hand (Dashboards, New, Import) or found by Grafana's provisioning, ask for a Prometheus data
    source, and link to each other.

    \b
      genscope dashboards --output grafana/dashboards
    """
    from genscope.ops.boards.board import chosen
    from genscope.ops.grafana import boards, dashboard

    for board in boards(flavour, via, Thresholds()):
        text = json.dumps(dashboard(board, chosen(flavour, via)), indent=2, ensure_ascii=False) + "\n"
        click.echo(_save(os.path.join(output, f"{board.uid}.json"), text))


def _valid(kind: Callable[..., Any], said: dict[str, Any]) -> Any:
    try:
        return kind(**said)
    except ValueError as reason:
        raise click.UsageError(str(reason)) from reason


def _write(output: str | None, document: dict[str, Any], form: Format) -> None:
    try:
        text = rendered(document, form)
    except ModuleNotFoundError as missing:
        raise click.ClickException(str(missing)) from missing
    if output is None:
        click.echo(text, nl=False)
    else:
        _save(output, text)


def _save(path: str, text: str) -> str:
    """Folders are made as they are needed."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
    except OSError as reason:
        raise click.ClickException(f"{path} cannot be written: {reason.strerror}") from reason
    return path
