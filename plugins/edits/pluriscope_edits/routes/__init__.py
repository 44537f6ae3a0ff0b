"""The addresses of edits and of training."""
