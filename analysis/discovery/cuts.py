"""What discovery methods search: an output of a network, or a model of another kind, with what absent edges carry.

A *raw* mask goes in, losses and faithfulness come out. Of a network it is run as it is
(:mod:`analysis.discovery.masked_runs`); of a model it means the circuit that
:meth:`~analysis.models.model.Space.reduce` leaves of it. Bits stand for edges, or for nodes where a mask names nodes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Final, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from analysis.criteria.cuts import divergence, log_softmax
from analysis.discovery.masked_runs import RowRule, Rows, masked_outputs, metric_of, outputs_of_masks, rows_of
from analysis.discovery.selection import edge_ends, shares_between
from analysis.method_settings import Setting, Settings
from analysis.models.model import Graph, Model, Space, gaps
from analysis.models.registry import MODEL_KINDS
from analysis.networks.circuit import mask_array
from analysis.networks.mlp import keep_matrices
from analysis.networks.network import Network
from analysis.question import Question
from analysis.validity import decide

Array = NDArray[np.float64]
LOSS: Final = Setting(
    "loss", "kl", "divergence from the whole model's outputs, or from the answers", ("kl", "cross-entropy")
)
"""Of methods that score bits of models: both losses have derivatives."""
RULES: Final = "rules"
_ABLATIONS: Final = tuple(dict.fromkeys(one for kind in MODEL_KINDS for one in kind.settings.get("ablation", ())))
MODEL_ABLATION: Final = Setting(
    "ablation",
    RULES,
    "what is cut carries while the method searches; rules: the same as in the circuits it is held against",
    (RULES, *_ABLATIONS),
)
"""Of every method that is asked about models."""
MAX_EDGE_RUNS: Final = 40_000_000
"""Edges · masks · rows of a network that are run on the spot."""
MAX_MILLISECONDS: Final = 15_000.0
"""What runs of a model on the spot may take by its own estimate."""


class Cut(Protocol):
    """What a method is given: a whole, parts of which it may leave out."""

    @property
    def whole(self) -> str:
        """What it is called: "network" or "model"."""

    @property
    def n_bits(self) -> int: ...

    @property
    def ends(self) -> Sequence[tuple[Hashable, Hashable]]:
        """What each bit comes from and goes to; the last one goes to the output."""

    @property
    def kept(self) -> dict[Any, Any]:
        """Scores and shares that several answers have in common, by what they are of."""

    @property
    def has_effects(self) -> bool:
        """Whether it gives derivatives."""

    @property
    def most_runs(self) -> int:
        """Raw masks that may be run on the spot."""

    def order(self, order: str, seed: int) -> list[int]:
        """Every bit in the order in which it is tried, from the output back."""

    def losses(self, masks: Sequence[int], loss: str) -> list[float]:
        """The loss of each raw mask."""

    def shares(self, masks: Sequence[int], settings: Settings) -> list[float] | None:
        """Faithfulness of raw masks: how far they are from the empty mask towards the whole; None where these are
        alike.
        """


C_contra = TypeVar("C_contra", bound=Cut, contravariant=True)


@dataclass(frozen=True, eq=False)
class CutNetwork:
    """One output of a network under an ablation.

    Args:
        question: with the network and the task.
        rows: of the ablation.
        kept: see :class:`Cut`.
    """

    question: Question
    rows: Rows
    kept: dict[Any, Any] = field(default_factory=dict)
    whole: str = "network"
    has_effects: bool = True

    @property
    def n_bits(self) -> int:
        return self.question.layout.n_edges

    @property
    def ends(self) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """Source and target of every edge, each as (layer, neuron)."""
        return edge_ends(self.question.layout)

    @property
    def most_runs(self) -> int:
        return MAX_EDGE_RUNS // (self.n_bits * len(self.rows.labels))

    def order(self, order: str, seed: int = 0) -> list[int]:
        """See :func:`edge_order`."""
        return edge_order(self.question.cut, order, seed)

    @cached_property
    def _outputs(self) -> Array:
        """Of the whole network ``[rows]``."""
        return self._run((1 << self.n_bits) - 1)

    def _run(self, mask: int) -> Array:
        outputs: Array = outputs_of_masks(self.question, mask_array([mask], self.question.layout), self.rows)[0]
        return outputs

    def losses(self, masks: Sequence[int], loss: str) -> list[float]:
        """How far each masked network is from the whole one: "mse" the mean squared difference, "kl" the divergence of
        Bernoulli variables with these logits; "decision": rows that are decided wrong.
        """
        return [self._loss(self._run(mask), loss) for mask in masks]

    def _loss(self, outputs: Array, loss: str) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            if loss == "decision":
                return float(np.count_nonzero(decide(outputs, "rounding") != self.rows.labels))
            each = (outputs - self._outputs) ** 2 if loss == "mse" else _bernoulli(self._outputs, outputs)
            return float(np.add.accumulate(each)[-1] / len(each))

    def shares(self, masks: Sequence[int], settings: Settings) -> list[float] | None:
        """(m(C) − m(∅)) / (m(N) − m(∅)) under the metric "margin", whatever the settings."""
        key = tuple(masks)
        if key not in self.kept:
            layout = self.question.layout
            keep = keep_matrices(mask_array([*masks, 0, (1 << layout.n_edges) - 1], layout), layout)
            outputs = masked_outputs(self.question.cut, keep, self.rows)
            self.kept[key] = shares_between(metric_of(outputs, self.rows.labels, "margin").tolist())
        found: list[float] | None = self.kept[key]
        return found


class NetworkCuts:
    """One output of a network under each ablation, each made once.

    Args:
        question: what is asked.
    """

    def __init__(self, question: Question) -> None:
        self._question = question
        self._cuts: dict[str, CutNetwork] = {}

    def __getitem__(self, ablation: object) -> CutNetwork:
        """The network under an ablation.

        Raises:
            InvalidMethod: pairs of a constant task, or too many of them.
        """
        rule = cast(RowRule, ablation)
        if rule not in self._cuts:
            self._cuts[rule] = CutNetwork(self._question, rows_of(self._question, rule))
        return self._cuts[rule]


def _bernoulli(p_logits: Array, q_logits: Array) -> Array:
    """The divergence of Bernoulli variables with these logits, from differences of softplus."""
    share = 1.0 / (1.0 + np.exp(-p_logits))
    on = np.logaddexp(0.0, -q_logits) - np.logaddexp(0.0, -p_logits)
    off = np.logaddexp(0.0, q_logits) - np.logaddexp(0.0, p_logits)
    found: Array = share * on + (1.0 - share) * off
    return found


def edge_order(network: Network, order: str, seed: int = 0) -> list[int]:
    """Every edge in the order in which it is tried, from the last layer back.

    Args:
        network: cut to one output.
        order: "out-first": neurons and sources ascending; "reverse": descending edge index; "by-weight": neurons
            ascending, sources by ascending |weight|, ties by index; "shuffled": both drawn.
        seed: of the drawing.
    """
    random = np.random.default_rng(seed)
    offsets = np.cumsum([0, *(weights.size for weights in network.weights)])
    found: list[int] = []
    for layer in range(len(network.weights) - 1, -1, -1):
        weights = network.weights[layer]
        n_out, n_in = weights.shape
        outs = random.permutation(n_out).tolist() if order == "shuffled" else list(range(n_out))
        for out in outs:
            if order == "shuffled":
                sources = random.permutation(n_in).tolist()
            elif order == "by-weight":
                sources = sorted(range(n_in), key=lambda source: (abs(weights[out, source]), source))
            else:
                sources = list(range(n_in))
            found += [int(offsets[layer]) + out * n_in + source for source in sources]
    return sorted(found, reverse=True) if order == "reverse" else found


@dataclass(frozen=True, eq=False)
class CutModel:
    """A model under the rules that a method cuts it by.

    Args:
        model: with its task.
        space: its circuits.
        kept: see :class:`Cut`.
    """

    model: Model
    space: Space
    kept: dict[Any, Any] = field(default_factory=dict)
    whole: str = "model"

    @property
    def n_bits(self) -> int:
        return self.space.graph.n_bits

    @cached_property
    def ends(self) -> list[tuple[int, int]]:
        """Positions of nodes; a bit that is a node goes to the outputs."""
        graph = self.space.graph
        if graph.cut == "edges":
            return [(edge.source, edge.target) for edge in graph.edges]
        return [(node, len(graph.nodes) - 1) for node in graph.removable]

    @property
    def most_runs(self) -> int:
        return int(MAX_MILLISECONDS / self.space.run_milliseconds)

    def order(self, order: str, seed: int = 0) -> list[int]:
        """See :func:`bit_order`."""
        return bit_order(self.space.graph, order, seed)

    @cached_property
    def _whole(self) -> Array:
        """Outputs of the whole model ``[rows, outputs]``."""
        outputs: Array = self._outputs([(1 << self.n_bits) - 1])[0]
        return outputs

    def losses(self, masks: Sequence[int], loss: str) -> list[float]:
        """The mean over the rows, in nats: "kl" of the whole model's distribution over outputs from the circuit's,
        "cross-entropy" minus the logarithm of the answer's probability; "decision": rows that are wrong.
        """
        found: list[float] = []
        for start in range(0, len(masks), self.space.batch):
            outputs = self._outputs(masks[start : start + self.space.batch])
            if loss == "decision":
                found += (gaps(outputs, self.model.answers) <= 0).sum(axis=1).tolist()
                continue
            answers = self.model.answers
            right = log_softmax(outputs)[:, np.arange(len(answers)), answers]
            each = divergence(self._whole, outputs) if loss == "kl" else -right
            found += (np.add.accumulate(each, axis=1)[:, -1] / len(answers)).tolist()
        return found

    def effects(self, loss: str, at: float) -> Array | None:
        """``[bits]`` what cutting each bit alone changes of a loss, to first order; see
        :meth:`~analysis.models.model.Space.effects`.
        """
        return self.space.effects(partial(self._slope, loss), at)

    @cached_property
    def has_effects(self) -> bool:
        """Whether derivatives are known, which takes a pass through the whole model to say."""
        return self.effects("cross-entropy", 1.0) is not None

    def _slope(self, loss: str, outputs: Array, rows: slice) -> Array:
        """Derivatives of each row's loss by its outputs: given less wanted probabilities."""
        given = np.exp(log_softmax(outputs))
        if loss == "kl":
            return given - np.exp(log_softmax(self._whole[rows]))
        given[np.arange(len(given)), self.model.answers[rows]] -= 1.0
        return given

    def shares(self, masks: Sequence[int], settings: Settings) -> list[float] | None:
        """How far the loss that settings name has come from the empty mask's to the whole model's."""
        loss = str(settings["loss"])
        key = (loss, *masks)
        if key not in self.kept:
            everything = (1 << self.n_bits) - 1
            self.kept[key] = shares_between(self.losses([*masks, 0, everything], loss))
        found: list[float] | None = self.kept[key]
        return found

    def right(self, mask: int) -> int:
        """Rows on which what a raw mask means is right."""
        if ("right", mask) not in self.kept:
            self.kept["right", mask] = len(self.model.rows) - int(self.losses([mask], "decision")[0])
        found: int = self.kept["right", mask]
        return found

    def _outputs(self, masks: Sequence[int]) -> Array:
        return self.space.run(self.space.reduce(self.space.graph.bits(masks)))


def bit_order(graph: Graph, order: str, seed: int = 0) -> list[int]:
    """Every bit in the order in which it is tried, from the last layer of readers back.

    Args:
        graph: of the model.
        order: "out-first": within a layer ascending; "reverse": descending bits; "shuffled": drawn within a layer.
        seed: of the drawing.
    """
    if graph.cut == "edges":
        layers = [graph.nodes[edge.target].layer for edge in graph.edges]
    else:
        layers = [graph.nodes[node].layer for node in graph.removable]
    if order == "reverse":
        return list(range(len(layers)))[::-1]
    random, found = np.random.default_rng(seed), list[int]()
    for layer in sorted(set(layers), reverse=True):
        some = [bit for bit, one in enumerate(layers) if one == layer]
        found += random.permutation(some).tolist() if order == "shuffled" else some
    return found
