"""Personal data and secrets: the embedded engine finds them in texts and replaces them."""

from __future__ import annotations

from .engine import Redactor, make_redactor
from .replacement import Replacement, by_hash, by_label, by_mask
from .rule import Finding, Rule
from .rules import PRESETS, RULES

__all__ = [
    "PRESETS",
    "RULES",
    "Finding",
    "Redactor",
    "Replacement",
    "Rule",
    "by_hash",
    "by_label",
    "by_mask",
    "make_redactor",
]
