"""Grafana's dashboards, declared: a board is rows of panels, a panel is a title, what it means, and its queries.

`ops.grafana` makes JSON of them. The queries are those of the rules (`ops.queries`).
"""
