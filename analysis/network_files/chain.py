"""Steps from inputs to outputs as a network: dense layers, what is folded into them, and activations.

A map that takes each number by itself, ``h ↦ scale · h + shift`` (batch norm in evaluation mode, a constant that is
added or multiplied), has no neuron of its own. It is folded into the dense layer before it, or behind an activation
into the next one, in float64 and in one order of summation. Dense layers are never merged with each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.files import DECLARED, NETWORK_FORMAT, NetworkFile, network_from
from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.questions.tasks import too_many_classes

Array = NDArray[np.float64]
_CURE: Final = "give a chain of dense layers and activations"


@dataclass(frozen=True)
class Dense:
    """A dense layer ``h ↦ W h + b``: weight ``[n_out, n_in]``, bias ``[n_out]`` or None."""

    weight: Array
    bias: Array | None = None

    def behind(self, other: Dense) -> Dense:
        """Compose this layer with one before it."""
        weight = inner(self.weight, other.weight.T)
        moved = None if other.bias is None else inner(other.bias[None], self.weight)[0]
        return Dense(weight, self.bias if moved is None else moved if self.bias is None else self.bias + moved)


@dataclass(frozen=True)
class Affine:
    """An affine step ``h ↦ scale · h + shift``, each number by itself: one number, or ``[n]``."""

    scale: Array | float = 1.0
    shift: Array | float = 0.0


@dataclass(frozen=True)
class Activated:
    """An activation as it is written here."""

    text: str


@dataclass(frozen=True)
class TwoClasses:
    """The choice between two logits by an operator such as Softmax, as the probability of one of them."""

    operator: str
    chosen: int = 1


Step = Dense | Affine | Activated | TwoClasses


@dataclass
class _Layer:
    weight: Array
    bias: Array | None
    activation: str | None = None


def file_of_steps(steps: Iterable[Step], item: str, *, name: str = "") -> NetworkFile:
    """The network that steps compute one after another.

    Args:
        steps: from the inputs to the outputs; dense layers of finite numbers.
        item: what they were read from, as errors call it.
        name: of the network, if it has one.

    Raises:
        InvalidNetwork: no dense layer, different hidden activations, an activation or a choice between
            classes that follows no dense layer, a map behind the last activation, or numbers that do not fit.
    """
    layers, remarks = _layers(steps, item)
    if not layers:
        raise InvalidNetwork(item, "holds no dense layer", _CURE)
    names = [layer.activation or "linear" for layer in layers]
    hidden = sorted(set(names[:-1]))
    if len(hidden) > 1:
        cause = f"has layers of different kinds ({', '.join(hidden)})"
        raise InvalidNetwork(item, cause, "let all hidden layers have one activation with the same parameters")
    document: dict[str, Any] = {
        "format": NETWORK_FORMAT,
        "activation": names[0],
        "output_activation": names[-1],
        "weights": [layer.weight.tolist() for layer in layers],
        "biases": [(np.zeros(len(la.weight)) if la.bias is None else la.bias).tolist() for la in layers],
    }
    document |= {"name": name} if name else {}
    return network_from(document, optional=DECLARED, item=item, remarks=tuple(remarks))


def _layers(steps: Iterable[Step], item: str) -> tuple[list[_Layer], list[str]]:
    """The dense layers with all that is folded into them, and remarks on what was folded."""
    layers: list[_Layer] = []
    remarks: list[str] = []
    waiting: list[Affine] = []  # behind the inputs or an activation, for the next dense layer
    for step in steps:
        last = layers[-1] if layers and layers[-1].activation is None and not waiting else None
        match step:
            case Dense(weight, bias):
                if remarks:
                    raise InvalidNetwork(item, "goes on behind the choice between two classes", "end it there")
                while waiting:
                    scale, shift = _spread(waiting.pop(), weight.shape[-1], item)
                    folded = inner(shift[None], weight)[0]
                    weight, bias = weight * scale, folded if bias is None else bias + folded
                layers.append(_Layer(weight, bias))
            case Affine() if last is not None:
                scale, shift = _spread(step, len(last.weight), item)
                last.weight = last.weight * scale[:, None]
                last.bias = shift if last.bias is None else last.bias * scale + shift
            case Affine():
                waiting.append(step)
            case Activated("linear"):
                pass  # changes nothing, wherever it stands
            case Activated(text):
                if last is None:
                    raise InvalidNetwork(item, f"has an activation ({text}) that does not follow a dense layer", _CURE)
                last.activation = text
            case TwoClasses(operator, chosen):
                if last is not None and len(last.weight) > 2:
                    raise too_many_classes(len(last.weight), item)
                if last is None or len(last.weight) != 2:
                    cure = "let it follow a dense layer of two neurons, or end at the layer before"
                    raise InvalidNetwork(item, f"has the operator {operator}, which does not follow two logits", cure)
                last.weight = last.weight[[chosen]] - last.weight[[1 - chosen]]
                last.bias = None if last.bias is None else last.bias[[chosen]] - last.bias[[1 - chosen]]
                last.activation = "sigmoid"
                which = ("first", "second")[chosen]
                remarks.append(
                    f"The two logits before {operator} were read as their difference: one output with sigmoid, the "
                    f"probability of the {which} class."
                )
    if waiting:
        cause = "scales or shifts its outputs behind the last activation, where no layer takes it up"
        raise InvalidNetwork(item, cause, "end it with the activation")
    return layers, remarks


def _spread(step: Affine, n: int, item: str) -> tuple[Array, Array]:
    """Scale and shift as ``[n]``."""
    try:
        scale, shift = np.broadcast_to(step.scale, (n,)), np.broadcast_to(step.shift, (n,))
    except ValueError:
        cause = f"scales or shifts {max(np.size(step.scale), np.size(step.shift))} numbers where a layer has {n}"
        raise InvalidNetwork(item, cause, "let them fit") from None
    return scale, shift
