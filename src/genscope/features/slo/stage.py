"""The stage that lets objectives see what calls do. Works whether or not anybody records them."""

from __future__ import annotations

from genscope.core.operation import Operation
from genscope.core.pipeline import Stage
from genscope.features.slo.sinks.courier import telling
from genscope.features.slo.watch import Watch


class Objectives(Stage):
    """Ends after what says the cost of a call, and the stages before it."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def idle(self) -> bool:
        return False  # objectives are to hold where nobody records anything, too

    def end(self, op: Operation) -> None:
        if op.purpose is None and not telling.get():  # not what judges ask a model: that is nobody's to wait for
            self.watch.add(op)

    def flush(self, timeout: float) -> bool:
        """Evaluate, and have every alert delivered; True if that was done in so many seconds."""
        return self.watch.flush(timeout)
