"""Networks with permuted weights."""
