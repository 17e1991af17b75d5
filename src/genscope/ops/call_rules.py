"""Alerts on calls to models: how long they take, and whether they succeed."""

from __future__ import annotations
