"""Lenses: published methods that answer about inputs, neurons or layers, each with what its answer is worth here."""
