"""`python -m genscope.local.simulator`: the simulator in the foreground, its URL on the first line of the output."""

from __future__ import annotations

import argparse
import threading
from contextlib import suppress

from .scenarios import OPTIONS
from .server import Simulator


def _table(rows: dict[str, str]) -> str:
    return "\n".join(f"  {name:<24}{doc}" for name, doc in rows.items())


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m genscope.local.simulator",
        description="A loopback server that answers like the OpenAI API and Anthropic's messages. Prints its URL on "
        "the first line.",
        epilog="The base URL chooses a scenario: URL/s/SCENARIO[,OPTION=VALUE]/v1; plain URL/v1 is ok.\n"
        "It is the same for both: Anthropic's clients add a /v1 of their own, which does no harm.\n\n"
        f"scenarios:\n{_table(dict(Simulator.scenarios))}\n\noptions of a scenario:\n{_table(dict(OPTIONS))}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="TCP port (default: a free one)")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds before the first token (default: 0)")
    given = parser.parse_args()
    with Simulator(given.pause, port=given.port) as simulator:
        print(simulator.url, flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
