"""A response that runs in the background, cancelled: no inference, and what comes back is the response as it stands."""

from __future__ import annotations

from typing import Final

from genscope.wire import fetched_items as CONTENT
from genscope.wire.fetched_responses import Answer, read_request, read_response

__all__ = ["CONTENT", "OPERATION", "Answer", "read_request", "read_response"]

OPERATION: Final = "cancel_response"
"""The conventions have no word for it; `fetch_response` would be another act."""
