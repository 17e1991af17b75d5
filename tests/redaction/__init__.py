"""The redaction engine: its rules against a corpus, its properties, and that its time grows with the text only."""
