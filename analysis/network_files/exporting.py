"""Network files from networks trained with PyTorch or scikit-learn, in an environment where both are installed.

Neither library is imported here: the objects are read by what they offer, so that whoever has the one needs not the
other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from analysis.data import clean_data
from analysis.errors import InvalidNetwork
from analysis.network_files.declared_tasks import decided_tasks
from analysis.network_files.files import NetworkFile, network_file_json
from analysis.networks.network import Network
from analysis.tasks import MAX_INPUTS, Task, named_task

_TORCH: Final = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Identity": "linear",
}
_TRANSPARENT: Final = ("Dropout", "Flatten")  # do nothing to a vector when a network is evaluated
_SKLEARN: Final = {"relu": "relu", "tanh": "tanh", "logistic": "sigmoid", "identity": "linear"}


def from_sequential(net: Any, *, name: str, tasks: Sequence[str] | None = None) -> str:
    """The network file of a ``torch.nn.Sequential`` of ``Linear`` layers and activations.

    Args:
        net: the module; parameters of any floating type and device.
        name: what to call it.
        tasks: a known name for each output, or None for what it decides itself on inputs 0 and 1.

    Raises:
        InvalidNetwork: a module that cannot be represented, by its name; layers with different hidden activations.
        InvalidTask: an unknown name, or decisions that are neither 0 nor 1.
    """
    layers: list[tuple[Any, Any, list[str]]] = []
    slopes: set[float] = set()
    for module in net:
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
    return _file(
        [weight for weight, _, _ in layers],
        [[0.0] * len(weight) if bias is None else bias for weight, bias, _ in layers],
        activations[0],
        activations[-1],
        slopes.pop() if slopes else None,
        name,
        tasks,
    )


def from_mlp_classifier(classifier: Any, *, name: str, tasks: Sequence[str] | None = None) -> str:
    """The network file of a fitted ``sklearn.neural_network.MLPClassifier`` (or regressor).

    Args:
        classifier: fitted, with two classes, or with several labels of which any may be true.
        name: what to call it.
        tasks: a known name for each output, or None for what it decides itself on inputs 0 and 1.

    Raises:
        InvalidNetwork: it is not fitted, or its output is a softmax over more than two classes.
        InvalidTask: an unknown name, or decisions that are neither 0 nor 1.
    """
    if not hasattr(classifier, "coefs_"):
        raise InvalidNetwork("classifier", "is not fitted", "call fit first")
    output = classifier.out_activation_
    if output not in _SKLEARN:
        cause = f"has the output activation {output!r}, over several classes at once"
        raise InvalidNetwork("classifier", cause, "use two classes, or one column of labels for each output")
    weights, biases = [w.T for w in classifier.coefs_], list(classifier.intercepts_)
    return _file(weights, biases, _SKLEARN[classifier.activation], _SKLEARN[output], None, name, tasks)


def _file(
    weights: Sequence[Any],
    biases: Sequence[Any],
    activation: str,
    output_activation: str,
    slope: float | None,
    name: str,
    tasks: Sequence[str] | None,
) -> str:
    network = Network.from_arrays(
        weights, biases, activation=activation, output_activation=output_activation, negative_slope=slope
    )
    if network.n_inputs > MAX_INPUTS:
        cause = f"has {network.n_inputs} inputs; every Boolean input is looked at, so {MAX_INPUTS} is the most"
        raise InvalidNetwork("network", cause, f"use a network with 1 to {MAX_INPUTS} inputs")
    if tasks is not None and len(tasks) != network.n_outputs:
        raise InvalidNetwork("tasks", f"are {len(tasks)} for {network.n_outputs} outputs", "give one for each output")
    chosen: tuple[Task, ...]
    if tasks is None:
        chosen = decided_tasks(network, clean_data(network.n_inputs))
    else:
        chosen = tuple(named_task(task, network.n_inputs) for task in tasks)
    return json.dumps(network_file_json(NetworkFile(name, network, chosen)), allow_nan=False) + "\n"
