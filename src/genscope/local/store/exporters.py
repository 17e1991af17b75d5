"""The exporters `genscope_store`: what a program does goes into the local store.

OTEL_TRACES_EXPORTER=genscope_store OTEL_METRICS_EXPORTER=genscope_store opentelemetry-instrument python app.py
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk._logs import export as logs
from opentelemetry.sdk.metrics import Counter, Histogram, ObservableCounter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExporter,
    MetricExportResult,
    MetricsData,
)
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from genscope.core.pipeline import Faults
from genscope.local.store import from_sdk
from genscope.local.store.place import path_of
from genscope.local.store.troubles import StoreError
from genscope.local.store.writing import Store
from genscope.settings import complain, resolve
from genscope.settings.store import amount

if TYPE_CHECKING:
    from opentelemetry.sdk._logs.export import LogRecordExporter
else:
    LogRecordExporter = getattr(logs, "LogRecordExporter", None) or logs.LogExporter  # its name before release 1.38

# Releases before 1.38 call it otherwise.
_LogResult: Any = getattr(logs, "LogRecordExportResult", None) or getattr(logs, "LogExportResult", None)

logger = logging.getLogger("genscope")

_QUIET_SECONDS: Final = 60.0
_DELTA: Final[dict[type, AggregationTemporality]] = dict.fromkeys(
    (Counter, Histogram, ObservableCounter), AggregationTemporality.DELTA
)
"""What has happened since the last time is added up easily, and nothing is written where nothing has."""


class _Shared:
    """A store, and the exporters of this process that write to it."""

    def __init__(self, path: Path, **options: Any) -> None:
        self._said_at = 0.0
        self._faults = Faults()
        self.store = Store(path, warn=self._say, faults=self._faults, **options)

    def attempt(self, write: Callable[[Store], None]) -> bool:
        """Whether it was written. Why not is said, once a minute."""
        try:
            write(self.store)
        except StoreError as reason:
            now = time.monotonic()
            if not self._said_at or now - self._said_at >= _QUIET_SECONDS:
                self._said_at = now
                self._say(f"{reason}. What is recorded meanwhile is lost to the store; the program is not affected")
            return False
        except Exception as fault:
            self._faults.report("the store", fault)
            return False
        return True

    def _say(self, text: str) -> None:
        try:
            logger.warning("genscope: the store %s", text)
        except Exception:  # a handler of the application's may have faults of its own
            pass


_shared: Final[dict[Path, _Shared]] = {}
_sharing: Final = threading.Lock()


def _at(path: str | None) -> _Shared:
    """One for each file, told what is kept by the environment: exporters are made by their names."""
    found = resolve({})
    complain(found)
    settings = found.settings
    place = path_of(path or settings.store).absolute()
    with _sharing:
        if place not in _shared:
            limits = {"max_age": amount(settings.store_max_age), "max_size": amount(settings.store_max_size)}
            _shared[place] = _Shared(place, **limits)
        return _shared[place]


class StoreSpans(SpanExporter):
    """Writes spans to the store at `path`, else where GENSCOPE_STORE says, else to the user's own."""

    def __init__(self, path: str | None = None) -> None:
        self._shared = _at(path)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        done = self._shared.attempt(lambda store: store.add_spans(from_sdk.spans(spans)))
        return SpanExportResult.SUCCESS if done else SpanExportResult.FAILURE

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """What was exported is in the file."""
        return True

    def shutdown(self) -> None:
        self._shared.store.close()


class StoreLogs(LogRecordExporter):
    """The same for log records."""

    def __init__(self, path: str | None = None) -> None:
        self._shared = _at(path)

    def export(self, batch: Sequence[Any], *arguments: Any, **options: Any) -> Any:
        done = self._shared.attempt(lambda store: store.add_logs(from_sdk.logs(batch)))
        return _LogResult.SUCCESS if done else _LogResult.FAILURE

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """What was exported is in the file."""
        return True

    def shutdown(self) -> None:
        self._shared.store.close()


class StoreMetrics(MetricExporter):
    """The same for metrics: of counters and histograms what is new, of the others how they stand."""

    def __init__(self, path: str | None = None) -> None:
        super().__init__(preferred_temporality=_DELTA)
        self._shared = _at(path)

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> MetricExportResult:
        done = self._shared.attempt(lambda store: store.add_points(from_sdk.points(metrics_data)))
        return MetricExportResult.SUCCESS if done else MetricExportResult.FAILURE

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """What was exported is in the file."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        self._shared.store.close()
