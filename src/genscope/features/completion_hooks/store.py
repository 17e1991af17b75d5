"""Files in a store of fsspec's. It is opened when the first one is written: that takes long, and may need a network."""

from __future__ import annotations

import os
from importlib import import_module
from threading import Lock
from typing import Any


class Store:
    """Below `base`, a URL that ends with a slash. What goes wrong is raised, as what the store makes of it."""

    def __init__(self, base: str) -> None:
        """Raises ImportError where a package is missing, and ValueError for a URL of a kind that is unknown."""
        self._base = base
        # Now, and in the thread of the application: in the child of a process that forks while another thread imports,
        # modules stay half imported.
        self._fsspec: Any = import_module("fsspec.core")
        for url in base.split("::"):
            self._fsspec.get_filesystem_class(url.partition("://")[0])
        self._fsspec.url_to_fs("memory://")  # for what is imported on the way
        self._reset()

    def _reset(self) -> None:
        self._lock = Lock()
        self._process = os.getpid()
        self._files: Any = None
        self._root = ""

    def put(self, path: str, data: bytes) -> None:
        """Write a file, over one that is there."""
        files, root = self._opened()
        whole = root + path
        try:
            files.pipe_file(whole, data)
        except FileNotFoundError:
            # A folder is missing. Only below what is there: in the place of a bucket a store would make a new one.
            if not self._base.startswith("file://") and not files.exists(root.rstrip("/")):
                raise
            files.makedirs(whole.rpartition("/")[0], exist_ok=True)
            files.pipe_file(whole, data)

    def _opened(self) -> tuple[Any, str]:
        if self._process != os.getpid():  # connections and locks of the process that this one was forked from
            self._reset()
        with self._lock:
            if self._files is None:
                files, root = self._fsspec.url_to_fs(self._base)
                self._root = root.rstrip("/") + "/" if root else ""
                self._files = files
            return self._files, self._root
