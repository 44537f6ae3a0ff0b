"""The story of every circuit: which irredundant algorithms have a valid placement on its ablated network.

1. Circuits with the same active neurons are run together. Every set of active neurons is interchanged for all pairs of
   clean inputs, on the network with absent edges carrying what the protocol's ablation says. An inactive neuron is no
   site: nothing leaves it, so it carries no variable.
2. A variable enters through its behaviour alone, as on the whole network
   (:mod:`pluriscope.analysis.placements.formulas`): it fits a set if each tested pair is decided as the algorithm says.
3. An algorithm is carried if its variables fit on disjoint sets. Circuits with the same fitting sets have the same
   story, so that is asked once for each pattern of fits.

Sums are taken in the order of :mod:`pluriscope.analysis.subjects.perceptron.mlp`, so the story of a circuit is the same
on every machine, alone and in a batch; keeping every edge gives exactly the whole network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.redundancy import irredundancy
from pluriscope.analysis.carried_algorithms.relation import RELATIONS, Relation, Story, relation_of
from pluriscope.analysis.circuits.distribution import neuron_edges
from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.circuits.result import CircuitMethod
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.placements.counting import can_be_placed
from pluriscope.analysis.placements.iia import Behaviour, tested_pairs
from pluriscope.analysis.placements.neuron_sets import SiteDecisions, SiteTable, neuron_sites
from pluriscope.analysis.questions.decisions import NEITHER, decide, margin_to_edge
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, mask_array
from pluriscope.analysis.subjects.perceptron.mlp import batch_activations, keep_matrices, next_circuit_layer
from pluriscope.analysis.subjects.perceptron.question import Question

MAX_PRODUCTS: Final = 10_000_000_000
"""Weights times activations, over all circuits, up to which every circuit is asked: about a minute of one core."""
MAX_LISTED: Final = 100_000
"""Candidate algorithms up to which all are listed to find the irredundant ones."""
CONFIDENCE: Final = 0.99
IRREDUNDANT: Final = "irredundant-literals"
_CELLS: Final = 1 << 18  # activations of one layer held at once: two MiB, about a core's cache


@dataclass(frozen=True)
class Unasked:
    """Why no circuit of a question can be asked for its story.

    Args:
        arises: whether the question arises at all: False where the task has nothing to carry, True where a limit ended
            the search.
        reason: one sentence.
    """

    arises: bool
    reason: str


@dataclass(frozen=True, eq=False)
class Stories:
    """What circuits carry.

    Args:
        algorithms: the irredundant ones with variables, in the order of candidates.
        whole: what the whole network carries.
        masks: ``[circuits]`` those that were asked, ascending.
        stories: the distinct stories, in the order of their first circuit.
        story_of: ``[circuits]`` position of each circuit's story.
        of: circuits from which these were drawn uniformly; as many as were asked if they are all there are.
    """

    algorithms: tuple[HighLevelModel, ...]
    whole: Story
    masks: NDArray[Any]
    stories: tuple[Story, ...]
    story_of: NDArray[np.int64]
    of: int

    @property
    def n_asked(self) -> int:
        return len(self.masks)

    @property
    def sampled(self) -> bool:
        """Whether only some of the circuits were asked."""
        return self.n_asked < self.of

    @cached_property
    def relations(self) -> tuple[Relation, ...]:
        """How each distinct story relates to the whole network's."""
        return tuple(relation_of(story, self.whole) for story in self.stories)

    @cached_property
    def codes(self) -> NDArray[np.uint8]:
        """``[circuits]`` positions of their relations in
        :data:`~pluriscope.analysis.carried_algorithms.relation.RELATIONS`.
        """
        codes = np.array([RELATIONS.index(relation) for relation in self.relations], dtype=np.uint8)
        return codes[self.story_of]

    @cached_property
    def counts(self) -> Mapping[Relation, int]:
        """Asked circuits by relation, each relation named."""
        numbers = np.bincount(self.codes, minlength=len(RELATIONS)).tolist()
        return dict(zip(RELATIONS, numbers, strict=True))

    @cached_property
    def by_edges(self) -> Mapping[int, Mapping[Relation, int]]:
        """The same by number of edges, ascending."""
        pairs = Counter(zip(np.bitwise_count(self.masks).tolist(), self.codes.tolist(), strict=True))
        sizes = sorted({size for size, _ in pairs})
        return {size: {name: pairs[size, code] for code, name in enumerate(RELATIONS)} for size in sizes}

    def among(self, drawn: NDArray[np.bool_], of: int) -> Stories:
        """The same of some of the circuits.

        Args:
            drawn: ``[circuits]`` which of them.
            of: circuits from which these were drawn uniformly.
        """
        return replace(self, masks=self.masks[drawn], story_of=self.story_of[drawn], of=of)

    def of_draws(self, method: CircuitMethod, truncated: bool, undrawn: Sequence[int], n_valid: int) -> Stories:
        """Stories of uniform draws alone, where not every valid circuit is listed: the smallest were not drawn.

        Args:
            method: how the circuits were found.
            truncated: whether not all are listed.
            undrawn: masks that are listed for being the smallest alone.
            n_valid: valid circuits, exact, or the middle of an interval.
        """
        if method == "listed" or not truncated:
            return self
        return self.among(~np.isin(self.masks, np.array(undrawn, dtype=self.masks.dtype)), n_valid)

    def interval(self, relation: Relation) -> tuple[Fraction, Fraction]:
        """Bounds on the share of a relation among all circuits (Clopper and Pearson); the share itself if all were
        asked.
        """
        if not self.sampled:
            share = Fraction(self.counts[relation], max(1, self.of))
            return share, share
        return share_interval(self.counts[relation], self.n_asked, CONFIDENCE)


