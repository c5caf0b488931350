"""Floor 4: what is kept of the answer."""
