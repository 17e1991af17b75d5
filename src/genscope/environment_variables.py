"""Our settings for `opentelemetry-instrument --help`: it turns constants that begin with `OTEL_` into flags."""

from genscope.settings import OPTIONS

globals().update(
    {f"OTEL_PYTHON_{option.metadata['env']}": f"OTEL_PYTHON_{option.metadata['env']}" for option in OPTIONS}
)
