"""Names of events, which are log records, and their severity as number and text."""

from __future__ import annotations

from typing import Final

DETAILS_EVENT: Final = "gen_ai.client.inference.operation.details"
DETAILS_SEVERITY: Final = 5
DETAILS_SEVERITY_TEXT: Final = "DEBUG"
EXCEPTION_EVENT: Final = "gen_ai.client.operation.exception"
EXCEPTION_SEVERITY: Final = 13
EXCEPTION_SEVERITY_TEXT: Final = "WARN"
CALL_LOGGER: Final = "genscope.calls"
CALL_EVENT: Final = "genscope.client.call"
CALL_SEVERITY: Final = (9, "INFO")
CALL_SEVERITY_FAILED: Final = (13, "WARN")
EVALUATION_EVENT: Final = "gen_ai.evaluation.result"
EVALUATION_SEVERITY: Final = (9, "INFO")
DRIFT_EVENT: Final = "genscope.evaluation.drift"
DRIFT_SEVERITY: Final = (13, "WARN")

SLO_EVENT: Final = "genscope.slo.alert"
SLO_SEVERITIES: Final = {"critical": (17, "ERROR"), "warning": (13, "WARN"), "info": (9, "INFO")}
SLO_RESOLVED_SEVERITY: Final = (9, "INFO")
LEGACY_ALERT_SPAN: Final = "llm.alert"
"""Name of a span, in addition, among names of old."""
