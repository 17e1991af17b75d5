"""Objectives for programs: `genscope.slo.status()`, for an endpoint that says how a service is, and their parts.

import genscope.slo
healthy = all(one.state != "firing" for one in genscope.slo.status())
"""

from genscope.core.scores import observe_score
from genscope.features.slo.alerts import Alert
from genscope.features.slo.objective import Objective
from genscope.features.slo.status import Status, status

__all__ = ["Alert", "Objective", "Status", "observe_score", "status"]
