"""The link of a span whose parent is not exported: not sampled, or not sampled by who sent the request."""

from __future__ import annotations

from typing import Final

from opentelemetry.context import Context
from opentelemetry.trace import Link, get_current_span

from genscope import semconv

UNSAMPLED_PARENT: Final = "unsampled_parent"
"""`genscope.link.kind` of such a link, and of the attributes in its place on the span of another instrumentation."""
_ATTRIBUTES: Final = {semconv.LINK_KIND: UNSAMPLED_PARENT}


def link_to_unsampled(context: Context) -> tuple[Link, ...]:
    """What a span that starts here is to link to, should a sampler keep it all the same."""
    parent = get_current_span(context).get_span_context()
    if parent.trace_flags.sampled or not parent.is_valid:
        return ()
    return (Link(parent, _ATTRIBUTES),)
