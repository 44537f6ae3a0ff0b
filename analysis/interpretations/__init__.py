"""Interpretations: a Boolean function for each kept neuron, counted, indexed and grouped by what inputs distinguish."""
