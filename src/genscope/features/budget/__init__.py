"""Limits on what calls may use: reserved before a request is sent, settled when it has ended."""
