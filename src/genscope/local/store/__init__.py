"""The local store: traces, logs and metrics in one SQLite file, for a developer without a collector.

`exporters` write what the OpenTelemetry SDK hands them, `from_otlp` is for who receives it over the wire; both make
`records`, which `writing.Store` keeps. `reading.Reader` answers questions. docs/store.md shows the tables.
"""
