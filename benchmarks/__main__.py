"""``python -m benchmarks``: the command line."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from . import report
from .cases import CASES, MODES
from .session import Session
from .targets import Results, verdicts

PARTS = ("counts", "cpu", "memory", "startup")
SOAK = "soak"
"""Takes minutes, and only when it is asked for."""
CHUNKS = 1000
CALLS = 100_000


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="What genscope adds to a call, beside what a hand-written minimum adds. Prints Markdown.",
        epilog="How a figure comes about, and how to read it: benchmarks/README.md.",
    )
    names = [case.name for case in CASES]
    parser.add_argument(
        "--only", choices=(*PARTS, SOAK), nargs="+", default=PARTS, help="measure these parts (all but soak)"
    )
    parser.add_argument(
        "--modes", choices=list(MODES), nargs="+", default=list(MODES), help="how telemetry is set up (all)"
    )
    parser.add_argument(
        "--cases", choices=names, nargs="+", default=names, metavar="CASE", help=f"of {', '.join(names)} (all)"
    )
    parser.add_argument("--chunks", type=int, default=CHUNKS, help="chunks of a stream (%(default)s)")
    parser.add_argument("--calls", type=int, default=CALLS, help="calls of the soak (%(default)s)")
    parser.add_argument("--rounds", type=int, default=30, help="timed rounds per case and implementation (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="8 rounds in one set of processes: a look, not a figure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results there")
    parser.add_argument("--check", action="store_true", help="exit 1 if an asserted (deterministic) target is missed")
    arguments = parser.parse_args()
    if arguments.chunks < 10 or arguments.rounds < 3 or arguments.calls < 1000:
        parser.error("too few chunks, rounds or calls for a figure")
    return arguments


def main() -> int:
    """Measure, print, and say with the exit code whether the figures may be believed (and, if asked, are kept)."""
    arguments = _arguments()
    session = Session(arguments.modes, arguments.cases, arguments.chunks)
    results: Results = {"chunks": arguments.chunks}
    if "counts" in arguments.only:
        results["counts"] = session.counts()
    if "cpu" in arguments.only:
        rounds, starts = (8, 1) if arguments.quick else (arguments.rounds, 2)
        results["cpu"] = session.cpu(rounds, starts)
    if "memory" in arguments.only:
        results["memory"] = session.memory()
    if "startup" in arguments.only:
        results["startup"] = session.startup(times=3 if arguments.quick else 7)
    if SOAK in arguments.only:
        results["soak"] = session.soak(arguments.calls)
    results |= {"versions": session.versions, "missing": session.missing, "faults": session.faults}
    results["targets"] = verdicts(results)

    print("\n\n".join(report.sections(results)))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    if session.faults:
        return 1
    return _check(results) if arguments.check else 0


def _check(results: Results) -> int:
    missed = [verdict for verdict in results["targets"] if verdict["asserted"] and verdict["met"] is False]
    for verdict in missed:
        print(f"check failed: {verdict['target']}: {verdict['value']:,.2f} > {verdict['limit']:,g}", file=sys.stderr)
    checked = [verdict for verdict in results["targets"] if verdict["asserted"] and verdict["met"] is not None]
    if not checked:  # nothing measured is nothing kept
        print("check failed: no asserted target was measured", file=sys.stderr)
    return 1 if missed or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
