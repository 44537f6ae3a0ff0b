"""Models of other kinds than the networks: each of them, its circuits under each set of rules, and their comparison."""
