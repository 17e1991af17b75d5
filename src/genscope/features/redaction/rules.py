"""All embedded rules, and the sets of them that have a name. A new rule is an entry in one of the three lists."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .rule import Finding, Rule
from .rules_personal import PERSONAL
from .rules_secrets import SECRETS
from .rules_strict import STRICT

__all__ = ["PRESETS", "RULES", "Finding", "Rule"]

# In this order: where two found the same, the first of them names it.
_DEFAULT = SECRETS + PERSONAL

RULES: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in _DEFAULT + STRICT})

PRESETS: Mapping[str, tuple[Rule, ...]] = MappingProxyType(
    {"off": (), "default": _DEFAULT, "strict": _DEFAULT + STRICT},
)
