"""What is put in the place of what was found."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Callable
from typing import TypeAlias

from .rules import RULES

Replacement: TypeAlias = Callable[[str, str, str], str]
"""From the rule's name, its label and what was found to what is put there."""

_HEX_DIGITS = 12


def by_label(rule: str, label: str, found: str) -> str:
    """`[EMAIL]`"""
    return label


def by_mask(rule: str, label: str, found: str) -> str:
    """Stars: 4, 8 or 16 as it is shorter than 8, shorter than 16 or longer.

    Of cards and IBANs the last four digits stay, by which their owners know them, and `****` stands for the rest: PCI
    DSS 4.0, 3.4.1 lets that much of a card be seen.
    """
    declared = RULES.get(rule)
    if declared is not None and declared.shown:
        return "****" + declared.canonical(found)[-declared.shown :]
    return "*" * (4 if len(found) < 8 else 8 if len(found) < 16 else 16)


def by_hash(key: bytes) -> Replacement:
    """`[EMAIL:3f9a1c0b2d4e]`: the same for the same value, to count and to join by; it tells nothing without the key.

    Of the HMAC-SHA256 the first 48 bits: among a million values two have the same pseudonym with a chance of 1 in 560.
    """

    def replace(rule: str, label: str, found: str) -> str:
        declared = RULES.get(rule)
        value = declared.canonical(found) if declared is not None else unicodedata.normalize("NFKC", found)
        digest = hmac.new(key, f"{label}\0{value}".encode("utf-8", "surrogatepass"), "sha256").hexdigest()
        return f"{label.removesuffix(']')}:{digest[:_HEX_DIGITS]}]"

    return replace
