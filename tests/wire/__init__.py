"""The readers of wire formats, by themselves: what comes out of which JSON, however odd it is."""
