"""Budgets for programs: `genscope.budget.status()`, and what limits, alerts and estimates are made of.

import genscope.budget
for budget in genscope.budget.status():
    print(budget.limit, budget.remaining, budget.resets_at)
"""

from genscope.core.refusal import BudgetExceeded
from genscope.features.budget.alerts import Alert
from genscope.features.budget.estimate import Estimate
from genscope.features.budget.limits import Limit
from genscope.features.budget.status import Status, status

__all__ = ["Alert", "BudgetExceeded", "Estimate", "Limit", "Status", "status"]
