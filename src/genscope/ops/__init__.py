"""What an operator needs around the metrics: Prometheus rules, Alertmanager's routing, Grafana's dashboards.

All of it is generated from the names in `genscope.semconv`, so that nothing asks for a series that is never there.
Nothing here runs in an application: `genscope rules`, `alertmanager` and `dashboards` print it.
"""
