"""Objectives on what calls do: held against sliding windows in the process itself, and told to whoever is on call."""
