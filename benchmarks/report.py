"""The results of a run as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .cases import CASES
from .targets import Results

STREAMS = {case.name for case in CASES if case.chunks}


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column to the left, all others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    rule = ["-" * width if column == 0 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]

    def line(row: Sequence[str]) -> str:
        first, *others = widths
        return "| " + " | ".join([row[0].ljust(first), *map(str.rjust, row[1:], others)]) + " |"

    return "\n".join(map(line, [head, rule, *rows]))


def _number(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _ratio(ours: float | None, floor: float | None) -> str:
    return f"{ours / floor:.2f}" if ours is not None and floor else ""


def _counts(found: dict[str, dict[str, dict[str, dict[str, float]]]] | str) -> str:
    if isinstance(found, str):
        return f"Not counted: {found}."
    rows: list[list[str]] = []
    for mode, cases in found.items():
        for case, row in cases.items():
            floor, ours = row["floor"], row.get("genscope", {})
            rows.append([
                f"{case} [{mode}]",
                _number(row["bare"]["bytecodes"]),
                f"{floor['bytecodes']:,.0f} + {floor['c_calls']:,.0f}",
                f"{ours['bytecodes']:,.0f} + {ours['c_calls']:,.0f}" if ours else "",
                _ratio(ours.get("bytecodes"), floor["bytecodes"]),
                _number(floor.get("per_chunk"), 1),
                _number(ours.get("per_chunk"), 1),
            ])  # fmt: skip
    head = ["case", "bare", "floor adds", "genscope adds", "of floor", "floor, per chunk", "genscope, per chunk"]
    return _table(head, rows)


def _cpu(found: dict[str, dict[str, dict[str, dict[str, float]]]], chunks: int) -> str:
    def added(figures: dict[str, float]) -> str:
        return f"{figures['us']:,.0f} ({figures['low']:,.0f}..{figures['high']:,.0f})" if figures else ""

    rows: list[list[str]] = []
    for mode, cases in found.items():
        for case, row in cases.items():
            ours = row.get("genscope", {})
            ratio = (
                f"{ours['ratio']:.2f} ({ours['ratio_low']:.2f}..{ours['ratio_high']:.2f})" if "ratio" in ours else ""
            )
            per_chunk = [""] * 2
            if case in STREAMS:
                per_chunk = [
                    _number(row[name]["us"] / chunks, 2) if name in row else "" for name in ("floor", "genscope")
                ]
            rows.append(
                [f"{case} [{mode}]", _number(row["bare"]["us"]), added(row["floor"]), added(ours), ratio, *per_chunk]
            )
    head = ["case", "bare", "floor adds", "genscope adds", "of floor", "floor / chunks", "genscope / chunks"]
    return _table(head, rows)


def _memory(found: dict[str, float]) -> str:
    rows = [[name if name != "bare" else "bare (all of it)", f"{held / 1024:,.1f}"] for name, held in found.items()]
    return _table(["", "KB"], rows)


def _startup(found: dict[str, dict[str, Any]]) -> str:
    if not found:
        return "Not measured: no genscope."
    rows = [
        [
            {"plumbing": "opentelemetry.instrumentation", "genscope": "then genscope"}[step],
            _number(cost["cpu_ms"], 1),
            _number(cost["wall_ms"], 1),
            _number(cost["rss_kb"] / 1024, 1),
            _number(cost["modules"]),
            ", ".join(cost["sdks"]) or "none",
        ]
        for step, cost in found.items()
    ]
    return _table(["import and instrument()", "CPU ms", "wall ms", "MB", "modules", "of SDKs"], rows)


def _soak(found: dict[str, dict[str, int]]) -> str:
    head = ["", "calls", "blocks more", "of a call", "objects more", "KB resident more"]
    rows = [
        [kind, *(f"{grown[figure]:,}" for figure in ("calls", "blocks")), f"{grown['blocks'] / grown['calls']:.3f}"]
        + [f"{grown[figure]:,}" for figure in ("objects", "rss_kb")]
        for kind, grown in found.items()
    ]
    return _table(head, rows)


def _targets(verdicts: list[dict[str, Any]]) -> str:
    said = {True: "met", False: "MISSED", None: "not measured"}
    rows = [
        [
            verdict["target"],
            f"<= {verdict['limit']:,g}",
            _number(verdict["value"], 2 if verdict["limit"] < 100 else 0),
            said[verdict["met"]],
            "yes" if verdict["asserted"] else "",
        ]
        for verdict in verdicts
    ]
    return _table(["target", "limit", "measured", "verdict", "asserted"], rows)


def sections(results: Results) -> Iterator[str]:
    """The parts of the report, in order."""
    yield "# Overhead\n\n" + ", ".join(f"{name} {value}" for name, value in results["versions"].items())
    for name, reason in results["missing"].items():
        yield f"**{name} is not importable, so it was not measured**: {reason}"
    if "counts" in results:
        yield "## Bytecodes + C calls added per call\n\n" + _counts(results["counts"])
    if "cpu" in results:
        yield "## CPU microseconds added per call (95 % range)\n\n" + _cpu(results["cpu"], results["chunks"])
    if "memory" in results:
        title = f"## Memory held per open stream after {results['chunks']:,} chunks"
        yield f"{title}\n\n" + _memory(results["memory"])
    if "startup" in results:
        yield "## Switching on in a program that uses no SDK\n\n" + _startup(results["startup"])
    if "soak" in results:
        yield "## Memory that very many calls leave behind\n\n" + _soak(results["soak"])
    yield "## Targets\n\n" + _targets(results["targets"])
    if results["faults"]:
        yield "## NOT WORKING, so the figures above praise nothing\n\n" + "\n".join(f"- {f}" for f in results["faults"])
