"""What makes a page a thing to pass on: its citation, its card, its embedding, its re-verification, its short key."""
