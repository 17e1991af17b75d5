"""The end of a process: what is still open ends before the providers shut down, and what was recorded gets out.

Exit handlers do it. A child that `multiprocessing` has forked, and a worker of Celery's, end without running them
(`os._exit`), and with them would go what the providers have not exported yet: there we flush as well.
"""

from __future__ import annotations

import atexit
import sys
from functools import cache
from typing import Any, Final

from genscope.core.call import end_open_calls

_PATIENCE: Final = 5.0
"""Seconds that a child may take to export, as `genscope.flush` has them by default."""


def prepare() -> None:
    """To be called by the first call of a process, when there is a provider.

    Exit handlers run last in, first out, and the provider's own must run later.
    """
    handler = _finish if _in_multiprocessing() else end_open_calls
    atexit.unregister(handler)
    atexit.register(handler)
    signals = sys.modules.get("celery.signals")
    if signals is not None:
        signals.worker_process_shutdown.connect(_finish, weak=False, dispatch_uid=__name__)


def _in_multiprocessing() -> bool:
    """Whether this is a child of `multiprocessing`; if so, it is told to finish in its own way, too."""
    process: Any = sys.modules.get("multiprocessing.process")
    if process is None or process.parent_process() is None:
        return False
    from multiprocessing.util import Finalize

    Finalize(None, _finish, exitpriority=-100)  # the last: joining what the child has started comes before
    return True


def _finish(**kwargs: Any) -> None:
    """`kwargs` are what Celery says to a receiver."""
    end_open_calls()
    _flush()


@cache
def _flush() -> None:
    """Once: after the exit handlers the providers are shut down."""
    from genscope import flush

    flush(_PATIENCE)
