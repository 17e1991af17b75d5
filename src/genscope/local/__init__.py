"""What serves one machine: console tree, trace store, viewer, report, provider simulator."""
