"""Limits at work: which of them a call is under, and the account of each that it is charged to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from math import inf
from typing import Final

from genscope.core.operation import Operation
from genscope.features.budget import counting
from genscope.features.budget.alerts import Alert, reached
from genscope.features.budget.ledger import Account, Balance
from genscope.features.budget.limits import Limit, matches, number
from genscope.features.budget.scopes import Identity, key_of, scope_value
from genscope.features.budget.windows import Window, moment, windows

_MOST: Final = 10_000
"""Accounts that are kept at hand for a limit in the current window; users come and go."""

Values = tuple[str | None, ...]


class RuleAccount(Account):
    """An account of a limit, which knows what it is for."""

    __slots__ = ("rule", "values", "window")

    def __init__(self, rule: Rule, values: Values, window: Window) -> None:
        self.rule = rule
        self.values = values
        self.window = window
        super().__init__(
            key_of(rule.meaning, values, window.start),
            rule.limit.units if rule.denies else None,
            window.end,
        )

    @property
    def scope(self) -> Mapping[str, str | None]:
        return dict(zip(self.rule.limit.per, self.values, strict=True))

    @property
    def resets_at(self) -> datetime | None:
        return None if self.window.end is None else moment(self.window.end, self.rule.zone)

    def settled(self, charge: int, balance: Balance) -> None:
        spent, reserved, refused = balance
        units = self.rule.limit.units
        if spent * 2 < units:  # before the first of the thresholds
            return
        for threshold in reached(spent - charge, spent, units):
            if threshold < 100 or not refused:  # that it refuses has been said
                self.alert(threshold, Balance(spent, reserved))

    def alert(self, threshold: int, balance: Balance) -> None:
        rule = self.rule
        limit = rule.limit
        counting.count_crossing(rule.text, threshold)
        rule.send(
            Alert(
                limit,
                self.scope,
                threshold,
                number(balance.spent, limit.unit),
                number(limit.units - balance.spent - balance.reserved, limit.unit),
                self.resets_at,
                rule.mode,
            )
        )


class Rule:
    """One limit, in a time zone and a mode."""

    def __init__(
        self, limit: Limit, mode: str, zone: tzinfo, send: Callable[[Alert], None], twin: int, identity: Identity
    ) -> None:
        """`twin` tells apart limits that count the same, as a soft and a hard one do."""
        self.limit = limit
        self.unit = limit.unit
        self.mode = limit.mode or mode
        self.denies = self.mode == "deny"
        self.zone = zone
        self.send = send
        self.text = str(limit)
        self.meaning = f"{limit.meaning} #{twin}" if twin else limit.meaning
        self._find = windows(limit.window, zone)
        self._current: tuple[Window, dict[Values, RuleAccount]] = (Window(0, 0), {})
        """In one piece: at the end of a window two threads may go on to the next."""
        self._where = tuple(limit.where.items())
        self._per: Sequence[str] = limit.per
        self._identity = identity
        self._is_for_all = not (self._per or self._where)
        self._only: tuple[RuleAccount, float, float] = (self.at((), 0.0), inf, inf)
        """Of a limit that is for all calls: its account, from when and until when."""

    def account(self, op: Operation, now: float) -> RuleAccount | None:
        """The account of a call at a moment (seconds since the epoch); None if the limit is not for it."""
        if self._is_for_all:
            account, start, end = self._only
            if start <= now < end:
                return account
            account = self.at((), now)
            self._only = (account, account.window.start, inf if account.ends is None else account.ends)
            return account
        for name, pattern in self._where:
            if not matches(pattern, scope_value(op, name, self._identity)):
                return None
        values: Values = ()
        if self._per:
            values = tuple([scope_value(op, name, self._identity) for name in self._per])
        return self.at(values, now)

    def at(self, values: Values, now: float) -> RuleAccount:
        window, accounts = self._current
        if not window.holds(now):
            window, accounts = self._current = (self._find(now), {})
        found = accounts.get(values)
        if found is None:
            if len(accounts) >= _MOST:
                accounts.pop(next(iter(accounts)), None)
            found = accounts[values] = RuleAccount(self, values, window)
        return found

    def accounts(self, now: float) -> list[RuleAccount]:
        """Those that this process has come by in the current window; that of all calls in any case."""
        if not self._per:
            self.at((), now)
        window, accounts = self._current
        return list(accounts.values()) if window.holds(now) else []


def rules(
    limits: Sequence[Limit], mode: str, zone: tzinfo, send: Callable[[Alert], None], identity: Identity
) -> list[Rule]:
    twins: dict[str, int] = {}
    found: list[Rule] = []
    for limit in limits:
        twin = twins[limit.meaning] = twins.get(limit.meaning, -1) + 1
        found.append(Rule(limit, mode, zone, send, twin, identity))
    return found
