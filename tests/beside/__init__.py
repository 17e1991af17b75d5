"""genscope in one process with the others that trace the same calls: their newest releases, the real ones.

They need an environment of their own, `make test-beside`; elsewhere this folder is not collected.
"""
