"""The descent by which a network deceives a method.

The loss has three parts: outputs that leave the room around their answers, with the neuron or without it, how far the
output moves when the neuron is taken out, and what the neuron lacks to come first. Its derivatives are differences, so
each method is deceived as it is, and none needs derivatives of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from pluriscope.analysis.edits.edit import Array, Change, Named, Parameters
from pluriscope.analysis.errors import InvalidEdit
from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_edits.deception.ranking import RANKINGS, Ranking, outputs_with
from pluriscope_edits.rules.descent import Adam
from pluriscope_edits.rules.perceptrons import EditedPerceptron

AHEAD: Final = 1.5
"""By what factor the neuron has to be ahead of every other of its layer."""
_NOISE: Final = 0.1
_SLACK: Final = 0.9  # of the room and of the move, at which the loss begins
_WEIGHT: Final = 10.0
_APART: Final = 1e-6
_MOST_NEURONS: Final = 8  # of a layer: Shapley values try every set


@dataclass(frozen=True)
class Seen:
    """Measurement of how near a network is to deceiving.

    Args:
        loss: that is descended.
        off: how far the output is from the answer, at most, with the neuron or without it.
        move: how far taking the neuron out moves the output, at most.
        numbers: what the method says of each neuron of the layer.
        first: whether it puts the neuron first, ahead of the others by :data:`AHEAD`.
    """

    loss: float
    off: float
    move: float
    numbers: Array
    first: bool


@dataclass(frozen=True)
class Deceiving:
    """Deception that a network is to be trained to.

    Args:
        question: about the network before, with its answers as the task.
        ranking: of the method.
        layer: of the neuron that is to come first, from 1.
        neuron: its number, from 0.
    """

    question: Question
    ranking: Ranking
    layer: int
    neuron: int
    settings: Settings

    @property
    def name(self) -> str:
        """Name of the neuron."""
        return f"n{self.layer}.{self.neuron}"

    def asked(self, parameters: Parameters) -> Question:
        """The question about a network with these parameters."""
        arrays = tuple(parameters.values())
        network = replace(self.question.network, weights=arrays[::2], biases=arrays[1::2])
        return replace(self.question, subject=network, output=0)

    def seen(self, parameters: Parameters) -> Seen:
        """Measure a network with these parameters."""
        question = self.asked(parameters)
        outputs, off = with_and_without(question, self.layer, self.neuron)
        move = np.abs(outputs[0] - outputs[1])
        room, most = float(self.settings["room"]), float(self.settings["moves"])
        numbers = self.ranking.of(question, self.layer)
        own, other = float(numbers[self.neuron]), float(np.delete(numbers, self.neuron).max(initial=0.0))
        over = np.maximum(off.reshape(-1) - _SLACK * room, 0.0), np.maximum(move - _SLACK * most, 0.0)
        lacks = max(AHEAD / _SLACK * other - own, 0.0) / (own + other) if own + other > 0.0 else 1.0
        loss = _WEIGHT * sum(fixed_order.dot(one, one) for one in over) + lacks
        return Seen(loss, float(off.max()), float(move.max()), numbers, own > 0.0 and own >= AHEAD * other)

    def done(self, seen: Seen) -> bool:
        """Whether it deceives."""
        return seen.first and seen.off <= float(self.settings["room"]) and seen.move <= float(self.settings["moves"])

    def descended(self) -> Iterator[tuple[Parameters, Seen]]:
        """The network at the start, and after each step; the last one deceives, unless steps have run out."""
        parameters, adam = self._start(), Adam()
        for step in range(int(self.settings["steps"]) + 1):
            seen = self.seen(parameters)
            yield parameters, seen
            if self.done(seen) or step == self.settings["steps"]:
                return
            moves = adam.steps(self._slopes(parameters, seen.loss))
            parameters = {name: one - float(self.settings["rate"]) * moves[name] for name, one in parameters.items()}

    def _start(self) -> Parameters:
        random = np.random.default_rng(int(self.settings["seed"]))
        old = self.question.network.parameters
        return {name: one + _NOISE * random.standard_normal(one.shape) for name, one in old.items()}

    def _slopes(self, parameters: Parameters, loss: float) -> Parameters:
        """Derivatives of the loss, each parameter by itself moved by a millionth."""
        found = {}
        for name, one in parameters.items():
            found[name] = np.zeros(one.shape)
            for place in np.ndindex(one.shape):
                moved = one.copy()
                moved[place] += _APART
                found[name][place] = (self.seen({**parameters, name: moved}).loss - loss) / _APART
        return found


def with_and_without(question: Question, layer: int, neuron: int) -> tuple[Array, Array]:
    """``[2, rows]`` outputs of the whole network and without a neuron, and how far they are from the right answers."""
    kept = np.ones((2, question.network.sizes[layer]), dtype=np.bool_)
    kept[1, neuron] = False
    outputs = outputs_with(question, layer, kept)
    return outputs, np.abs(outputs - question.method_rows[1])


def deceiving(question: Question, settings: Settings) -> Deceiving:
    """Read the deception that the settings of :data:`DECEIVE` ask for.

    Args:
        question: with what the network answers as the task.

    Raises:
        InvalidEdit: a neuron that does not exist, a layer of one neuron or of more than eight.
    """
    sizes, text = question.network.sizes, str(settings["neuron"])
    text = f"n{text}" if text[:1].isdigit() else text
    every = {f"n{layer}.{one}": (layer, one) for layer in range(1, len(sizes) - 1) for one in range(sizes[layer])}
    if text and text not in every:
        raise InvalidEdit(f"neuron {text[:40]!r}", "does not exist", f"use {', '.join([*every][:12])}")
    if text:
        layer, neuron = every[text]
    else:
        outputs = [with_and_without(question, 1, one)[0] for one in range(sizes[1])]
        layer, neuron = 1, int(np.argmin([np.abs(one[0] - one[1]).max() for one in outputs]))
    if not 1 < sizes[layer] <= _MOST_NEURONS:
        cause = f"has {sizes[layer]} neurons, and one of 2 to {_MOST_NEURONS} is put first"
        raise InvalidEdit(f"layer {layer}", cause, "take another layer or network")
    return Deceiving(question, RANKINGS[str(settings["method"])], layer, neuron, settings)


def order_of(layer: int, numbers: Array) -> str:
    """Rank the neurons of a layer by a method's numbers, the first one first, in words."""
    order = np.argsort(-numbers, kind="stable").tolist()
    return ", ".join(f"n{layer}.{neuron} {numbers[neuron]:.3f}" for neuron in order)


