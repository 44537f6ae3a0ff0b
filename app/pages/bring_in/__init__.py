"""Bringing in a network of one's own: the form, what would come of it, and the validator of network files."""