def find_stories(question: Question, masks: NDArray[Any], work: Work = DEFAULT_WORK) -> Stories | Unasked:
    """The stories of circuits: of all of them, or of a uniform sample where that would take too long.

    Args:
        masks: ``[circuits]`` ascending: every valid circuit, or uniform draws.
        work: reports "stories" between batches of circuits; may cancel there.

    Returns:
        The stories, or why there are none to ask for.

    Raises:
        OutOfTime: the time was up before the last circuit; those asked by then are no uniform sample, so none is kept.
    """
    return _stories(question, masks, work, may_sample=True)


def all_stories(question: Question, masks: NDArray[Any], work: Work = DEFAULT_WORK) -> Stories | Unasked:
    """Find the stories of every circuit given, however long it takes; else as :func:`find_stories`."""
    return _stories(question, masks, work, may_sample=False)


def _stories(question: Question, masks: NDArray[Any], work: Work, *, may_sample: bool) -> Stories | Unasked:
    algorithms = story_algorithms(question, work)
    if isinstance(algorithms, Unasked):
        return algorithms
    try:
        distinguisher = _Distinguisher(question, algorithms)
    except BeyondLimits as limit:
        return Unasked(True, f"Too much to try: {limit.cause}.")
    asked = uniform_sample(masks, max(1, MAX_PRODUCTS // max(1, distinguisher.sweep.products))) if may_sample else masks
    everything = mask_array([(1 << question.layout.n_edges) - 1], question.layout)
    (whole,) = distinguisher.story_of(everything, work)
    answer = distinguisher.story_of(asked, work)
    stories = tuple(dict.fromkeys(answer))
    number = {story: position for position, story in enumerate(stories)}
    story_of = np.fromiter((number[story] for story in answer), dtype=np.int64, count=len(answer))
    return Stories(algorithms, whole, asked, stories, story_of, len(masks))


def story_algorithms(question: Question, work: Work = DEFAULT_WORK) -> tuple[HighLevelModel, ...] | Unasked:
    """The irredundant algorithms of a task that have variables, or why no circuit can be asked for them."""
    if not question.data.boolean:
        return Unasked(False, "The data record's rows stand for no Boolean inputs, so no algorithm is compared.")
    if not question.network.hidden_sizes:
        return Unasked(False, "The network has no hidden neuron on which a variable could be placed.")
    candidates = candidate_algorithms(
        question.task,
        question.protocol,
        question.network.n_hidden_layers,
        work,
        max_candidates=min(MAX_LISTED, work.limits.max_candidates),
    )
    if candidates.truncated_at is not None:
        return Unasked(
            True,
            f"The task has {candidates.n_candidates:,} candidate algorithms, which are not all listed, so it is not "
            "known which irredundant ones a circuit carries.",
        )
    irredundant = [algorithm for algorithm in candidates.algorithms if irredundancy(algorithm)[IRREDUNDANT]]
    if not irredundant:
        return Unasked(False, "The task has no irredundant algorithm within the protocol's depth.")
    with_variables = tuple(algorithm for algorithm in irredundant if algorithm.carriers)
    if not with_variables:
        return Unasked(False, "No irredundant algorithm of the task has a variable, so there is nothing to place.")
    return with_variables


def circuit_decisions(question: Question, circuit: Circuit) -> SiteDecisions:
    """What a circuit's ablated network decides under every interchange, for the searches of placements.

    Neuron sets with an inactive neuron count as undecided, so that no variable fits there.

    Raises:
        BeyondLimits: too many hidden neurons or neuron sets.
    """
    sweep = SweepOfSites(question)
    masks = mask_array([circuit.mask], question.layout)
    decisions = np.full((len(sweep.table.sites), sweep.n_pairs), NEITHER, dtype=np.int8)
    margins = np.zeros(len(sweep.table.sites))
    ((_, sites),) = sweep.groups(masks)
    rule = question.protocol.alignment_decision
    for part, outputs in sweep.outputs(masks, sites):
        decisions[part] = decide(outputs[0], rule)
        margins[part] = margin_to_edge(outputs[0], rule).min(axis=1, initial=np.inf)
    return SiteDecisions(sweep.table, sweep.tested, decisions, margins)


class SweepOfSites:
    """Interchanges of neuron sets on the ablated networks of many circuits of one question at once.

    Args:
        question: whose circuits.

    Raises:
        BeyondLimits: too many hidden neurons or neuron sets.
    """

    def __init__(self, question: Question) -> None:
        self._question = question
        self.table: SiteTable = neuron_sites(question.network.hidden_sizes, question.protocol.alignment_sites)
        self.tested: NDArray[np.bool_] = tested_pairs(question.network.n_inputs, question.protocol.interchange_pairs)
        """``[source, base]`` which pairs the protocol tests."""
        self._rows = np.asarray(question.data.clean_rows, dtype=np.float64)
        self._layer_of = np.array([site.layer for site in self.table.sites])

    @property
    def n_pairs(self) -> int:
        return int(self.tested.sum())

    @property
    def products(self) -> int:
        """Weights times activations for one circuit with every neuron active."""
        sizes = self._question.network.sizes
        return sum(
            int((self._layer_of == layer).sum()) * self.tested.size * below * above
            for layer in range(1, len(sizes) - 1)
            for below, above in zip(sizes[layer:-1], sizes[layer + 1 :], strict=True)
        )

    def at_once(self, n_sites: int) -> int:
        """Circuits to run at once so that arrays stay small."""
        return max(1, _CELLS // max(1, n_sites * self.tested.size * max(self._question.network.sizes)))

    def groups(self, masks: NDArray[Any]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Circuits with the same active neurons, by position, and the neuron sets that these allow."""
        if not len(masks):
            return
        active = (masks[:, None] & neuron_edges(self._question.layout)) != 0
        bits = np.left_shift(np.int64(1), np.arange(active.shape[1], dtype=np.int64))
        patterns, pattern_of = np.unique((active * bits).sum(axis=1), return_inverse=True)
        order = np.argsort(pattern_of, kind="stable")
        for pattern, members in zip(patterns, np.split(order, np.cumsum(np.bincount(pattern_of))[:-1]), strict=True):
            yield members, np.flatnonzero((self.table.masks & ~pattern) == 0)

    def outputs(
        self, masks: NDArray[Any], sites: NDArray[np.intp]
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
        """Layer by layer some of the sites, and ``[circuits, sites, tested pairs]`` outputs under their interchange.

        Interchanging an inactive neuron changes nothing, nor does an input with itself.
        """
        network, absent = self._question.network, self._question.absent
        sources, bases = np.nonzero(self.tested)
        differ = sources != bases
        keep = keep_matrices(masks, self._question.layout)
        with np.errstate(over="ignore", invalid="ignore"):
            clean = batch_activations(network, keep, self._rows, absent)
            for layer in range(1, len(network.weights)):
                here = sites[self._layer_of[sites] == layer]
                if not len(here):
                    continue
                swapped = np.zeros((network.sizes[layer], len(here)), dtype=bool)
                for column, site in enumerate(here):
                    swapped[list(self.table.sites[site].neurons), column] = True
                own = clean[layer][:, :, None]  # [circuits, neurons, 1, rows]
                values = np.where(swapped[:, :, None], own[..., sources[differ]], own[..., bases[differ]])
                values = values.reshape(len(masks), network.sizes[layer], -1)  # sites and pairs in one axis
                for above in range(layer + 1, len(network.weights) + 1):
                    values = next_circuit_layer(network, above, keep[above - 1], values, absent)
                outputs = np.broadcast_to(clean[-1][:, :, bases], (len(masks), len(here), len(bases))).copy()
                outputs[..., differ] = values[:, 0].reshape(len(masks), len(here), -1)
                yield here, outputs


class _Distinguisher:
    """Tells the stories of circuits of one question."""

    def __init__(self, question: Question, algorithms: Sequence[HighLevelModel]) -> None:
        self._rule = question.protocol.alignment_decision
        self.sweep = SweepOfSites(question)
        n_inputs = question.network.n_inputs
        variables = [
            [Behaviour.of(response, n_inputs) for response in algorithm.responses.values()] for algorithm in algorithms
        ]
        behaviours = sorted({one for some in variables for one in some})
        self._expected = [one.expected(n_inputs)[self.sweep.tested] for one in behaviours]
        self._needs = [[behaviours.index(one) for one in some] for some in variables]
        self._known: dict[bytes, Story] = {}

    def story_of(self, masks: NDArray[Any], work: Work) -> list[Story]:
        """The story of each circuit, in order."""
        answer: list[Story] = [frozenset()] * len(masks)
        done = 0
        for members, sites in self.sweep.groups(masks):
            step = self.sweep.at_once(len(sites))
            for start in range(0, len(members), step):
                work.report_step("stories", done, len(masks))
                some = members[start : start + step]
                fits = self._fits(masks[some], sites)
                packed = np.packbits(fits.reshape(len(some), -1), axis=1)
                _, firsts, pattern_of = np.unique(packed, axis=0, return_index=True, return_inverse=True)
                stories = [self._story(packed[first].tobytes(), fits[first]) for first in firsts.tolist()]
                for position, pattern in zip(some.tolist(), pattern_of.reshape(-1).tolist(), strict=True):
                    answer[position] = stories[pattern]
                done += len(some)
        work.report_step("stories", len(masks), len(masks))
        return answer

    def _fits(self, masks: NDArray[Any], sites: NDArray[np.intp]) -> NDArray[np.bool_]:
        """``[circuits, behaviours, sites of the table]``: where each behaviour is shown on every tested pair."""
        fits = np.zeros((len(masks), len(self._expected), len(self.sweep.table.sites)), dtype=bool)
        for here, outputs in self.sweep.outputs(masks, sites):
            decisions = decide(outputs, self._rule)
            for number, expected in enumerate(self._expected):
                fits[:, number, here] = (decisions == expected).all(axis=2)
        return fits

    def _story(self, key: bytes, fits: NDArray[np.bool_]) -> Story:
        """The algorithms whose variables fit on disjoint sets; circuits with the same fits share a key."""
        if key not in self._known:
            self._known[key] = frozenset(
                number
                for number, needs in enumerate(self._needs)
                if can_be_placed(self.sweep.table, [fits[one] for one in needs])
            )
        return self._known[key]


def uniform_sample(masks: NDArray[Any], most: int) -> NDArray[Any]:
    """All circuits, or as many as are allowed, drawn uniformly and always the same, ascending."""
    if len(masks) <= most:
        return masks
    drawn = np.random.default_rng(0).choice(len(masks), size=most, replace=False)
    return masks[np.sort(drawn)]
