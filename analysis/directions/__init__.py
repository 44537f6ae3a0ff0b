"""Alignments on linear directions: how a direction reads a variable, and what each explanation swaps itself."""
