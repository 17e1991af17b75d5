"""The stage that says what a call cost."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final, Literal

from genscope.core.operation import Cost, Operation
from genscope.core.pipeline import Stage
from genscope.features.cost.arithmetic import counts

if TYPE_CHECKING:
    from genscope.features.cost.book import Found, PriceBook
    from genscope.features.cost.own_table import OwnTable

logger = logging.getLogger("genscope")

Source = Literal["embedded", "genai-prices"]

_MAX_SAID: Final = 256
_QUIET_SECONDS: Final = 1.0
_HERE: Final = frozenset({"localhost", "::1", "0.0.0.0"})


class Pricing(Stage):
    """Sets `op.cost` where the provider did not: from the user's prices, else from a table, else not at all.

    An unknown model has no cost, and neither has a call of which nothing was counted.
    """

    def __init__(self, own: Any = None, source: Source = "embedded") -> None:
        """`own` are the user's prices: `own_table.read_own_prices` reads them, and its `ValueError` comes out here."""
        self._own: OwnTable | None = None
        if own is not None:
            from genscope.features.cost.own_table import read_own_prices

            self._own = read_own_prices(own)
        self._genai = source == "genai-prices"
        self._book: PriceBook | None = None
        self._said: set[tuple[str, str | None]] = set()
        self._said_at = -_QUIET_SECONDS

    def idle(self) -> bool:
        return True  # whoever reads the cost says whether there is anybody to read it

    def end(self, op: Operation) -> None:
        if op.cost is None and counts(op):
            op.cost = (self._book or self._open_book()).cost(op)
            if op.cost is None:
                op.unpriced = True
                self._warn(op)

    def cost(self, op: Operation) -> Cost | None:
        """What a call cost, from what its record says it used. None if that, or the price of it, is not known."""
        return (self._book or self._open_book()).cost(op)

    def nano_dollars(self, op: Operation, input_tokens: int, output_tokens: int) -> int | None:
        """What so many tokens of a call would cost, in billionths of a dollar; None if nobody knows."""
        total = (self._book or self._open_book()).amount_of_tokens(op, input_tokens, output_tokens)
        return None if total is None else (total + 500_000) // 1_000_000

    def find(self, op: Operation) -> Found | None:
        """The price of the model of a call, at the tier and in the region where it was served, as far as is known."""
        return (self._book or self._open_book()).find(op)

    def wait(self, seconds: float) -> bool:
        """Until all prices are there, for who has the time: calls never wait. False if they are not in the end."""
        return (self._book or self._open_book()).wait(seconds)

    def _open_book(self) -> PriceBook:
        """When the first call is priced: neither an import of genscope nor its instrumenting waits for prices."""
        from genscope.features.cost.book import PriceBook

        if self._book is None:
            self._book = PriceBook(self._own, self._genai)
        return self._book

    def _warn(self, op: Operation) -> None:
        """Once for each model, and for few of them at a time. Nobody is billed for what runs on this machine."""
        host = op.server_address or ""
        if host in _HERE or host.startswith("127."):
            return
        model = (op.provider, op.response_model or op.model)
        now = time.monotonic()
        known = model[1] is None or model in self._said
        if known or len(self._said) >= _MAX_SAID or now - self._said_at < _QUIET_SECONDS:
            return
        self._said.add(model)
        self._said_at = now
        logger.warning(
            "genscope: no price is known for what %s of %s used; such calls have no cost", model[1], model[0]
        )
