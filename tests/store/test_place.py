"""Where the store is on each platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from genscope.local.store.place import path_of

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


def test_the_setting_wins() -> None:
    assert path_of("~/mine.db", {"XDG_STATE_HOME": "/state"}, "linux") == HOME / "mine.db"
