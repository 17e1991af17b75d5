"""A process that spends: python -m budget.spender STORE LIMIT CALLS [open|closed] [MILESTONE]

Says `ready`, makes its calls, says `milestone` after so many of them and `spent` after all, each time waits for a line,
and at the end says as JSON how many were granted and refused, once its store has all of it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from genscope.budget import BudgetExceeded
from genscope.features.budget import counting
from genscope.features.budget.declaring import declared
from genscope.features.budget.ledgers import ledger_at
from genscope.features.budget.stage import Budgets

from .calls import answered, call


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def spender(store: str, limit: str, fail: str = "open") -> Budgets:
    return Budgets(declared(limit), mode="deny", fail=fail, ledger=ledger_at(store))


def spend(one: Budgets, calls: int, at: Callable[[int], None] = lambda number: None) -> dict[str, int]:
    granted = refused = 0
    for number in range(calls):
        at(number)
        op = call()
        try:
            one.admit(op)
        except BudgetExceeded:
            refused += 1
            continue
        granted += 1
        one.end(answered(op, 1, 1))
    return {"granted": granted, "refused": refused}


def main(store: str, limit: str, calls: str, fail: str = "open", milestone: str = "-1") -> None:
    def at(number: int) -> None:
        if number == int(milestone):
            say("milestone")
            sys.stdin.readline()

    one = spender(store, limit, fail)
    say("ready")
    sys.stdin.readline()
    found = spend(one, int(calls), at)
    say("spent")
    sys.stdin.readline()
    if not any(one.flush(1.0) for _ in range(10)):
        raise SystemExit("not everything was settled")
    say(json.dumps({**found, "unshared": sum(counting.unshared.values())}))


if __name__ == "__main__":
    main(*sys.argv[1:])
