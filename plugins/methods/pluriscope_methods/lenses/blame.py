"""Why a network is wrong on a row: the edges and neurons that circuits keep which are wrong there, too.

Every circuit that is right on the rows on which the network is right is run on those on which it is wrong. Some are
wrong there as it is, some are right. What the former keep more often than the latter is to blame, and beside it stands
what happens in the whole network if that part alone is ablated.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.discovery.part_names import PartNames
from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.circuit import mask_array
from pluriscope.analysis.subjects.perceptron.mlp import batch_activations, keep_matrices
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.lenses.lens import APPLIES, Bands, Fit, Lens, Table, not_applicable, outputs_by_input, row_name
from pluriscope_methods.unseen_rows import answers_of

MAX_EDGES: Final = 22


def _wrong(question: Question) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The right answers, and where the network gives others."""
    right = np.array(question.task.truth_table, dtype=np.int64)
    return right, answers(outputs_by_input(question)) != right


def _fit(question: Question, _settings: Settings) -> Fit:
    _, wrong = _wrong(question)
    if not wrong.any():
        return not_applicable("It is right on every row.")
    if wrong.all():
        return not_applicable("It is wrong on every row, so no circuit is right where it is.")
    if question.layout.n_edges > MAX_EDGES:
        return not_applicable(f"It has {question.layout.n_edges} edges; every circuit is tried of up to {MAX_EDGES}.")
    return APPLIES


def parts_of(question: Question) -> dict[str, int]:
    """The edges, and the edges of each hidden neuron as one mask, by name."""
    layout = question.layout
    parts = {name: 1 << bit for bit, name in enumerate(PartNames(question.graph).drawn)}
    for layer, edges in enumerate(layout.edges_into[1:-1], start=1):
        for neuron, mask in enumerate(edges):
            parts[f"n{layer}.{neuron}"] = mask | layout.edges_out_of[layer][neuron]
    return parts


def _look(question: Question, _settings: Settings, work: Work) -> Table:
    right, wrong = _wrong(question)
    rows, layout = question.method_rows[0], question.layout
    labels = np.repeat(right[~wrong, None].astype(np.float64), question.subject.n_outputs, axis=1)
    record = DataRecord(rows, rows[~wrong], labels, description="the rows on which the network is right")
    asked = replace(question, record=record, protocol=question.protocol.by_answers)  # as the network is judged here
    masks = search_circuits(asked, work).masks
    parts = parts_of(question)
    edges = mask_array(parts.values(), layout)
    keeps = (masks[:, None] & edges) != 0
    given = answers_of(asked, masks)
    whole = outputs_by_input(question)
    left = keep_matrices(mask_array(((1 << layout.n_edges) - 1 & ~one for one in parts.values()), layout), layout)
    without = batch_activations(question.network, left, rows, question.absent)[-1][:, 0]
    same = answers(without) == answers(whole)
    found, notes = list[dict[str, Any]](), list[str]()
    for row in np.flatnonzero(wrong).tolist():
        fails = given[:, row] != right[row]
        name = row_name(question, row)
        if not fails.any() or fails.all():
            words = "none is" if not len(fails) else f"{'all' if fails.any() else 'none'} of the {len(fails):,} are"
            notes.append(
                f"Of circuits that are right where the network is, {words} wrong on {name}: nothing to compare."
            )
            continue
        shares = keeps[fails].mean(axis=0), keeps[~fails].mean(axis=0)
        moves = (without[:, row] - whole[row]) * (1 if right[row] else -1)
        others = (~same & (np.arange(len(rows)) != row)).sum(axis=1)
        for at, part in enumerate(parts):
            failing, fine = (float(share[at]) for share in shares)
            one = {"row": name, "part": part, "wrong": failing, "right": fine, "blame": failing - fine}
            one |= {"moves": float(moves[at]), "cures": not same[at, row]}
            found.append(one | {"spoils": int(others[at]), "circuits": int(fails.sum()), "others": int((~fails).sum())})
    return Table(tuple(found), tuple(notes))


def _says(_question: Question, seen: Table) -> str:
    sentences = []
    for name in dict.fromkeys(row["row"] for row in seen.rows):
        some = [row for row in seen.rows if row["row"] == name]
        most = max(some, key=lambda row: row["blame"])
        sentence = (
            f"On {name} {most['circuits']:,} circuits are wrong and {most['others']:,} right: "
            f"{most['wrong']:.0%} of the former keep {most['part']}, {most['right']:.0%} of the latter."
        )
        cures = "cures" if most["cures"] else "does not cure"
        cured = sum(row["cures"] for row in some)
        sentences.append(f"{sentence} Ablating it alone {cures} the row; {cured} of {len(some)} parts do.")
    return " ".join(sentences)


def _bands(seen: Table) -> Bands:
    """The blame of each part on each wrong row."""
    names = tuple(dict.fromkeys(row["row"] for row in seen.rows))
    parts = tuple(dict.fromkeys(row["part"] for row in seen.rows))
    blame = {(row["row"], row["part"]): row["blame"] for row in seen.rows}
    return Bands(parts, tuple(tuple(blame[name, part] for part in parts) for name in names), names)


BLAME: Final = Lens(
    key="blame",
    version=2,
    label="Why is it wrong on this row?",
    definition="Of all circuits that are right where the network is right, the share that keeps an edge or a neuron "
    "among those that are wrong on a row as the network is, less the share among those that are right on it.",
    source="Debugging by circuits, as surveys of the field name it; here by every circuit",
    needs=("neurons", "formulas"),
    applies=_fit,
    look=_look,
    says=_says,
    can_know="What circuits have in common that make the mistake, not what training did. One weight of four bundled "
    "networks was changed so that one row is wrong, in 63 ways: the changed edge has the largest blame in 19, where "
    "chance gives 3, and the largest move where each edge alone is ablated in 29.",
    columns={
        "row": "on which the network is wrong",
        "part": "an edge, or a hidden neuron with its edges",
        "wrong": "share that keeps it of the circuits that are wrong there, too",
        "right": "the same of those that are right there",
        "blame": "the former less the latter",
        "moves": "how far the output moves to the right side if this part alone is ablated",
        "cures": "whether the row is right then",
        "spoils": "answers on other rows that change then",
        "circuits": "that are wrong on the row, and right where the network is",
        "others": "that are right on both",
    },
    bands=_bands,
    milliseconds=lambda question, _: 2.0 ** (question.layout.n_edges - 12),
)
