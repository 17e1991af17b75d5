"""What genscope costs, measured against hand-written code that does the same minimum. See README.md."""
