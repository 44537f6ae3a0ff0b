"""Map classes: what passes on one network if a variable may be on a neuron, a set, a direction, a subspace, a curve."""
