"""Floor 3: programs run over columns; three engines, one answer."""
