"""Our settings for `opentelemetry-instrument --help`: it turns constants that begin with `OTEL_` into flags."""

from genscope.settings import OPTIONS, environment

# Names that are not ours alone are left out: a flag that two packages define is an error of the launcher.
globals().update({name: name for option in OPTIONS for name in environment(option.metadata["env"])[1:]})
