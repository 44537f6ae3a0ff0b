"""Alignments on linear directions: read-outs, swaps, searches in closed form, learned subspaces."""
