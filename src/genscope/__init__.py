"""genscope: see inside every LLM call."""

__version__ = "0.1.0"
