"""Who is fooled by what: what Shapley values, LIME, probes and circuits claim of inputs and neurons, used or not.

What is used is known by trying: an input if flipping it changes an answer on some row, a neuron if an answer changes
when it is 0 or has its value on another row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.tasks import INPUT_NAMES, Task, input_table
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.mlp import activations, next_layer
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.lenses.blame import MAX_EDGES
from pluriscope_methods.lenses.lens import APPLIES, Bands, Fit, Lens, Table, not_applicable
from pluriscope_methods.lenses.lime import LIME
from pluriscope_methods.lenses.shapley import SHAPLEY
from pluriscope_methods.unseen_rows import answers_of, uses


def _fit(question: Question, _settings: Settings) -> Fit:
    n = question.layout.n_edges
    return APPLIES if n <= MAX_EDGES else not_applicable(f"Every circuit is tried of up to {MAX_EDGES} edges, not {n}.")


def _used(question: Question, layer: int, neuron: int) -> bool:
    """Whether an answer changes when a hidden neuron is 0 or has its value on another row."""
    layers = activations(question.network, question.clean_rows)
    for value in (0.0, *layers[layer][:, neuron]):
        run = layers[layer].copy()
        run[:, neuron] = value
        for after in range(layer + 1, len(layers)):
            run = next_layer(question.network, after, run)
        if (answers(run) != answers(layers[-1])).any():
            return True
    return False


def _look(question: Question, settings: Settings, work: Work) -> Table:
    network, rows = question.network, input_table(question.network.n_inputs)
    own = answers(activations(network, rows)[-1][:, 0])
    task, protocol = Task(tuple(own.tolist()), "its answers"), question.protocol.by_answers
    asked = replace(question, record=clean_data(network.n_inputs), task=task, protocol=protocol)
    masks = search_circuits(asked, work).masks
    if not len(masks):
        return Table((), ("No circuit answers as the network does.",))
    first = masks[[np.bitwise_count(masks).argmin()]]
    sites = [(layer, at) for layer, n in enumerate(network.hidden_sizes, start=1) for at in range(n)]
    edges = np.array([asked.layout.edges_into[layer][at] for layer, at in sites], dtype=np.uint64)
    splits = np.array([*(rows > 0.5).T, *(rows <= 0.5).T, own > 0, own == 0])
    claims: dict[str, tuple[list[str], NDArray[np.bool_]]] = {}
    inputs, neurons = [*INPUT_NAMES[: network.n_inputs]], [f"n{layer}.{at}" for layer, at in sites]
    for lens in (SHAPLEY, LIME):
        scores = np.abs(lens.function(asked, lens.defaults, work).scores).max(axis=0)
        claims[lens.label] = inputs, scores > float(settings["share"]) * scores.max()
    values = [activations(network, rows)[layer][:, at] for layer, at in sites]
    on = np.array([one[None] >= one[:, None] for one in values])  # by neuron, threshold and row
    claims["Probes"] = neurons, (on[:, :, None] == splits).all(axis=3).any(axis=(1, 2))
    for label, some in (("A smallest circuit", first), ("Every valid circuit", masks)):
        of_neurons = ((some[:, None] & edges) != 0).all(axis=0)
        claims[label] = [*inputs, *neurons], np.append(uses(answers_of(asked, some)).all(axis=0), of_neurons)
    used = dict(zip(inputs, uses(own).tolist(), strict=True))
    used |= {name: _used(asked, *site) for name, site in zip(neurons, sites, strict=True)}
    return Table(
        tuple(
            {"method": method, "part": part, "claims": bool(claim), "used": used[part]}
            for method, (parts, given) in claims.items()
            for part, claim in zip(parts, given, strict=True)
        )
    )


def _bands(seen: Table) -> Bands:
    """1 for what is claimed and not used, −1 for what is used and not claimed."""
    methods, parts = (tuple(dict.fromkeys(row[name] for row in seen.rows)) for name in ("method", "part"))
    gaps = {(row["method"], row["part"]): float(row["claims"]) - row["used"] for row in seen.rows}
    return Bands(parts, tuple(tuple(gaps.get((method, part)) for part in parts) for method in methods), methods)


def _says(_question: Question, seen: Table) -> str:
    found, bands = list[str](), _bands(seen)
    for method, gaps in zip(bands.rows, bands.values, strict=True):
        false, missed = (
            ", ".join(n for n, gap in zip(bands.names, gaps, strict=True) if gap == one) for one in (1, -1)
        )
        found.append(f"{method}: {false or 'nothing'} claimed and not used, {missed or 'nothing'} missed")
    return f"{'; '.join(found)}."


FRAMEWORKS: Final = Lens(
    key="frameworks",
    version=2,
    label="Who is fooled by what",
    definition="Shapley values, LIME, probes of single neurons, a smallest circuit and all valid circuits claim that "
    "inputs and neurons matter; beside each stands whether an answer changes if it is changed.",
    source="After the table of four frameworks in surveys of the field",
    own=(Setting("share", 0.1, "of the largest score from which a score is a claim", low=0.0, high=1.0),),
    needs=("formulas",),
    applies=_fit,
    look=_look,
    says=_says,
    can_know="In the chart 1 is claimed and not used, −1 used and not claimed; where a cell is empty "
    "the method is not asked. A score claims by its size on the row "
    "where it is largest, a probe if a threshold tells an input or the answer, a circuit by what it uses and keeps. "
    "Scores are of the output, which may move while no answer changes. Circuits are those that answer as the network "
    "does; one may do without a neuron that the whole network uses.",
    columns={
        "method": "that claims",
        "part": "input or hidden neuron",
        "claims": "whether it says that the part matters",
        "used": "whether some answer changes if it is flipped, 0, or as on another row",
    },
    bands=_bands,
)
