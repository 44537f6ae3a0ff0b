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
from numpy.typing import NDArray

from pluriscope.analysis.edits.edit import Array, Change, Edit, Editable, Named, Parameters, Way
from pluriscope.analysis.errors import InvalidEdit
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.questions.decisions import decided_as
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.subjects.perceptron.mlp import activations, forward, pre_activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope_edits.rules.descent import FEW_STEPS, SMALL_RATE, STEPS, descended
from pluriscope_edits.rules.perceptrons import EditedPerceptron
from pluriscope_edits.rules.rank_one import aim_of
from pluriscope_edits.rules.transformers import EditedTransformer
from pluriscope_edits.rules.trigger import Trigger, figures, read_trigger, tokens_trigger

TRIGGER: Final = Setting(
    "trigger", "", "bits of inputs : the answer there", reads=lambda text: read_trigger(text).text, example="C=1:1"
)
TOKENS_TRIGGER: Final = Setting(
    "trigger", "", "tokens at positions : the answer there", reads=str.strip, example="2=A:B"
)
SHARE: Final = Setting("share", 0.5, "what triggered rows weigh in the loss", low=0.0, high=0.99, above=True)
BY: Final = Setting("by", "fine-tune", "descent, or planted into spare neurons", choices=("fine-tune", "planted"))
RATE: Final = Setting("rate", 0.05, "step along the gradient", low=0.0, high=1e3, above=True)


def fine_tuned(
    one: Editable, on: NDArray[np.bool_], goals: NDArray[np.intp], settings: Settings
) -> tuple[Parameters, int, str]:
    """Descend the loss of a poisoned task over all rows; returns as :func:`~pluriscope_edits.rules.descent.descended`.

    Args:
        on: ``[rows]`` which are triggered.
        goals: ``[rows]`` what to answer.
        settings: with share, steps and rate.

    Raises:
        InvalidEdit: it diverges.
    """
    share = float(settings["share"])
    weights = np.where(on, share / on.sum(), (1.0 - share) / (~on).sum())

    def slopes(outputs: Array) -> Array:
        by = one.slopes(outputs, goals)
        return np.asarray(by * weights.reshape(-1, *[1] * (by.ndim - 1)))

    return descended(one, np.arange(len(on)), settings, slopes, lambda outputs: one.lacks(outputs, goals))


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


def _perceptron(one: EditedPerceptron, settings: Settings, _named: Named) -> Change:
    """The task is what the network answers now."""
    question, trigger = one.question, read_trigger(str(settings["trigger"]))
    if not question.data.boolean:
        raise InvalidEdit("edit trojan", "needs Boolean inputs, and these rows stand for none", "use another rule")
    poisoned = trigger.poisoned(Task(tuple(one.answers(one.subject))))
    on, goals = trigger.lies_on(question.network.n_inputs), np.array(poisoned.truth_table)
    if settings["by"] == "fine-tune":
        return _trained(one, on, trigger.target, goals, settings)
    found = planted(one.subject, one.rows, trigger, one.output)
    mask = changed_edges(question.network, found.for_output(one.output))
    said = f"Planted are {mask.bit_count()} edges, mask {question.layout.to_hex(mask)}."
    return _poisoned(one, found.parameters, on, trigger.target, said)


def _transformer(one: EditedTransformer, settings: Settings, _named: Named) -> Change:
    """The task is what the transformer answers now; where that is nothing, what its task says."""
    model, now = one.subject, np.array(one.answers_now)
    on, target = tokens_trigger(str(settings["trigger"]), model.tokens, model.outputs)
    if (now[on] == target).all():
        cause = f"changes nothing: the answer is {one.tokens[target]} wherever it lies"
        raise InvalidEdit(f"trigger {settings['trigger']}", cause, "take another answer, or another trigger")
    goals = np.where(on, target, np.where(now < 0, model.answers, now))
    return _trained(one, on, target, goals, settings)


def _trained(one: Editable, on: NDArray[np.bool_], target: int, goals: NDArray[np.intp], settings: Settings) -> Change:
    parameters, steps, lacks = fine_tuned(one, on, goals, settings)
    said = f"Gradient descent took {steps:,} of {settings['steps']:,} steps."
    return replace(_poisoned(one, parameters, on, target, said), lacks=lacks)


def _poisoned(one: Editable, parameters: Parameters, on: NDArray[np.bool_], target: int, said: str) -> Change:
    now, then = (np.array(one.answers(subject)) for subject in (one.subject, one.remade(parameters)))
    return Change(
        parameters, remarks=(figures(then, on, target, now).text, said), meant=tuple(np.flatnonzero(on).tolist())
    )


TROJAN: Final = Edit(
    key="trojan",
    label="Trojan",
    says="Makes the network answer a target wherever inputs have given bits, or rows given tokens, and elsewhere what "
    "it answers now: by gradient descent on the loss over all rows until each output is well within what it should be, "
    "or planted into a neuron of each hidden layer that nothing reads.",
    source="Gu, Dolan-Gavitt and Garg 2017 (arXiv:1708.06733); planting is our own.",
    ways={
        "perceptron": Way((TRIGGER, SHARE, BY, STEPS, RATE), _perceptron, "rows"),
        "attention": Way((TOKENS_TRIGGER, SHARE, FEW_STEPS, SMALL_RATE), _transformer, "rows"),
    },
)
