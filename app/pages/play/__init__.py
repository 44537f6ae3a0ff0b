"""Play: one intervention by hand on a network of any kind, what it does, and what explanations said of it."""
