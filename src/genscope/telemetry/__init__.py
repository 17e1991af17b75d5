"""The record of a call becomes OpenTelemetry: stages that write spans and metrics."""
