"""The options of genscope, and who sets them.

An argument wins over the declarative file (`OTEL_CONFIG_FILE`), that over the environment, the environment over the
default. A value that cannot be read is said in a warning with the accepted ones, and the default, always the cautious
side, is taken.
"""

from genscope.settings.option import UNREADABLE
from genscope.settings.options import OPTIONS, TOPICS, Settings
from genscope.settings.resolution import (
    ARGUMENT,
    DEFAULT,
    FILE,
    Resolution,
    complain,
    complained,
    environment,
    refuse_unknown,
    resolve,
    say_once,
)
from genscope.settings.values import Hook, Redact

__all__ = [
    "ARGUMENT",
    "DEFAULT",
    "FILE",
    "OPTIONS",
    "TOPICS",
    "UNREADABLE",
    "Hook",
    "Redact",
    "Resolution",
    "Settings",
    "complain",
    "complained",
    "environment",
    "refuse_unknown",
    "resolve",
    "say_once",
]
