"""The long proof: `python -m tests.proof`."""
