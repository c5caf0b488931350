"""Design spaces as a source: axes, formulas over them, and the file that states both."""
