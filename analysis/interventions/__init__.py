"""Interchange interventions: running a network with the values of some neurons from another input."""
