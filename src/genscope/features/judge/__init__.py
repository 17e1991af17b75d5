"""Answers judged: by models, by functions and by checks, on request and in the background."""
