"""Which door an SDK sends its requests through, and which route leads to which reader: declarations."""
