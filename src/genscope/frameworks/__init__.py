"""Frameworks for agents: what they say of their own becomes spans around the calls of the SDKs beneath."""
