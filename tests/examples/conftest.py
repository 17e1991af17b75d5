"""The examples are imported as their users start them: from the root of the repository."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

pytest.register_assert_rewrite("collector", "browser")
