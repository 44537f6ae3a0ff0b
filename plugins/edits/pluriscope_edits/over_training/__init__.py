"""Explanations over the training of a network."""
