"""Judges of which masks are valid circuits of one network under one condition, by running many masks at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.carried_algorithms.relation import RELATIONS
from pluriscope.analysis.carried_algorithms.search import Stories, all_stories
from pluriscope.analysis.discovery.masked_perceptron import (
    Rows,
    bernoulli_divergence,
    metric_of,
    outputs_of_masks,
    rows_of,
)
from pluriscope.analysis.errors import InvalidData, InvalidMethod
from pluriscope.analysis.questions.decisions import decided_right
from pluriscope.analysis.questions.protocol import COMPLETE, Protocol
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.chances import divergence
from pluriscope.analysis.subjects.graph import Graph
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout, mask_array, one_mask
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope_bench.key.condition import CONDITIONS, EPSILON, Condition, Structure
from pluriscope_methods.carried_algorithms.of_circuit import MAX_CANDIDATES

_VALUES_AT_ONCE: Final = 1 << 18  # float64 values in one table, which stays within a core's cache


@dataclass(frozen=True, eq=False)
class CircuitJudge(ABC):
    """The judge of one network.

    Args:
        question: about the network, of any kind; of its rules the condition decides those that it names.
        condition: under which.
    """

    question: Any
    condition: Condition

    @property
    def graph(self) -> Graph:
        """Names the edges; bit i of a mask is edge i."""
        found: Graph = self.question.graph
        return found

    @abstractmethod
    def all_pruned(self, raws: Sequence[int]) -> list[int]:
        """The circuit of each raw mask: loose ends pruned as the condition has them."""

    @abstractmethod
    def are_valid(self, raws: Sequence[int]) -> list[bool]:
        """Whether the pruned circuit of each raw mask is valid."""

    @abstractmethod
    def are_right(self, raws: Sequence[int]) -> list[bool]:
        """Whether each raw mask passes the judge as it is: nothing is pruned, and no edge is asked for."""

    @abstractmethod
    def outputs(self, raws: Sequence[int]) -> NDArray[np.float64]:
        """Outputs of raw masks, ``[masks, rows]`` of a perceptron and ``[masks, rows, outputs]`` of a transformer;
        under pairs a row is a pair.
        """

    @abstractmethod
    def metrics(self, raws: Sequence[int]) -> list[float]:
        """The metric of each raw mask, a mean over rows, larger is better: of a perceptron (2y - 1) · f for the label y
        and the output f, of a transformer the right output less the largest other.
        """

    @abstractmethod
    def divergences(self, raws: Sequence[int]) -> list[float]:
        """Kullback–Leibler divergence of what each raw mask gives from what the whole network does, the mean over rows
        in nats; a perceptron's output is the logit of a Bernoulli variable.
        """

    def keep_algorithms(self, circuits: Sequence[int]) -> list[bool | None]:
        """Whether each of some valid circuits carries the same algorithms as the whole network; None where that is not
        known.
        """
        return [None] * len(circuits)


def judge_of(question: Any, condition: Condition) -> CircuitJudge:
    """The judge of a network under a condition.

    Args:
        question: about a perceptron, on one row for each Boolean input, or about a subject whose circuits are a space.

    Raises:
        InvalidMethod: the condition is not defined of the network, or it asks for pairs of rows that there are not.
        InvalidData: a perceptron's rows are others.
    """
    if isinstance(question, Question):
        clean = replace(question, protocol=COMPLETE)  # which draws no noisy rows
        data = clean.data
        if not data.boolean or data.validation_inputs is not None or data.interchange_rows is not None:
            cause = "are not one for each Boolean input, as the answer key has them"
            raise InvalidData("the rows of this data record", cause, "leave the data record out")
        return PerceptronJudge(question, condition, rows_of(clean, condition.ablation))
    known = conditions_of(question)
    if condition not in known:
        cause = f"is not defined of {question.kind.plural} under {question.under}"
        raise InvalidMethod(f"condition {condition.key}", cause, f"use one such as {known[0].key}")
    return SpaceJudge(replace(question, rules={**question.rules, "ablation": condition.ablation}), condition)


def conditions_of(question: Any) -> tuple[Condition, ...]:
    """The conditions that are defined of a network, in the order of :data:`CONDITIONS`."""
    if isinstance(question, Question):
        is_constant = len({*question.task.truth_table}) == 1
        return tuple(one for one in CONDITIONS if not (is_constant and one.ablation == "pairs"))
    rules = question.kind.admitted_rules(question.subject)
    return tuple(
        one
        for one in CONDITIONS
        if one.judge == "threshold" and one.structure == "strict"
        if {**question.rules, "ablation": one.ablation} in rules
    )


@dataclass(frozen=True, eq=False)
class PerceptronJudge(CircuitJudge):
    """The judge of one output of a perceptron.

    Args:
        rows: what masks are run on, and what left out edges carry there.
    """

    question: Question
    rows: Rows

    def all_pruned(self, raws: Sequence[int]) -> list[int]:
        found: list[int] = self._pruned(raws).tolist()
        return found

    def are_valid(self, raws: Sequence[int]) -> list[bool]:
        masks = self._pruned(raws)
        valid = self.pass_with(self.outputs_of(masks))
        if self.condition.structure == "strict":
            valid &= every_input_read(masks, self.question.layout)
        return [bool(one) for one in valid]

    def are_right(self, raws: Sequence[int]) -> list[bool]:
        return [bool(one) for one in self.pass_with(self.outputs(raws))]

    def outputs(self, raws: Sequence[int]) -> NDArray[np.float64]:
        return self.outputs_of(mask_array(raws, self.question.layout))

    def metrics(self, raws: Sequence[int]) -> list[float]:
        found: list[float] = metric_of(self.outputs(raws), self.rows.labels, "margin").tolist()
        return found

    def divergences(self, raws: Sequence[int]) -> list[float]:
        return _means(bernoulli_divergence(self._whole, self.outputs(raws)))

    def keep_algorithms(self, circuits: Sequence[int]) -> list[bool | None]:
        masks = sorted({*circuits})
        work = Work(limits=Limits(max_candidates=MAX_CANDIDATES))
        found = self.searched and all_stories(self.searched, mask_array(masks, self.question.layout), work)
        if not isinstance(found, Stories):
            return super().keep_algorithms(circuits)
        same = dict(zip(masks, found.codes == RELATIONS.index("same"), strict=True))
        return [bool(same[mask]) for mask in circuits]

    @property
    def searched(self) -> Question | None:
        """The question under rules that searches have for the condition; None where they have none."""
        ablation, rule, structure = self.condition.ablation, self.condition.judge, self.condition.structure
        if structure == "free" or ablation == "pairs" or rule == "outputs":
            return None
        rules = Protocol(name="answer key", ablation=ablation, circuit_decision=rule)
        return replace(self.question, protocol=rules)

    def _pruned(self, raws: Sequence[int]) -> NDArray[Any]:
        layout = self.question.layout
        return without_loose_ends(mask_array(raws, layout), layout, self.condition.structure)

    @cached_property
    def _whole(self) -> NDArray[np.float64]:
        """Outputs of the whole network, ``[rows]``."""
        whole: NDArray[np.float64] = self.outputs([(1 << self.question.layout.n_edges) - 1])[0]
        return whole

    def pass_with(self, outputs: NDArray[np.float64]) -> NDArray[np.bool_]:
        """``[masks]`` which outputs ``[masks, rows]`` pass; those that are no numbers do not."""
        if self.condition.judge == "outputs":
            with np.errstate(over="ignore", invalid="ignore"):
                # from the first row to the last, so that the number of masks at once changes no bit
                total = np.add.accumulate(np.abs(outputs - self._whole), axis=1)[:, -1]
            return np.asarray(total / outputs.shape[1] <= EPSILON)
        return np.asarray(decided_right(outputs, self.rows.labels, self.condition.judge).all(axis=1))

    def outputs_of(self, masks: NDArray[Any]) -> NDArray[np.float64]:
        """Outputs of an array of masks, as :meth:`outputs` gives them."""
        step = max(1, _VALUES_AT_ONCE // (max(self.question.layout.sizes) ** 2 * len(self.rows.labels)))
        return _in_parts(lambda some: outputs_of_masks(self.question, some, self.rows), masks, step)


def without_loose_ends(masks: NDArray[Any], layout: EdgeLayout, structure: Structure) -> NDArray[Any]:
    """The circuits ``[masks]`` of raw masks of a perceptron.

    Going up, the edges out of a hidden neuron without an edge in are dropped, unless the structure is free; then, going
    down, the edges into one without an edge out. Going down leaves no neuron with an edge out and none in, so that once
    each way is enough.

    Args:
        masks: as :func:`~pluriscope.analysis.subjects.perceptron.circuit.mask_array` gives them.
    """
    everything, into, out_of = (1 << layout.n_edges) - 1, layout.edges_into, layout.edges_out_of
    hidden = [(layer, neuron) for layer, size in enumerate(layout.sizes[1:-1], 1) for neuron in range(size)]
    drops = [(into[layer][neuron], out_of[layer][neuron]) for layer, neuron in hidden if structure == "strict"]
    drops += [(out_of[layer][neuron], into[layer][neuron]) for layer, neuron in reversed(hidden)]
    for needed, dropped in drops:
        has = (masks & one_mask(needed, layout)) != 0
        masks = np.where(has, masks, masks & one_mask(everything & ~dropped, layout))
    return masks


def every_input_read(masks: NDArray[Any], layout: EdgeLayout) -> NDArray[np.bool_]:
    """``[masks]`` which masks keep an edge out of every input."""
    read = np.ones(len(masks), dtype=np.bool_)
    for edges in layout.edges_out_of[0]:
        read &= (masks & one_mask(edges, layout)) != 0
    return read


class SpaceJudge(CircuitJudge):
    """The judge of a subject whose circuits are a space, such as a transformer.

    A raw mask is run as it is: a node that reads nothing still gives what it makes of what left out edges carry.
    """

    question: GraphQuestion

    def all_pruned(self, raws: Sequence[int]) -> list[int]:
        return [self.graph.number(mask) for mask in self.question.space.reduce(self.graph.bits(raws))]

    def are_valid(self, raws: Sequence[int]) -> list[bool]:
        pruned = self.all_pruned(raws)
        some = [mask != 0 or self.graph.cut == "nodes" for mask in pruned]
        return [right and any_edge for right, any_edge in zip(self.are_right(pruned), some, strict=True)]

    def are_right(self, raws: Sequence[int]) -> list[bool]:
        wrong = (self.question.margins(self.outputs(raws)) <= 0).sum(axis=1)
        return [bool(one) for one in wrong <= self.question.space.most_wrong]

    def outputs(self, raws: Sequence[int]) -> NDArray[np.float64]:
        return _in_parts(self.question.space.run, self.graph.bits(raws), self.question.space.batch)

    def metrics(self, raws: Sequence[int]) -> list[float]:
        return _means(self.question.margins(self.outputs(raws)))

    def divergences(self, raws: Sequence[int]) -> list[float]:
        outputs = self.outputs([(1 << self.graph.n_bits) - 1, *raws])
        return _means(divergence(outputs[0], outputs[1:]))


def _in_parts(run: Callable[[Any], NDArray[np.float64]], masks: NDArray[Any], step: int) -> NDArray[np.float64]:
    """Run masks, so many at a time."""
    return np.concatenate([run(masks[start : start + step]) for start in range(0, max(1, len(masks)), step)])


def _means(values: NDArray[np.float64]) -> list[float]:
    """Over rows, from the first to the last."""
    with np.errstate(over="ignore", invalid="ignore"):
        found: list[float] = (np.add.accumulate(values, axis=1)[:, -1] / values.shape[1]).tolist()
    return found
