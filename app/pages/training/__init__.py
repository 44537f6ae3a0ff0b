"""Training: the form, what it will take, settings taken over from a network, and how networks learn."""
