"""Transformers: their weights, how they run, what can be cut of them, tasks and training."""
