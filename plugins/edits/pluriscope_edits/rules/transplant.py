"""A circuit of another network put into this one."""

from __future__ import annotations

from typing import Final

import numpy as np

from pluriscope.analysis.edits.edit import Change, Edit, Named, Way
from pluriscope.analysis.errors import InvalidEdit
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, circuit_from_hex
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope_edits.rules.perceptrons import EditedPerceptron

SOURCE: Final = Setting("source", "", "the network that it is taken from", reads=str.strip, example="other.json")
CIRCUIT: Final = Setting("circuit", "all", "its mask in hex, or all for every edge", reads=str.strip, example="3b28f")


def _shape(network: Network) -> str:
    slope = "" if network.negative_slope is None else f", slope {network.negative_slope:g}"
    kinds = f"{network.activation} and {network.output_activation}{slope}"
    return f"{'-'.join(map(str, network.sizes))} with {kinds}"


def _apply(one: EditedPerceptron, settings: Settings, named: Named) -> Change:
    question, text = one.question, str(settings["circuit"])
    cut, layout = question.network, question.layout
    if not settings["source"]:
        raise InvalidEdit("edit transplant", "has no source", "say as source which network to take the circuit from")
    whole = named.subject(str(settings["source"]))
    if _shape(whole) != _shape(question.subject):
        cause = f"is {_shape(whole)}; the network is {_shape(question.subject)}"
        raise InvalidEdit("source", cause, "use a network of the same sizes and activations")
    full = Circuit(layout, (1 << layout.n_edges) - 1)
    circuit = full if text == "all" else circuit_from_hex(text, cut.sizes)
    source = whole.for_output(question.output if whole.n_outputs > 1 else 0)
    kept = (part for layer in zip(circuit.keep, circuit.active[1:], strict=True) for part in layer)
    pairs = zip(kept, source.parameters.values(), cut.parameters.items(), strict=True)
    return Change(
        {name: np.where(part, brought, old) for part, brought, (name, old) in pairs},
        settings={"source": whole.digest, "circuit": circuit.hex},
        remarks=(f"The circuit has {circuit.n_edges} of {layout.n_edges} edges.",),
    )


TRANSPLANT: Final = Edit(
    key="transplant",
    label="Transplant of a circuit",
    says="Puts a circuit of another network of the same shape into this one: the weights of its edges, and the biases "
    "of its active neurons.",
    source="Own definition.",
    ways={"perceptron": Way((SOURCE, CIRCUIT), _apply)},
    needs="edge-weights",
)
