"""Networks of brain.js, as ``JSON.stringify(net.toJSON())`` writes them: each layer's activation is the same.

Since version 2 layers have lists of weights, and in versions before nodes by their keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.chain import Activated, Dense, file_of_steps
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.network_files.formats.format import Array
from pluriscope.analysis.values.strict_json import number_array

_ITEM: Final = "brain.js file"
_ACTIVATIONS: Final = ("sigmoid", "relu", "tanh")
_FEED_FORWARD: Final = ("NeuralNetwork", "NeuralNetworkGPU")


def is_brain_js(document: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a network of brain.js."""
    return "trainOpts" in document and ("layers" in document or "options" in document)


def brain_js_file(document: Mapping[str, Any]) -> NetworkFile:
    """The network that a JSON object of brain.js is.

    Raises:
        InvalidNetwork: it is of another kind than feed-forward, has an activation that is not known, or is damaged.
    """
    if (kind := document.get("type", _FEED_FORWARD[0])) not in _FEED_FORWARD:
        raise InvalidNetwork(_ITEM, f"is of the kind {str(kind)[:40]!r}", "give a NeuralNetwork of it")
    try:
        layers, options = document["layers"][1:], document["trainOpts"]
        name = options.get("activation", document.get("activation"))
        if old := "weights" not in layers[0]:
            dense = [_of_nodes(nodes, before) for before, nodes in zip(document["layers"], layers, strict=False)]
        else:
            dense = [Dense(_numbers(one["weights"], 2), _numbers(one["biases"], 1)) for one in layers]
        activation = name if name in _ACTIVATIONS else ""
        if name == "leaky-relu" and not old:
            activation = f"leaky_relu(negative_slope={float(options['leakyReluAlpha'])!r})"
    except (KeyError, TypeError, AttributeError, IndexError, ValueError):
        raise InvalidNetwork(_ITEM, "lacks weights, or has others", "write JSON.stringify(net.toJSON())") from None
    if not activation:
        cause = f"has the activation {str(name)[:40]!r}"
        if name == "leaky-relu":  # 1.6.1 computes α · max(0, s)
            cause += ", for which versions before 2 compute something else"
        raise InvalidNetwork(_ITEM, cause, f"use one of {', '.join(_ACTIVATIONS)}, or leaky-relu of version 2")
    return file_of_steps([step for one in dense for step in (one, Activated(activation))], _ITEM)


def _of_nodes(nodes: Mapping[str, Any], before: Mapping[str, Any]) -> Dense:
    """The layer of some nodes, each of which has weights for the keys of the nodes before."""
    weights = [[one["weights"][key] for key in before] for one in nodes.values()]
    return Dense(_numbers(weights, 2), _numbers([one["bias"] for one in nodes.values()], 1))


def _numbers(value: Any, n_axes: int) -> Array:
    return number_array(value, "weights", n_axes, InvalidNetwork)
