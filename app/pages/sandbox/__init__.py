"""One intervention by hand on a network, what explanations said of it, and who was right so far."""
