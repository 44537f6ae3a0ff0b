"""Response fields: what each hidden neuron's activation is on every row, without a gradient.

Olah, Mordvintsev and Schubert, "Feature Visualization" (Distill 2017) looks for inputs that drive a neuron most; here
every input is looked at, so nothing is searched.
"""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.lenses.lens import NEURON_COLUMNS, Bands, Lens, Table, row_name


def _look(question: Question, _settings: Settings, _work: Work) -> Table:
    layers = activations(question.network, question.method_rows[0])[1:-1]
    return Table(
        tuple(
            {"layer": layer, "neuron": neuron, "row": row, "activation": activation}
            for layer, values in enumerate(layers, start=1)
            for neuron, column in enumerate(values.T.tolist())
            for row, activation in enumerate(column)
        )
    )


def _bands(seen: Table) -> Bands:
    values: dict[str, list[float]] = {}
    for row in seen.rows:
        values.setdefault(f"{row['layer']}.{row['neuron']}", []).append(row["activation"])
    return Bands(tuple(values), tuple(zip(*values.values(), strict=True)))


def _says(question: Question, seen: Table) -> str:
    bands = _bands(seen)
    columns = dict(zip(bands.names, zip(*bands.values, strict=True), strict=True))
    most = max(columns, key=lambda unit: max(columns[unit]) - min(columns[unit]))
    low, high = min(columns[most]), max(columns[most])
    top = row_name(question, columns[most].index(high))
    still = [unit for unit, column in columns.items() if max(column) == min(column)]
    rest = f" Constant on every row: {', '.join(still[:8])}{' and others' if len(still) > 8 else ''}." if still else ""
    return f"Neuron {most} varies most, from {low:.3g} to {high:.3g}, which it reaches on {top}.{rest}"


RESPONSE_FIELDS: Final = Lens(
    key="response-fields",
    label="Response fields",
    definition="What each hidden neuron's activation is on every row of inputs.",
    source="After Olah, Mordvintsev & Schubert, Distill 2017 (doi:10.23915/distill.00007), without a search",
    needs=("neurons",),
    size=lambda question, _: sum(question.network.hidden_sizes),
    look=_look,
    says=_says,
    can_know="What a neuron responds to, on these inputs exactly. Not what the network makes of it: a neuron may "
    "respond to a function that nothing above it uses.",
    columns=NEURON_COLUMNS | {"row": "of inputs", "activation": "of the neuron on that row"},
    bands=_bands,
)
