"""A lens that says which neurons have the largest activations, and a command that says it, too."""
