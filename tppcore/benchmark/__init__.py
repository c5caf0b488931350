"""Floor 6: how fast this machine classifies, beside what a user would write and the memory's limit.

`tppcore bench` is a small form of it; bench/ of the repository has the rest.
"""
