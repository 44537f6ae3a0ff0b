"""Labels of neurons: a label is a formula of the inputs, simulated and scored, on clean rows and under interventions.

Bills et al., "Language models can explain neurons in language models" (OpenAI 2023): a label predicts a neuron's
activations (simulation), the score says how well, and the network is run with the simulated activations in place of the
neuron's own. Here labels are typed, or the function that fits best is taken, so no language model is asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.boolean_formulas import task_from_formula
from pluriscope.analysis.algorithms.high_level_model import input_pattern
from pluriscope.analysis.errors import InvalidMethod, InvalidTask
from pluriscope.analysis.explanations.probes import table_text
from pluriscope.analysis.interpretations.gates import gate_name
from pluriscope.analysis.interventions.swaps import run_from
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.questions.tasks import MAX_INPUTS
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.lenses.lens import APPLIES, NEURON_COLUMNS, Array, Bar, Fit, Lens, Table, not_applicable
from pluriscope_methods.lenses.patching import neurons_of, patched_along
from pluriscope_methods.permutation_baseline.networks import permuted_network

MAX_LABELS: Final = 64
N_SHUFFLED: Final = 19
"""Networks with shuffled weights."""
MAX_FREE: Final = 3
"""Inputs up to which every function is tried where no label is typed; beyond them the task and the single inputs."""
EXAMPLE: Final = "1.0: A and not B; 2.1: A or B"
_LABEL: Final = re.compile(r"(\d{1,3})\.(\d{1,3})\s*:\s*(.+)", re.ASCII | re.DOTALL)


class Label(NamedTuple):
    """A formula that is said to be what a neuron stands for: layer from 1, neuron from 0, and the formula."""

    layer: int
    neuron: int
    formula: str

    @property
    def text(self) -> str:
        """Text of the label in a setting."""
        return f"{self.layer}.{self.neuron}: {self.formula}"


def read_labels(text: str) -> tuple[Label, ...]:
    """Labels as they are typed: ``LAYER.NEURON: FORMULA``, several joined by ``;``.

    Raises:
        InvalidMethod: a label that is none, named, or a neuron that has two.
    """
    found: dict[tuple[int, int], Label] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        item, match = f"label {part[:60]!r}", _LABEL.fullmatch(part)
        if match is None:
            raise InvalidMethod(item, "names no neuron", f"write LAYER.NEURON: FORMULA, such as {EXAMPLE}")
        label = Label(int(match[1]), int(match[2]), " ".join(match[3].split()))
        try:
            task_from_formula(label.formula, MAX_INPUTS)
        except InvalidTask as problem:
            raise InvalidMethod(item, f"has no formula: {problem.cause}", problem.cure) from None
        if found.setdefault(label[:2], label) is not label:
            raise InvalidMethod(item, "is the second of its neuron", "say one label for each neuron")
    if len(found) > MAX_LABELS:
        raise InvalidMethod("labels", f"are {len(found)}, more than {MAX_LABELS}", "say fewer at once")
    return tuple(found.values())


def _fit(question: Question, settings: Settings) -> Fit:
    sizes = question.network.hidden_sizes
    for label in read_labels(str(settings["labels"])):
        if not 1 <= label.layer <= len(sizes) or label.neuron >= sizes[label.layer - 1]:
            there = f"hidden layers have {', '.join(map(str, sizes))} neurons, from layer 1 and neuron 0 on"
            return not_applicable(f"The label “{label.text}” names a neuron that is not there: {there}.")
        try:
            task_from_formula(label.formula, question.network.n_inputs)
        except InvalidTask as problem:
            return not_applicable(f"The label “{label.text}” is about other inputs: {problem.cause}.")
    return APPLIES


def _look(question: Question, settings: Settings, work: Work) -> Table:
    clean, n_inputs = activations(question.network, question.method_rows[0]), question.network.n_inputs
    typed = read_labels(str(settings["labels"]))
    asked = [(label, np.array(task_from_formula(label.formula, n_inputs).truth_table) == 1) for label in typed]
    notes = () if asked else (_usual(question, clean),)
    if not asked:
        asked = [_best(question, clean, layer, neuron) for ((layer, neuron),) in neurons_of(question.network.sizes)]
    rows = tuple(_scored(question, clean, label, table) for label, table in work.each("methods", asked, "labels"))
    return Table(rows, notes)


def _best(question: Question, clean: Sequence[Array], layer: int, neuron: int) -> tuple[Label, NDArray[np.bool_]]:
    """The function that correlates most with a neuron, the first of equals; a function and its negation count once."""
    n_inputs, n_rows = question.network.n_inputs, len(clean[0])
    few = [question.task.pattern, *(input_pattern(index, n_inputs) for index in range(n_inputs))]
    functions = range(2, 1 << n_rows, 2) if n_inputs <= MAX_FREE else few
    tables = [np.array([function >> row & 1 for row in range(n_rows)]) == 1 for function in functions]
    scores = [_correlation(clean[layer][:, neuron], table) or 0.0 for table in tables]
    best = int(np.argmax(np.round(np.abs(scores), 9)))
    function, table = functions[best], tables[best]
    if scores[best] < 0.0:
        function, table = (1 << n_rows) - 1 - function, ~table
    return Label(layer, neuron, gate_name(function, n_inputs) or table_text(function, n_inputs)), table


def _usual(question: Question, clean: Sequence[Array]) -> str:
    """Say how well the best function of each neuron fits, and where the weights are in random order."""

    def fits(layers: Sequence[Array]) -> float:
        every = [(layer, neuron) for ((layer, neuron),) in neurons_of(question.network.sizes)]
        best = [_correlation(layers[at][:, one], _best(question, layers, at, one)[1]) or 0.0 for at, one in every]
        return fixed_order.total_of(np.array(best)) / len(best)

    networks = (permuted_network(question.network, number, seed=0) for number in range(N_SHUFFLED))
    fitted = [fits(activations(network, question.method_rows[0])) for network in networks]
    usual = fixed_order.total_of(np.array(fitted)) / N_SHUFFLED
    sentence = f"The best function correlates with its neuron by {fits(clean):.2f} in the mean over neurons"
    return f"{sentence}, and by {usual:.2f} where the entries of each weight matrix are shuffled."


def _scored(question: Question, clean: Sequence[Array], label: Label, table: NDArray[np.bool_]) -> dict[str, Any]:
    """A label's scores: on clean rows, with the simulation in the neuron's place, and under interchange."""
    network, values = question.network, clean[label.layer][:, label.neuron]
    before = answers(clean[-1][:, 0])
    patched = patched_along(network, clean, ((label.layer, label.neuron),))
    changed, alike = answers(patched) != before, table[:, None] == table[None, :]
    simulated = clean[label.layer].copy()
    simulated[:, label.neuron] = _simulated(values, table)
    after = answers(run_from(network, label.layer, simulated))
    return {
        "layer": label.layer,
        "neuron": label.neuron,
        "label": label.formula,
        "truth_table": table.astype(int).tolist(),
        "correlation": _correlation(values, table),
        "cut": _has_cut(values, table),
        "kept": int((after == before).sum()),
        "rows": len(table),
        "alike_changed": int((changed & alike).sum()),
        "alike": int(alike.sum()) - len(table),
        "unlike_changed": int((changed & ~alike).sum()),
        "unlike": int((~alike).sum()),
    }


def _correlation(values: Array, table: NDArray[np.bool_]) -> float | None:
    """Pearson's, of activations and the label's truth value; None where one of them does not vary."""
    if values.min() == values.max() or table.all() or not table.any():
        return None
    one, other = values - fixed_order.total_of(values) / len(values), table - table.sum() / len(table)
    return fixed_order.dot(one, other) / (fixed_order.length(one) * fixed_order.length(other))


def _has_cut(values: Array, table: NDArray[np.bool_]) -> bool:
    """Whether one threshold on the activation separates the rows where the label is true."""
    if table.all() or not table.any():
        return False
    inside, outside = values[table], values[~table]
    return bool(inside.min() > outside.max() or inside.max() < outside.min())


def _simulated(values: Array, table: NDArray[np.bool_]) -> Array:
    """``[rows]`` what the label predicts: the mean activation where it is true, and where it is false."""
    found = values.copy()
    for side in (table, ~table):
        if side.any():
            found[side] = fixed_order.total_of(values[side]) / int(side.sum())
    return found


def _bars(seen: Table) -> tuple[Bar, ...]:
    return tuple(Bar(f"{row['layer']}.{row['neuron']} {row['label']}", row["kept"], row["rows"]) for row in seen.rows)


def _says(_question: Question, seen: Table) -> str:
    """Summarise the labels. For a neuron from which the answer takes nothing every label would predict all."""
    taken = [row for row in seen.rows if row["alike_changed"] or row["unlike_changed"]]
    whole = sum(row["kept"] == row["rows"] and not row["alike_changed"] for row in taken)
    words = "1 label" if len(seen.rows) == 1 else f"{len(seen.rows)} labels"
    sentence = f"Of {words} {sum(row['cut'] for row in seen.rows)} can be read by one threshold on the neuron."
    if not taken:
        return f"{sentence} No answer changes when the neuron is interchanged, so there is nothing to predict."
    return (
        f"{sentence} Answers depend on the neurons of {len(taken)}, and {whole} of these "
        f"{'predicts' if whole == 1 else 'predict'} all that is taken from the neuron: no answer changes with the "
        "simulation in its place, nor when it is interchanged between inputs that the label calls alike."
    )


LABELS: Final = Lens(
    key="labels",
    version=2,
    label="Labels of neurons",
    definition="A label is a formula of the inputs: its truth value is to predict the neuron's activation. Where none "
    "is typed, each neuron gets the function that correlates most, beyond three inputs of the task and the single "
    "inputs only.",
    source="Bills et al., OpenAI 2023, without a language model: labels are formulas, typed or the best function",
    own=(
        Setting(
            "labels",
            "",
            "what neurons are said to stand for; the best function of each if nothing is typed",
            reads=lambda text: "; ".join(label.text for label in read_labels(text)),
            example=EXAMPLE,
        ),
    ),
    needs=("neurons", "boolean-rows"),
    applies=_fit,
    look=_look,
    says=_says,
    can_know="How much of a neuron a formula predicts, exactly. A good score does not say that the network uses the "
    "neuron so, and on few rows several formulas may score alike.",
    columns=NEURON_COLUMNS
    | {
        "label": "the formula",
        "truth_table": "of the formula",
        "correlation": "of the formula's truth value and the activation; empty where one does not vary",
        "cut": "whether one threshold on the activation separates the rows where the formula is true",
        "kept": "rows whose answer stays when the neuron has the mean activation of its side of the label",
        "rows": "of inputs",
        "alike_changed": "pairs that the label calls alike and whose answer changes when the neuron is interchanged",
        "alike": "ordered pairs of inputs that the label calls alike",
        "unlike_changed": "pairs that it calls different and whose answer changes",
        "unlike": "ordered pairs that it calls different",
    },
    bars=_bars,
)
