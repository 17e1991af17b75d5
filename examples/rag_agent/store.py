"""The guides in SQLite: found by meaning (sqlite-vec) and by words (FTS5)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import apsw  # an SQLite of its own: the sqlite3 of many Pythons (macOS, pyenv) loads no extensions
import sqlite_vec

_DAMPING = 60
"""How little the first places count more than the next, when two rankings become one: https://doi.org/10.1145/1571941.1572114"""


class Store:
    """In memory; its methods may be called from any thread."""

    def __init__(self) -> None:
        self._db = apsw.Connection(":memory:")
        self._db.enable_load_extension(True)
        self._db.load_extension(sqlite_vec.loadable_path())
        self._db.enable_load_extension(False)

    def fill(self, guides: Mapping[str, str], vectors: Sequence[Sequence[float]]) -> None:
        """Guides by city, and a vector for each."""
        dimensions = len(vectors[0])
        self._db.execute("CREATE TABLE guide (id INTEGER PRIMARY KEY, city TEXT UNIQUE COLLATE NOCASE, text TEXT)")
        self._db.execute("CREATE VIRTUAL TABLE words USING fts5(text, tokenize = 'porter')")
        self._db.execute(f"CREATE VIRTUAL TABLE meaning USING vec0(vector float[{dimensions}] distance_metric=cosine)")
        with self._db:
            for id, ((city, text), vector) in enumerate(zip(guides.items(), vectors, strict=True)):
                self._db.execute("INSERT INTO guide VALUES (?, ?, ?)", (id, city, text))
                self._db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (id, text))
                packed = sqlite_vec.serialize_float32(list(vector))
                self._db.execute("INSERT INTO meaning (rowid, vector) VALUES (?, ?)", (id, packed))

    def search(self, query: str, vector: Sequence[float], limit: int) -> list[str]:
        """The texts that are nearest by meaning and those that share words, the best of both rankings first."""
        packed = sqlite_vec.serialize_float32(list(vector))
        near = self._ids("SELECT rowid FROM meaning WHERE vector MATCH ? AND k = ? ORDER BY distance", packed, limit)
        quoted = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", query))
        same = self._ids("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?", quoted or '""', limit)
        score: dict[int, float] = {}
        for ranking in (near, same):
            for place, id in enumerate(ranking):
                score[id] = score.get(id, 0) + 1 / (_DAMPING + place)
        best = sorted(score, key=lambda id: -score[id])[:limit]
        return [text for id in best for (text,) in self._db.execute("SELECT text FROM guide WHERE id = ?", (id,))]

    def read(self, city: str) -> str | None:
        """The guide to a city, if there is one."""
        return next((text for (text,) in self._db.execute("SELECT text FROM guide WHERE city = ?", (city,))), None)

    def _ids(self, query: str, *values: object) -> list[int]:
        return [id for (id,) in self._db.execute(query, values)]
