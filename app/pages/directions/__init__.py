"""Explanations whose variables live on linear directions of a layer: what was found by class, and each by itself."""
