"""Floor 5: design spaces under the law: classified, counted, and their best designs."""
