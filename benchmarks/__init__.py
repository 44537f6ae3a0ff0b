"""Benchmarks: ratios measured within one run, never in the tests."""
