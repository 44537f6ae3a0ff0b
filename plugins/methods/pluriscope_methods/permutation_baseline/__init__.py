"""How well algorithms fare on networks with permuted weights, and the criterion of doing better."""
