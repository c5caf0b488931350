"""Floor 6: a rulebook as text in SQL, for databases where nothing can be installed."""
