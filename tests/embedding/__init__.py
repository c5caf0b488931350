"""The examples of embedding, as they were built, against the verdicts of Python."""
