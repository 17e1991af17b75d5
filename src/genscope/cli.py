"""The command `genscope`. What a command does lives elsewhere and is imported when it is called."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec

try:
    import click
except ModuleNotFoundError as missing:  # the script comes with the package, click only with the extra
    raise SystemExit("The command genscope needs click and rich: pip install 'genscope[cli]'") from missing

from genscope.local.ops_commands import alertmanager, dashboards, rules
from genscope.local.price_commands import prices
from genscope.local.redact_command import redact
from genscope.local.store_commands import store
from genscope.local.ui.command import ui

_PASS_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.group(context_settings={"max_content_width": 100})
@click.version_option(package_name="genscope", message="genscope %(version)s")
def main() -> None:
    """See inside every LLM call: traces of what a program asks of its models, without a line of its code."""


@main.command(context_settings=_PASS_ON, options_metavar="")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[--] PROGRAM [ARGS]...")
def run(command: tuple[str, ...]) -> None:
    """Run a program with every LLM call traced, show each trace in the terminal as it ends, and keep it in the store.

    PROGRAM is a Python script, `-m MODULE`, or a command such as uvicorn or pytest. Arguments, input, signals and exit
    status are the program's own; its stdout too: traces go to stderr.

    \b
      genscope run app.py --port 8000
      genscope run -m mypackage.worker
      genscope run uvicorn app:api

    This is `opentelemetry-instrument` with other defaults, and your environment wins over these:

    \b
      OTEL_TRACES_EXPORTER     genscope_console,genscope_store; add yours: genscope_console,genscope_store,otlp
      OTEL_METRICS_EXPORTER    genscope_store, or none where traces do not go there
      OTEL_LOGS_EXPORTER       the same
      OTEL_BSP_SCHEDULE_DELAY  200 (milliseconds from the end of a span to its line in the terminal)
    """
    from genscope.local import launch

    _require_traces()
    found = launch.command(command)
    if found is None:
        raise click.UsageError(f"{command[0]!r} is no file, and no command in this environment or on PATH.")
    launch.prepare(os.environ)
    if (place := launch.store_of(os.environ)) is not None:
        from genscope.local.ui.ports import seen_at

        click.echo(f"genscope: kept in {place}; to see it: {seen_at(place) or 'genscope ui'}", err=True)
    launch.become(found)


@main.command()
@click.option("--live", is_flag=True, help="Call the real OpenAI service (OPENAI_API_KEY) instead of a simulated one.")
@click.option(
    "--pause",
    type=click.FloatRange(min=0),
    default=0.3,
    show_default=True,
    metavar="SECONDS",
    help="How long the simulated provider thinks before its first token.",
)
@click.option("--ui", "shown", is_flag=True, help="Show it in the browser too, until Ctrl-C.")
@click.option("--no-browser", is_flag=True, help="With --ui: print the link, open nothing.")
def demo(live: bool, pause: float, shown: bool, no_browser: bool) -> None:
    """Watch a sample application being traced: chat, streams, tools, embeddings, retries, an error.

    The application is plain openai SDK code and runs as it is. Unless --live is given it talks to a simulated provider
    on this machine: no key, no network, no cost.
    """
    from genscope.local.demo import DemoError
    from genscope.local.demo import run as run_demo

    _require_traces()
    page: AbstractContextManager[None] = nullcontext()
    if shown:
        from genscope.local.demo import place
        from genscope.local.ui.showing import showing

        page = showing(place(), browse=not no_browser, say=lambda line: click.echo(line))
    try:
        with page:
            status = run_demo(live=live, pause=pause, say=lambda line: click.echo(line))
    except DemoError as error:
        raise click.ClickException(str(error)) from error
    raise SystemExit(status)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print everything that was found as JSON.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a connection to an endpoint.",
)
def doctor(as_json: bool, timeout: float) -> None:
    """Say what is traced here and where it goes, what is not, and what to do about it.

    Looked at are the installed SDKs, the entry points, the environment, and whether a connection to the configured
    endpoints opens; nothing is sent. That is what a program gets that is started by opentelemetry-instrument with the
    same environment, from the same directory. To see what it really sets, start the doctor with it:

    \b
      opentelemetry-instrument genscope doctor

    The exit status is 1 when nothing would be traced, else 0.
    """
    import json
    import logging
    import sys
    from dataclasses import asdict

    if not as_json and find_spec("rich") is None:
        raise click.ClickException("Not installed: rich. Try: pip install 'genscope[cli]', or --json")
    if os.getcwd() not in sys.path:  # as opentelemetry-instrument has it
        sys.path.insert(1, os.getcwd())
    for noisy in ("genscope", "opentelemetry"):  # what they would say on stderr is in the findings
        logging.getLogger(noisy).addHandler(logging.NullHandler())

    from genscope.local.doctor import examine

    found = examine(timeout=timeout)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        from rich.console import Console

        from genscope.local.doctor.page import show

        bounded = sys.stdout.isatty() or "COLUMNS" in os.environ  # lines of a log file are not wrapped
        show(found, Console(width=None if bounded else 10_000))
    raise SystemExit(0 if found.traced else 1)


main.add_command(redact)
main.add_command(prices)
main.add_command(ui)
main.add_command(store)
main.add_command(rules)
main.add_command(alertmanager)
main.add_command(dashboards)


def _require_traces() -> None:
    from genscope.local import launch

    if missing := launch.missing():
        raise click.ClickException(f"Not installed: {', '.join(missing)}. Try: pip install 'genscope[cli]'")


if __name__ == "__main__":
    main()
