"""Floor 3: the product of some axes under a program, counted without looking at every point."""
