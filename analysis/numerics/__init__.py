"""Arithmetic with the same bits on every machine, and loops that are compiled."""
