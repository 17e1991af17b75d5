"""Alerts on calls to models: how long they take, and whether they succeed."""

from __future__ import annotations

from collections.abc import Iterator

from genscope.core.defects import DEFECTS as KNOWN_DEFECTS
