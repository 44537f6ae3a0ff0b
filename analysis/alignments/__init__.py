"""Alignments on neuron sets: where a network may carry the variables of an algorithm, searched and scored."""
