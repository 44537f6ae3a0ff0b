"""Edge attribution patching: how steeply the metric changes with a gate on each edge, all of them open."""

NAME = "EAP"
TRACK = "gradients"


def score(network, ablation, ask):
    slopes = ask.gradients()
    return {edge: abs(slope) for edge, slope in zip(network.edges, slopes, strict=True)}
