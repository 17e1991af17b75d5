"""The report for managers: figures from the local store or from Prometheus, and a page that shows them.

`from_store` and `from_prometheus` make `figures.Figures`, which is all that `genscope report --json` prints and `page`
shows. What is added up, and how, is in `summing`, `money`, `spent` and `projecting`: functions of plain rows, which
know neither where these are from nor where the sums go. docs/report.md says what each figure means.
"""
