"""genscope in the process models of production: real child processes, whose spans this process counts."""
