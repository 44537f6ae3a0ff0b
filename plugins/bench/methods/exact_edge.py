"""Score of an edge as the change of the metric when it alone is left out."""

NAME = "Exact edge effects"
TRACK = "runs"


def score(network, ablation, ask):
    without_each = [[other for other in network.edges if other != edge] for edge in network.edges]
    whole, *without = ask.measure([network.edges, *without_each])
    return {edge: abs(value - whole) for edge, value in zip(network.edges, without, strict=True)}
