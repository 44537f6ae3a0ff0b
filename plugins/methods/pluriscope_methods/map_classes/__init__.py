"""What passes on one network when a variable may live on a neuron, a set, a direction, a subspace or a curved map."""
