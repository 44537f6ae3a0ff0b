"""The lens: the largest activation of each hidden neuron on any row of inputs."""

from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope_methods.lenses.lens import Lens, Table


def loudest_of(question):
    """Rows of layer, neuron and its largest activation, the largest first."""
    layers = activations(question.network, question.method_rows[0])[1:-1]
    rows = [
        {"layer": layer, "neuron": neuron, "largest": float(values[:, neuron].max())}
        for layer, values in enumerate(layers, start=1)
        for neuron in range(values.shape[1])
    ]
    return sorted(rows, key=lambda row: (-row["largest"], row["layer"], row["neuron"]))


def says(question, found):
    first = found.rows[0]
    return f"Neuron {first['layer']}.{first['neuron']} is the loudest, with {first['largest']:.3g}."


LOUDEST = Lens(
    key="loudest",
    label="Loudest neurons",
    definition="The largest activation of each hidden neuron on any row.",
    source="This template",
    needs=("neurons",),
    look=lambda question, settings, work: Table(tuple(loudest_of(question))),
    says=says,
    can_know="How large activations are, on these rows. Not what the network does with them.",
    columns={"layer": "from 1", "neuron": "from 0", "largest": "its largest activation"},
)
