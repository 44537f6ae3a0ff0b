"""Edge attribution patching with derivatives averaged over inputs from the ablated ones to the clean ones."""

NAME = "EAP-IG"
TRACK = "gradients"
STEPS = 5


def score(network, ablation, ask):
    slopes = sum(ask.gradients(at=step / STEPS) for step in range(STEPS)) / STEPS
    return {edge: abs(slope) for edge, slope in zip(network.edges, slopes, strict=True)}
