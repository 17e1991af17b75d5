"""Accounts in Redis or Valkey: shared by the processes of many hosts."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from genscope.features.budget.ledger import Account, Balance, Hold, Verdict
from genscope.features.budget.redis_script import SCRIPT
from genscope.features.budget.store import (
    GRACE_SECONDS,
    HOLD_SECONDS,
    MEMORY_SECONDS,
    Answer,
    Batch,
)

SCHEMES: Final = {
    "redis": "redis",
    "rediss": "rediss",
    "unix": "unix",
    "valkey": "redis",
    "valkeys": "rediss",
    "redis+cluster": "redis",
    "rediss+cluster": "rediss",
    "valkey+cluster": "redis",
    "valkeys+cluster": "rediss",
}
_TIMEOUT: Final = 0.25
"""Seconds to connect, and again for an answer."""
_SHA: Final = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


class RedisStore:
    """One connection for the process, used by one thread at a time.

    `redis://`, `rediss://`, `unix://` and `valkey://` as the `redis` package reads them, with `+cluster` for a cluster,
    where all keys are in one slot. `?namespace=NAME` keeps applications apart that share a server; all else in the
    query is for the package, `socket_timeout` say.
    """

    name = "redis"

    def __init__(self, url: str) -> None:
        """Raises `ImportError` without the package, `ValueError` for what is no address. Connects when it is used."""
        import redis
        from redis import exceptions
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        namespace = quote(query.pop("namespace", "default"), safe="")
        self._prefix = f"genscope:budget:{{{namespace}}}:"
        address = urlunsplit(parts._replace(scheme=SCHEMES[parts.scheme], query=urlencode(query)))
        if parts.scheme == "unix" and not parts.netloc:
            address = re.sub(r"^unix:/*", "unix:///", address)
        options: dict[str, Any] = {"socket_timeout": _TIMEOUT, "socket_connect_timeout": _TIMEOUT}
        self._lost: type[Exception] = exceptions.ConnectionError
        self._unknown_script: type[Exception] = exceptions.NoScriptError
        self._client: Any
        if parts.scheme.endswith("+cluster"):
            make: Any = redis.RedisCluster.from_url
            self._make = lambda: make(address, **options)
            self._client = None  # it looks for the nodes at once
        else:
            # The package would try again for seconds. Here once more is enough, see `_evaluate`.
            options["retry"] = Retry(NoBackoff(), 0)
            make: Any = getattr(redis.Redis, "from_url")  # noqa: B009 - its types are unknown
            self._make = lambda: make(address, **options)
            self._client = self._make()

    def exchange(self, client: str, batch: Batch, holds: Sequence[Hold]) -> Answer:
        accounts = _Numbered(self._prefix)
        now = time.time()
        arguments: list[str | int] = [len(batch.postings)]
        for account, hold_id, reserved, charge in batch.postings:
            member = f"{hold_id}|{reserved}" if reserved else ""
            arguments += (accounts.number(account), member, reserved, charge)
        arguments.append(len(holds))
        for hold in holds:
            arguments.append(len(hold.accounts))
            for account, amount in zip(hold.accounts, hold.amounts, strict=True):
                cap = "" if account.cap is None else account.cap
                arguments += (accounts.number(account), f"{hold.id}|{amount}", amount, cap)
        keys = [f"{self._prefix}seen:{client}", *accounts.keys]
        head = (batch.number, MEMORY_SECONDS, HOLD_SECONDS, len(accounts), *accounts.kept(now))
        said = iter(self._evaluate(keys, (*head, *arguments)))
        posted = list(_balances(said, len(batch.postings)))
        verdicts: list[Verdict] = []
        for hold in holds:
            refusing, first = next(said) - 1, bool(next(said))
            balances = list(_balances(said, len(hold.accounts)))
            verdicts.append(Verdict(None if refusing < 0 else refusing, balances, first))
        return Answer(posted, verdicts)

    def read(self, accounts: Sequence[Account]) -> Sequence[Balance]:
        """Whatever has expired is taken away first, as in every exchange."""
        nothing = Hold([Account(account.key, None, account.ends) for account in accounts], [0] * len(accounts))
        return self.exchange("", Batch(0, ()), [nothing]).verdicts[0].balances

    def close(self) -> None:
        client = self._client
        if client is not None:
            client.close()
            pool = getattr(client, "connection_pool", None)
            if pool is not None:
                pool.disconnect()

    def _evaluate(self, keys: Sequence[str], arguments: Sequence[str | int]) -> list[int]:
        try:
            return self._run(keys, arguments)
        except self._lost:  # the server has closed an idle connection, or was started anew
            return self._run(keys, arguments)  # what was done already is not done again

    def _run(self, keys: Sequence[str], arguments: Sequence[str | int]) -> list[int]:
        if self._client is None:
            self._client = self._make()
        try:
            return self._client.evalsha(_SHA, len(keys), *keys, *arguments)
        except self._unknown_script:  # a server that was started anew, or SCRIPT FLUSH
            return self._client.eval(SCRIPT, len(keys), *keys, *arguments)


class _Numbered:
    """The accounts of an exchange, each once, with the numbers that the script knows them by."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers: dict[str, int] = {}
        self._accounts: list[Account] = []

    def __len__(self) -> int:
        return len(self._accounts)

    def number(self, account: Account) -> int:
        found = self._numbers.get(account.key)
        if found is None:
            self._accounts.append(account)
            found = self._numbers[account.key] = len(self._accounts)
        return found

    @property
    def keys(self) -> Iterator[str]:
        for account in self._accounts:
            yield f"{self._prefix}{account.key}"
            yield f"{self._prefix}{account.key}|held"

    def kept(self, now: float) -> Iterator[str | int]:
        """Seconds. As a span and not as a moment: the clocks of hosts differ."""
        for account in self._accounts:
            yield "" if account.ends is None else max(1, int(account.ends - now)) + GRACE_SECONDS


def _balances(said: Iterator[int], count: int) -> Iterator[Balance]:
    for _ in range(count):
        spent, reserved, refused = next(said), next(said), next(said)
        yield Balance(spent, reserved, bool(refused))
