"""Searches for alignments on linear directions: read-outs and swaps in closed form, learned subspaces."""
