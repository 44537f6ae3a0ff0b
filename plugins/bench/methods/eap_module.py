"""Edge attribution patching in the form of published code: caches, differences and derivatives by hooks on a module."""

NAME = "EAP, published form"
TRACK = "gradients"


def score(module, clean, corrupt, metric):
    slopes, carried = {}, {}

    def keep(layer):
        def hook(_, __, sums):
            sums.register_hook(lambda slope: slopes.__setitem__(layer, slope))

        return hook

    def cache(layer):
        def hook(_, __, values):
            carried[layer] = values.detach()

        return hook

    hooks = [point.register_forward_hook(keep(layer)) for layer, point in enumerate(module.sums)]
    hooks += [point.register_forward_hook(cache(layer)) for layer, point in enumerate(module.carried)]
    metric(module(clean)).backward()
    for hook in hooks:
        hook.remove()
    scores = []
    for layer, absent in enumerate(module.absent(clean, corrupt)):
        change = (absent[:, None, :] - carried[layer]) * module.weights[layer]
        scores += (change * slopes[layer][:, :, None]).sum(0).flatten().tolist()
    return {edge: abs(score) for edge, score in zip(module.edges, scores, strict=True)}
