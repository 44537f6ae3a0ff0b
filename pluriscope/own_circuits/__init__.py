"""Your own answer: a circuit that a reader gives, among all valid circuits of a network."""
