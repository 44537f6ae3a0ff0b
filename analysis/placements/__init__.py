"""Placements of causal models on the sites of networks of any kind: their search, and the report on it."""
