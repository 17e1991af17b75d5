"""The command `genscope redact`."""

from __future__ import annotations

import os
from typing import Any

import click


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--diff", "as_diff", is_flag=True, help="Print what was removed, where, and by which rule.")
@click.option("--json", "as_json", is_flag=True, help="Print the redacted text and the positions of what was removed.")
@click.option("--preset", metavar="PRESET", help="`default`, `strict` or `off`.")
@click.option("--style", metavar="STYLE", help="`label`, `mask` or `hash` (with GENSCOPE_HASH_KEY).")
@click.option("--rules", metavar="RULES", help="Rules to add or to leave out: long_number,-phone.")
@click.option(
    "--pattern",
    "patterns",
    multiple=True,
    metavar="NAME=EXPRESSION",
    help="A regular expression of your own; repeatable.",
)
@click.option(
    "--redactor", metavar="MODULE:FUNCTION", help="A function (text, path) of your own, called after the rules."
)
def redact(
    file: Any,
    as_diff: bool,
    as_json: bool,
    preset: str | None,
    style: str | None,
    rules: str | None,
    patterns: tuple[str, ...],
    redactor: str | None,
) -> None:
    """Print a text as telemetry would have it: without personal data and secrets.

    \b
      genscope redact < prompt.txt
      genscope redact --diff --pattern 'ORDER=ORD-[0-9]{6}' prompts.log

    Without options it does what the environment says (GENSCOPE_REDACTION and its like), so that it shows what an
    application with the same environment would write.
    """
    import json
    import sys

    from genscope.local.redacting import redact as redact_text

    if os.getcwd() not in sys.path:  # where a function of one's own is
        sys.path.insert(1, os.getcwd())
    options: dict[str, Any] = {
        "redaction": preset,
        "redaction_style": style,
        "redaction_rules": rules,
        "redaction_patterns": "\n".join(patterns) or None,
        "redactor": redactor,
    }
    try:
        text, removals = redact_text(file.read().decode("utf-8", "surrogateescape"), options)
    except ValueError as reason:
        raise click.UsageError(str(reason)) from reason
    if as_json:
        found = [{"rule": one.rule, "start": one.start, "end": one.end, "line": one.line} for one in removals]
        click.echo(json.dumps({"text": text, "removed": found}, indent=2))
    elif as_diff:
        for one in removals:
            click.echo(f"{one.line}:{one.column}\t{one.rule}\t{one.removed!r} → {one.replacement!r}")
    else:
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
