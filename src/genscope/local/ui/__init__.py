"""`genscope ui`: receives OpenTelemetry over the wire, keeps it in the local store, and shows it in a browser.

One process, one HTTP port for the page, its API and OTLP/HTTP, and one port for OTLP/gRPC. What comes in passes
`intake`, which answers when it is in the file; what goes out is asked of the file, which others may write as well.
docs/ui.md describes the API.
"""
