"""The algorithms that circuits carry: in sum, of one circuit, and as a criterion."""
