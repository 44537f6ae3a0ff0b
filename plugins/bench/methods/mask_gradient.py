"""Derivatives by gates, summed while all gates close together."""

NAME = "Mask gradient"
TRACK = "gradients"
SAMPLES = 20


def score(network, ablation, ask):
    n_edges = len(network.edges)
    slopes = sum(ask.gradients(gates=[1 - step / SAMPLES] * n_edges) for step in range(SAMPLES + 1))
    return {edge: abs(slope) for edge, slope in zip(network.edges, slopes, strict=True)}
