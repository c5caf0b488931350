"""Floor 4: where columns come from."""
