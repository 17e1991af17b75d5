"""Where alerts are told: a function of the application's, the log, telemetry, Slack, any webhook."""
