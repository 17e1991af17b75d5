"""What a budget adds to a call, in microseconds of this thread: python -m benchmarks.budget [--redis redis://HOST:PORT/0]

The stage alone, on a record as a call has it: its part before the request (`admit`) and its part after it (`end`). Each
figure is the best of several rounds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from genscope.core.operation import Cost, Operation, Usage
from genscope.features.budget.declaring import declared
from genscope.features.budget.ledger import Account, Hold, Ledger
from genscope.features.budget.ledgers import ledger_at
from genscope.features.budget.memory import MemoryLedger
from genscope.features.budget.stage import Budgets
from genscope.features.cost.stage import Pricing
from genscope.telemetry.attributes import response_attributes

ROUNDS = 7
BODY = {
    "model": "gpt-4o-mini",
    "messages": [
        {"role": "system", "content": "You are brief."},
        {"role": "user", "content": "What is the capital of France?"},
    ],
    "max_tokens": 100,
}
LIMITS = {
    "60 requests/minute": "60000000 requests/minute",
    "50 usd/day": "5000000 usd/day",
    "three, one of them per user": "5000000 usd/day; 20000 usd/day per user; 100000000 tokens/hour per model",
}


def best(act: Callable[[], object], repeat: int) -> float:
    """Microseconds."""
    found: list[float] = []
    for _ in range(ROUNDS):
        started = time.thread_time()
        for _ in range(repeat):
            act()
        found.append((time.thread_time() - started) / repeat * 1e6)
    return min(found)


def operation() -> Operation:
    op = Operation("chat", "openai", "api.openai.com", 443, False)
    op.model = "gpt-4o-mini"
    op.request = {"max_tokens": 100, "conversation_id": "c1"}
    op.raw = BODY
    op.usage = Usage()
    op.usage.input_tokens, op.usage.output_tokens = 20, 10
    op.cost = Cost(0.000009, "USD", "table")
    return op


def stage_cost(text: str, ledger: Ledger, repeat: int = 2_000) -> float:
    budgets = Budgets(
        declared(text),
        mode="deny",
        ledger=ledger,
        pricer=lambda op, given, taken: given * 150 + taken * 600,
        identity=lambda op: {"user": "u1"},
    )
    op = operation()

    def call() -> None:
        budgets.admit(op)
        budgets.end(op)

    return best(call, repeat)


def cost_and_budget(repeat: int = 2_000) -> tuple[float, float]:
    """A call is priced, and held to a limit of money by the same prices; and what both write on a recorded span."""
    pricing = Pricing()
    budgets = Budgets(declared("5000000 usd/day"), mode="deny", pricer=pricing.nano_dollars)
    op = operation()

    def call() -> None:
        op.cost = None
        budgets.admit(op)
        pricing.end(op)
        budgets.end(op)

    stages = best(call, repeat)
    written: list[float] = []
    for without in (False, True):
        if without:
            op.cost = op.budget = None
        with recorded_span() as span:
            written.append(best(lambda: span.set_attributes(response_attributes(op)), repeat))
    return stages, written[0] - written[1]


def ledger_cost(ledger: Ledger, repeat: int) -> float:
    account = Account("bench", 2**52, None)

    def call() -> None:
        hold = Hold([account], [10])
        ledger.reserve(hold)
        ledger.settle(hold, [0])

    return best(call, repeat)


@contextmanager
def recorded_span() -> Iterator[Any]:
    from opentelemetry.sdk.trace import TracerProvider

    span = TracerProvider().get_tracer("bench").start_span("chat")
    yield span
    span.end()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--redis", help="address of a server to measure as well")
    redis = arguments.parse_args().redis
    print("| what | us per call |\n| --- | ---: |")
    print(f"| memory: reserve and settle one account | {ledger_cost(MemoryLedger(), 20_000):.1f} |")
    for name, text in LIMITS.items():
        print(f"| stage, memory, {name} | {stage_cost(text, MemoryLedger()):.1f} |")
    stages, attributes = cost_and_budget()
    print(f"| cost and 50 usd/day in memory together | {stages:.1f} |")
    print(f"| what both write on a recorded span: seven attributes | {attributes:.1f} |")
    with tempfile.TemporaryDirectory() as folder:
        ledger = ledger_at(f"sqlite://{Path(folder).as_posix()}/budget.db")
        print(f"| SQLite: reserve and settle one account | {ledger_cost(ledger, 300):.0f} |")
        ledger.flush(5)
        ledger.close()  # type: ignore[attr-defined]
    if redis:
        ledger = ledger_at(redis)
        print(f"| Redis: reserve and settle one account | {ledger_cost(ledger, 500):.0f} |")
        ledger.flush(5)


if __name__ == "__main__":
    main()
