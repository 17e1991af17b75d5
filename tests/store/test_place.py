"""Where the store is on each platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from genscope.local.store.place import path_of
from genscope.settings.store import amount

HOME = Path.home()


@pytest.mark.parametrize(
    "environ, platform, expected",
    [
        ({}, "linux", HOME / ".local/state/genscope/store.db"),
        ({"XDG_STATE_HOME": "/state"}, "linux", Path("/state/genscope/store.db")),
        ({"XDG_STATE_HOME": "relative"}, "linux", HOME / ".local/state/genscope/store.db"),
        ({}, "darwin", HOME / "Library/Application Support/genscope/store.db"),
        ({"XDG_STATE_HOME": "/state"}, "darwin", Path("/state/genscope/store.db")),
        ({"LOCALAPPDATA": "/local"}, "win32", Path("/local/genscope/store.db")),
        ({}, "win32", HOME / "AppData/Local/genscope/store.db"),
    ],
)
def test_it_is_where_state_is_kept(environ: dict[str, str], platform: str, expected: Path) -> None:
    assert path_of(None, environ, platform) == expected


@pytest.mark.parametrize(
    "said, meant", [("30d", 30 * 86_400), ("1.5h", 5400), ("500mb", 5e8), ("2gb", 2e9), ("90s", 90), ("off", None)]
)
def test_what_a_limit_amounts_to(said: str, meant: float | None) -> None:
    assert amount(said) == meant


def test_the_setting_wins() -> None:
    assert path_of("~/mine.db", {"XDG_STATE_HOME": "/state"}, "linux") == HOME / "mine.db"
