"""Edges are left out one by one, from the output back, and stay out if the divergence rises by less than tau."""

NAME = "ACDC"
TRACK = "runs"
TAU = 0.01


def score(network, ablation, ask):
    loss = "mse" if network.kind == "perceptron" else "kl"
    layer_of = {node: layer for layer, nodes in enumerate(network.layers) for node in nodes}
    target_of = {edge: target for edge, (_, target) in zip(network.edges, network.ends, strict=True)}
    kept = list(network.edges)
    (current,) = ask.measure([kept], loss)
    for edge in sorted(network.edges, key=lambda edge: -layer_of[target_of[edge]]):
        without = [other for other in kept if other != edge]
        (new,) = ask.measure([without], loss)
        if new - current < TAU:
            kept, current = without, new
    return {"mask": kept}
