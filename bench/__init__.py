"""Benchmarks: `python bench/run.py`. They never assert times."""
