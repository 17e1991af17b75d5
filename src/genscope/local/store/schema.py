"""The tables: what `sqlite3 store.db .schema` shows. docs/store.md tells what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from genscope import semconv
from genscope.local.store.columns import LOG_COLUMNS, SPAN_COLUMNS, Column

APPLICATION: Final = 0x67656E73
"""`PRAGMA application_id`, by which a file is known as ours: "gens"."""


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _definitions(columns: Sequence[Column]) -> str:
    return ", ".join(f'"{column.name}" {column.kind.sql}' for column in columns)


# AUTOINCREMENT: an id is never given twice, so that pages can be told by it. What is long stands last, so that to read
# the rest of a row SQLite need not go through it.
TABLES: Final = (
    "CREATE TABLE spans (id INTEGER PRIMARY KEY AUTOINCREMENT, trace_id TEXT NOT NULL, span_id TEXT NOT NULL,"
    " parent_id TEXT, service TEXT, name TEXT NOT NULL, kind TEXT NOT NULL, start_ns INTEGER NOT NULL,"
    " duration_ns INTEGER NOT NULL, status TEXT NOT NULL, status_message TEXT, "
    + _definitions(SPAN_COLUMNS)
    + ", scope TEXT, scope_version TEXT, events TEXT, links TEXT, resource TEXT, attributes TEXT, content TEXT)",
    "CREATE TABLE logs (id INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE, time_ns INTEGER NOT NULL,"
    " trace_id TEXT, span_id TEXT, service TEXT, severity_number INTEGER, severity TEXT, event TEXT, "
    + _definitions(LOG_COLUMNS)
    + ", scope TEXT, scope_version TEXT, body TEXT, resource TEXT, attributes TEXT, content TEXT)",
    "CREATE TABLE metric_series (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, name TEXT NOT NULL, unit TEXT,"
    " description TEXT, kind TEXT NOT NULL, temporality TEXT, monotonic INTEGER, service TEXT, scope TEXT,"
    " scope_version TEXT, resource TEXT, attributes TEXT)",
    "CREATE TABLE metric_points (series INTEGER NOT NULL, time_ns INTEGER NOT NULL, start_ns INTEGER NOT NULL,"
    " value REAL, count INTEGER, sum REAL, min REAL, max REAL, buckets TEXT,"
    " PRIMARY KEY (series, time_ns, start_ns)) WITHOUT ROWID",
    "CREATE TABLE processes (id TEXT PRIMARY KEY, pid INTEGER NOT NULL, program TEXT, began_ns INTEGER NOT NULL,"
    " seen_ns INTEGER NOT NULL, spans INTEGER NOT NULL, logs INTEGER NOT NULL, points INTEGER NOT NULL) WITHOUT ROWID",
)

_BY: Final = (
    *("service", "model", "provider", "operation", "user", "tenant", "conversation", "error_kind", "outcome"),
    *("agent", "tool"),
)
"""What spans are looked for by, each of them by time: all that is in a page of a list is found together."""

_SUMMED: Final = (
    *("start_ns", "service", "provider", "operation", "model", "user", "conversation", "error_kind", "status"),
    *("duration_ns", "ttft_ns", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
    *("reasoning_tokens", "cost", "currency", "retries", "trace_id", "workflow", "is_call", "response_model"),
    "purpose",
)
"""What is added up over calls: an index of it is a table without the long columns."""

_REPEATED: Final = (
    *("content_hash", "start_ns", "service", "model", "cost", "currency", "input_tokens", "output_tokens", "trace_id"),
    *("span_id", "is_call", "purpose", "status", "error_kind", "provider"),
)

INDEXES: Final = {
    "spans_by_id": "UNIQUE INDEX spans_by_id ON spans (trace_id, span_id)",
    "spans_by_start": "INDEX spans_by_start ON spans (start_ns, trace_id, duration_ns)",
    **{
        f"spans_by_{column}": f'INDEX spans_by_{column} ON spans ("{column}", start_ns, trace_id)'
        f' WHERE "{column}" IS NOT NULL'
        for column in _BY
    },
    "spans_by_workflow": "INDEX spans_by_workflow ON spans (trace_id, start_ns, workflow) WHERE workflow IS NOT NULL",
    "calls_summed": f"INDEX calls_summed ON spans ({_names(_SUMMED)}) WHERE is_call = 1",
    "calls_by_content": f"INDEX calls_by_content ON spans ({_names(_REPEATED)}) WHERE content_hash IS NOT NULL",
    "logs_by_time": "INDEX logs_by_time ON logs (time_ns)",
    "logs_by_span": "INDEX logs_by_span ON logs (trace_id, span_id) WHERE trace_id IS NOT NULL",
    "logs_by_evaluation": "INDEX logs_by_evaluation ON logs (evaluation, time_ns, score, label, trace_id, span_id)"
    " WHERE evaluation IS NOT NULL",
    "metric_series_by_name": "INDEX metric_series_by_name ON metric_series (name)",
    "metric_points_by_time": "INDEX metric_points_by_time ON metric_points (time_ns)",
}

_AT: Final = "datetime({} / 1000000000, 'unixepoch') AS at"
VIEWS: Final = {
    "calls": f"VIEW calls AS SELECT {_AT.format('start_ns')}, duration_ns / 1e9 AS seconds,"
    " ttft_ns / 1e9 AS ttft_seconds, * FROM spans WHERE is_call = 1",
    "evaluations": f"VIEW evaluations AS SELECT {_AT.format('time_ns')}, *"
    f" FROM logs WHERE event = '{semconv.EVALUATION_EVENT}'",
    "metrics": f"VIEW metrics AS SELECT {_AT.format('time_ns')}, name, unit, kind, temporality,"
    " service, attributes, value, count, sum, min, max, buckets, time_ns, start_ns, series"
    " FROM metric_points JOIN metric_series ON metric_series.id = series",
}

# What was said can be searched for any part of it, in any script: three characters at a time. The index has no texts of
# its own, it follows those of the table.
SEARCH: Final = (
    "CREATE VIRTUAL TABLE spans_text USING fts5(name, content, content='spans', content_rowid='id',"
    " tokenize='trigram', detail='none')",
    "CREATE TRIGGER spans_text_insert AFTER INSERT ON spans BEGIN"
    " INSERT INTO spans_text (rowid, name, content) VALUES (new.id, new.name, new.content); END",
    "CREATE TRIGGER spans_text_delete AFTER DELETE ON spans BEGIN"
    " INSERT INTO spans_text (spans_text, rowid, name, content) VALUES ('delete', old.id, old.name, old.content); END",
    "CREATE TRIGGER spans_text_update AFTER UPDATE OF name, content ON spans BEGIN"
    " INSERT INTO spans_text (spans_text, rowid, name, content) VALUES ('delete', old.id, old.name, old.content);"
    " INSERT INTO spans_text (rowid, name, content) VALUES (new.id, new.name, new.content); END",
)
