"""Where the store is."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_NAME: Final = "store.db"


def path_of(said: str | None, environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """The file that the setting `store` says, else the user's own."""
    if said:
        return Path(said).expanduser()
    return state_directory(environ, platform) / "genscope" / _NAME


def state_directory(environ: Mapping[str, str], platform: str) -> Path:
    """Where programs keep what is worth keeping, and no document of the user's.

    XDG_STATE_HOME counts on every platform (https://specifications.freedesktop.org/basedir-spec/latest/); it asks to
    ignore a relative path.
    """
    xdg = environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(xdg):
        return Path(xdg)
    if platform == "win32":
        local = environ.get("LOCALAPPDATA", "")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path.home() / ".local" / "state"
