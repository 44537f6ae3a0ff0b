"""Networks from what PyTorch and scikit-learn trained.

Neither library is imported here: the objects are read by what they offer, so that whoever has the one needs not the
other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from analysis.errors import InvalidNetwork
from analysis.networks.network import Network

_TORCH: Final = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Identity": "linear",
}
_TRANSPARENT: Final = ("Dropout", "Flatten")  # do nothing to a vector when a network is evaluated
_SKLEARN: Final = {"relu": "relu", "tanh": "tanh", "logistic": "sigmoid", "identity": "linear"}


def sequential_network(net: Any) -> Network:
    """The network that a ``torch.nn.Sequential`` of ``Linear`` layers and activations computes.

    Args:
        net: the module; parameters of any floating type and device. One within another counts as its layers.

    Raises:
        InvalidNetwork: a module that cannot be represented, by its name; layers with different hidden activations.
    """
    layers: list[tuple[Any, Any, list[str]]] = []
    slopes: set[float] = set()
    for module in _in_order(net):
        kind = type(module).__name__
        if kind == "Linear":
            weight = module.weight.detach().cpu().double().numpy()
            bias = None if module.bias is None else module.bias.detach().cpu().double().numpy()
            layers.append((weight, bias, []))
        elif kind in _TORCH and layers:
            layers[-1][2].append(_TORCH[kind])
            if kind == "LeakyReLU":
                slopes.add(float(module.negative_slope))
        elif kind not in _TRANSPARENT:
            known = ", ".join(("Linear", *_TORCH))
            raise InvalidNetwork(f"module {kind}", "is no dense layer and no known activation", f"use only {known}")
    if not layers:
        raise InvalidNetwork("network", "has no Linear layer", "give a torch.nn.Sequential of Linear layers")
    found = [[a for a in names if a != "linear"] for _, _, names in layers]
    if any(len(names) > 1 for names in found) or len(slopes) > 1:
        raise InvalidNetwork("network", "has several activations behind one layer, or several slopes", "use one")
    activations = [names[0] if names else "linear" for names in found]
    if len(set(activations[:-1])) > 1:
        cause = f"has different hidden activations ({', '.join(activations[:-1])})"
        raise InvalidNetwork("network", cause, "use one activation for all hidden layers")
    return Network.from_arrays(
        [weight for weight, _, _ in layers],
        [[0.0] * len(weight) if bias is None else bias for weight, bias, _ in layers],
        activation=activations[0],
        output_activation=activations[-1],
        negative_slope=slopes.pop() if slopes else None,
    )


def _in_order(net: Any) -> Iterator[Any]:
    """The modules of a Sequential, those of Sequentials within it included."""
    for module in net:
        if type(module).__name__ == "Sequential":
            yield from _in_order(module)
        else:
            yield module


def classifier_network(classifier: Any) -> Network:
    """The network that a fitted ``sklearn.neural_network.MLPClassifier`` (or regressor) computes.

    Args:
        classifier: fitted, with two classes, or with several labels of which any may be true.

    Raises:
        InvalidNetwork: it is not fitted, or its output is a softmax over more than two classes.
    """
    if not hasattr(classifier, "coefs_"):
        raise InvalidNetwork("classifier", "is not fitted", "call fit first")
    output = classifier.out_activation_
    if output not in _SKLEARN:
        cause = f"has the output activation {output!r}, over several classes at once"
        raise InvalidNetwork("classifier", cause, "use two classes, or one column of labels for each output")
    return Network.from_arrays(
        [w.T for w in classifier.coefs_],
        list(classifier.intercepts_),
        activation=_SKLEARN[classifier.activation],
        output_activation=_SKLEARN[output],
    )
