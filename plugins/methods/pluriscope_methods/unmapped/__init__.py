"""Neurons on which an alignment places nothing: whether they are inert, and the abstraction error."""
