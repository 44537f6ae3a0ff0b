"""Sets of circuits: what all have in common, how likely a valid one is at its size, and how different two can be."""
