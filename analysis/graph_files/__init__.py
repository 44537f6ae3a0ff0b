"""Graphs that other tools read: circuits, interpretations, placements and scores as networkx has them, and back."""
