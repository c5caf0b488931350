"""Floor 2: a rulebook compiled into a program that the engines run."""
