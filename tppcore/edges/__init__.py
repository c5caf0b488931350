"""Floor 6: rows that stand on the thresholds of the law, and the grading of answers to them."""
