"""Training: the form, what it will take, and how networks learn."""
