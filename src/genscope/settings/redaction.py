"""The options of redaction: what is taken out of content, wherever it goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from genscope.settings.option import UNREADABLE, option
from genscope.settings.values import Redact, expressions, function, one_of, words


@dataclass(frozen=True)
class RedactionOptions:
    """Redaction"""

    redaction: str = option(
        "GENSCOPE_REDACTION",
        one_of("default", "strict", "off"),
        "default",
        "What is taken out of content wherever it goes: personal data and secrets (`default`), "
        "also all that looks like them (`strict`), or nothing (`off`).",
    )
    redaction_style: str = option(
        "GENSCOPE_REDACTION_STYLE",
        one_of("label", "mask", "hash"),
        "label",
        "What stands in the place: the kind (`label`: `[EMAIL]`), a `mask`, or a pseudonym (`hash`, keyed with "
        "GENSCOPE_HASH_KEY).",
    )
    redaction_rules: Collection[str] = option(
        "GENSCOPE_REDACTION_RULES",
        words,
        (),
        "Rules to add to those of the preset, or to leave out: `long_number,-phone`.",
        fallback=UNREADABLE,
    )
    redaction_patterns: Mapping[str, str] = option(
        "GENSCOPE_REDACTION_PATTERNS",
        expressions,
        {},
        "Regular expressions of your own by name, a line `NAME=EXPRESSION` for each or a JSON object; "
        "what they match becomes `[NAME]`.",
        fallback=UNREADABLE,
    )
    redactor: Redact | None = option(
        "GENSCOPE_REDACTOR",
        function,
        None,
        "A function `(text, path)`, or `package.module:function`: is given each text of the content after the rules, "
        "and returns what may be seen of it.",
        fallback=UNREADABLE,
    )
    redaction_allow: Collection[str] = option(
        "GENSCOPE_REDACTION_ALLOW",
        words,
        (),
        "Paths that are not redacted, `*` for anything: `tools.*,*.arguments.order_id`.",
    )
    redaction_deny: Collection[str] = option(
        "GENSCOPE_REDACTION_DENY",
        words,
        (),
        "Paths whose texts are never written: `instructions.*,*.arguments.*`.",
        fallback=UNREADABLE,
    )
    redacted_exporter: Collection[str] = option(
        "GENSCOPE_REDACTED_EXPORTER",
        words,
        ("otlp",),
        "Where the exporter `genscope_redacted` sends spans and log records, whoever made them, when it has redacted "
        "them: names of exporters, `otlp,console`.",
    )
    presidio: Collection[str] = option(
        "GENSCOPE_PRESIDIO",
        words,
        (),
        "Languages (`en,de`) in which Microsoft Presidio looks for names, places and more, in these exporters only; "
        "needs `genscope[presidio]`.",
        fallback=UNREADABLE,
    )