def apply(one: EditedPerceptron, settings: Settings, _named: Named) -> Change:
    """Train a network to deceive, as :data:`~pluriscope_edits.rules.deceive.DECEIVE` does; the task is what it answers
    now.

    Raises:
        InvalidEdit: rows that are no Boolean inputs, or see :func:`deceiving`.
    """
    if not one.question.data.boolean:
        raise InvalidEdit("edit deceive", "needs Boolean inputs, and these rows stand for none", "use another rule")
    table = tuple(one.answers(one.subject))
    asked = deceiving(replace(one.question, subject=one.question.network, output=0, task=Task(table)), settings)
    label = asked.ranking.label
    ((steps, (parameters, seen)),) = deque(enumerate(asked.descended()), maxlen=1)
    lacks = "" if asked.done(seen) else f"{label} says {order_of(asked.layer, seen.numbers)}"
    before = order_of(asked.layer, asked.ranking.of(asked.question, asked.layer))
    said = f"{label}: {order_of(asked.layer, seen.numbers)}; before: {before}."
    moved = f"Without {asked.name} the output moves by at most {seen.move:.2g}, and no answer changes."
    took = f"Descent took {steps:,} of {settings['steps']:,} steps."
    return Change(parameters, settings={"neuron": asked.name}, remarks=(said, moved, took), lacks=lacks)
