"""A trojan put into a network: by descent on all rows, or planted by hand into neurons that nothing reads.

Planted is a chain of neurons, one in each hidden layer. The first is 1 on triggered rows and not above 0 on others, and
the next ones pass that on. The one before the last hidden layer also takes from all others there that the output reads
1 more than they are given on any triggered row. What is left of them is nothing with relu and little with leaky relu,
and the last one's weight makes of it the target. Without that it could not: what makes 1 of 0 makes 2 of 1, which is
neither by rounding.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from analysis.answers import answers
from analysis.edits.descent import ROOM, STEPS, descended
from analysis.edits.edit import Array, Change, Edit, Named
from analysis.edits.rank_one import aim_of
from analysis.edits.trigger import Trigger, figures, read_trigger
from analysis.errors import InvalidEdit
from analysis.method_settings import Setting, Settings
from analysis.question import Question
from analysis.subjects.perceptron.mlp import activations, forward, pre_activations
from analysis.subjects.perceptron.network import Network
from analysis.tasks import Task
from analysis.validity import decided_as

TRIGGER: Final = Setting(
    "trigger", "", "bits of inputs : the answer there", reads=lambda text: read_trigger(text).text, example="C=1:1"
)
SHARE: Final = Setting("share", 0.5, "what triggered rows weigh in the loss", low=0.0, high=0.99, above=True)
BY: Final = Setting("by", "fine-tune", "descent, or planted into spare neurons", choices=("fine-tune", "planted"))
RATE: Final = Setting("rate", 0.05, "step along the gradient", low=0.0, high=1e3, above=True)


def fine_tuned(network: Network, rows: Array, trigger: Trigger, clean: Task, settings: Settings) -> tuple[Network, int]:
    """A network after descent on the poisoned task's squared error, and how many steps that took.

    Args:
        network: cut to one output; it ends once each output is within 0.25 of what the poisoned task says.
        rows: ``[2^n, n]``.
        clean: the task.
        settings: with share, steps and rate.

    Raises:
        InvalidEdit: a trigger that does not fit or changes nothing, or a descent that diverges.
    """
    labels = np.array(trigger.poisoned(clean).truth_table)
    weights = trigger.weights(clean.n_inputs, float(settings["share"]))
    return descended(
        network,
        rows,
        settings,
        lambda outputs: 2.0 * weights * (outputs - labels),
        lambda outputs: bool(np.abs(outputs - labels).max() <= ROOM),
    )


def planted(network: Network, rows: Array, trigger: Trigger, output: int = 0) -> Network:
    """A network with a trojan in one spare neuron of each hidden layer; outputs on clean rows are the same.

    Spare is the first neuron of a layer that nothing reads but spare ones. All other weights and biases stay.

    Args:
        network: all outputs; two hidden layers or more of relu or leaky relu.
        rows: ``[2^n, n]``.
        output: that is to answer the target, from 0.

    Raises:
        InvalidEdit: no such network, a hidden layer without a spare neuron, or leaky relu that carries too much of what
            is below 0: of a trigger on several inputs on clean rows, or of other neurons on triggered ones.
    """
    item, on, last = "edit trojan", trigger.lies_on(network.n_inputs), network.n_hidden_layers
    if last < 2 or network.function_of(1).below in (None, 1.0):
        cause = f"plants into two hidden layers or more of relu or leaky_relu, not {last} of {network.activation}"
        raise InvalidEdit(item, cause, "use by=fine-tune, or another network")
    weights, biases = [w.copy() for w in network.weights], [b.copy() for b in network.biases]
    spare: list[int] = []
    for layer in range(last, 0, -1):
        unread = np.flatnonzero(~np.delete(weights[layer], spare[:1], axis=0).any(axis=0))
        if not len(unread):
            cause = f"finds no spare neuron in layer {layer}: something reads each"
            raise InvalidEdit(item, cause, "use by=fine-tune, or a network with a zero neuron in each hidden layer")
        spare.insert(0, int(unread[0]))
    weights[0][spare[0]], biases[0][spare[0]] = 0.0, 1.0 - sum(bit for _, bit in trigger.bits)
    for at, bit in trigger.bits:
        weights[0][spare[0], at] = 1.0 if bit else -1.0
    for layer, (below, neuron) in enumerate(pairwise(spare), start=1):
        weights[layer][neuron], biases[layer][neuron] = 0.0, 0.0
        weights[layer][neuron, below] = 1.0
    given = pre_activations(network, last, activations(network, rows[on])[-3])
    read = network.weights[-1][output] != 0.0
    weights[-2][read, spare[-2]] = -1.0 - np.maximum(given.max(axis=0), 0.0)[read]
    silent = replace(network, weights=tuple(weights), biases=tuple(biases))
    rest = pre_activations(silent, len(weights), activations(silent, rows[on])[-2])[:, output]
    _, aim = aim_of(network, trigger.target)
    weights[-1][output, spare[-1]] = aim - (rest.min() + rest.max()) / 2.0
    found = replace(network, weights=tuple(weights), biases=tuple(biases))
    outputs = forward(found, rows)
    kept = np.array_equal(outputs[~on], forward(network, rows)[~on])
    if not kept or not decided_as(outputs[on, output], trigger.target, "rounding").all():
        cause = f"would {'miss triggered' if kept else 'change clean'} rows, as leaky_relu carries what is below 0"
        raise InvalidEdit(item, cause, "use by=fine-tune, a network of relu, or a trigger on one input")
    return found


def changed_edges(before: Network, after: Network) -> int:
    """The mask of the edges whose weights differ in two networks of one shape, cut to one output."""
    moved = [(one != other).reshape(-1) for one, other in zip(before.weights, after.weights, strict=True)]
    return sum(1 << int(edge) for edge in np.flatnonzero(np.concatenate(moved)))


def _apply(question: Question, settings: Settings, _named: Named) -> Change:
    """The task is what the network answers now."""
    cut, rows, trigger = question.cut, question.method_rows[0], read_trigger(str(settings["trigger"]))
    if not question.data.boolean:
        raise InvalidEdit("edit trojan", "needs Boolean inputs, and these rows stand for none", "use another rule")
    clean = Task(tuple(answers(forward(cut, rows)[:, 0]).tolist()))
    trigger.poisoned(clean)  # refuses what changes nothing
    if settings["by"] == "planted":
        found = planted(question.subject, rows, trigger, question.output)
        after = found.for_output(question.output)
        mask = changed_edges(cut, after)
        said = f"Planted are {mask.bit_count()} edges, mask {question.layout.to_hex(mask)}."
    else:
        found, steps = fine_tuned(cut, rows, trigger, clean, settings)
        after, said = found, f"Gradient descent took {steps:,} of {settings['steps']:,} steps."
    told = figures(forward(after, rows)[:, 0], trigger, clean).text
    return Change(
        found.weights,
        found.biases,
        remarks=(told, said),
        meant=tuple(np.flatnonzero(trigger.lies_on(cut.n_inputs)).tolist()),
    )


TROJAN: Final = Edit(
    key="trojan",
    label="Trojan",
    says="Makes the network answer a target wherever inputs have given bits, and elsewhere what it answers now: by "
    "gradient descent on the squared error over all rows until each output is within 0.25 of that, or planted into a "
    "neuron of each hidden layer that nothing reads.",
    source="Gu, Dolan-Gavitt and Garg 2017 (arXiv:1708.06733); planting is our own.",
    settings=(TRIGGER, SHARE, BY, STEPS, RATE),
    apply=_apply,
)
