"""At which grain the whole network carries its algorithms: those with shared gates beside the trees, and their order.

A network that carries two algorithms need not be ambiguous. Both may be coarser than a third that it also carries, in
which several gates read one; then all three say the same, at different grains (:mod:`analysis.algorithms.refinement`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.refinement import Prediction, exchanged, finer_than_all, is_coarser, predictions
from analysis.alignments.alignment import Alignment
from analysis.alignments.decisions import site_decisions
from analysis.alignments.iia import score_alignment
from analysis.alignments.result import AlgorithmResult
from analysis.alignments.search import align_with
from analysis.interventions.neuron_set import NeuronSet
from analysis.protocol import Protocol
from analysis.question import Question
from analysis.stories.search import Unasked, story_algorithms
from analysis.work import DEFAULT_WORK, Work

MAX_CANDIDATES = 20_000  # of which the irredundant ones are looked for: some seconds


@dataclass(frozen=True)
class Grain:
    """What the whole network carries of the irredundant algorithms, those with shared gates included.

    Args:
        considered: the irredundant algorithms with variables.
        carried: those with a valid alignment, with their minimal ones.
    """

    considered: tuple[HighLevelModel, ...]
    carried: tuple[AlgorithmResult, ...]

    @property
    def trees(self) -> tuple[HighLevelModel, ...]:
        """Those that are carried and share no gate."""
        return tuple(result.algorithm for result in self.carried if not result.algorithm.shared)

    @property
    def refining(self) -> tuple[HighLevelModel, ...]:
        """Those that are carried, share a gate, and are finer than every carried one that shares none."""
        return finer_than_all((one.algorithm for one in self.carried if one.algorithm.shared), self.trees)


def with_shared_gates(protocol: Protocol) -> Protocol:
    """The same rules over algorithms with shared gates, of which only minimal alignments are kept."""
    rules = {"algorithm_form": "shared_gates", "alignments_kept": "minimal", "n_near_misses": 0}
    return protocol.model_copy(update=rules)


def find_grain(question: Question, work: Work = DEFAULT_WORK) -> Grain | Unasked:
    """Search the whole network for every irredundant algorithm, those with shared gates included.

    Args:
        question: its protocol's candidates are and-inverter algorithms.
        work: may cancel.

    Raises:
        BeyondLimits: too many hidden neurons for an exact search.
    """
    shared = replace(question, protocol=with_shared_gates(question.protocol))
    algorithms = _considered(shared, MAX_CANDIDATES, work)
    if isinstance(algorithms, Unasked):
        return algorithms
    found = align_with(site_decisions(shared), algorithms, shared.protocol, work.without_checkpoints())
    return Grain(algorithms, tuple(result for result in found if result.n_valid))


def refinements_of(question: Question, most: int = MAX_CANDIDATES) -> tuple[HighLevelModel, ...] | None:
    """The irredundant algorithms with variables of a question's task, those with shared gates included.

    Args:
        question: its task and its protocol's depth are what is asked for.
        most: candidates that are looked through.

    Returns:
        None where there are more candidates.
    """
    found = _considered(replace(question, protocol=with_shared_gates(question.protocol)), most, DEFAULT_WORK)
    if isinstance(found, Unasked):
        return None if found.arises else ()
    return found


def _considered(shared: Question, most: int, work: Work) -> tuple[HighLevelModel, ...] | Unasked:
    return story_algorithms(shared, replace(work, limits=replace(work.limits, max_candidates=most)))


def common_refinement(
    question: Question,
    one: tuple[HighLevelModel, Alignment],
    other: tuple[HighLevelModel, Alignment],
    among: Iterable[HighLevelModel],
) -> tuple[HighLevelModel, Alignment] | None:
    """A valid alignment of one algorithm from which both alignments follow, or None if there is none to be had.

    Its variables stand where theirs do, or, by the duality of places, on the rest of a layer where the prediction is
    the same with source and base exchanged.

    Args:
        question: its protocol's candidates are and-inverter algorithms.
        one: an algorithm with variables, and a valid alignment of it.
        other: another.
        among: irredundant algorithms with variables that may be finer than both.
    """
    shared = replace(question, protocol=with_shared_gates(question.protocol))
    known = [*_said_by(question, *one), *_said_by(question, *other)]
    for fine in among:
        if not (is_coarser(one[0], fine) and is_coarser(other[0], fine)):
            continue
        for alignment in _placed_alike(fine, known):
            if score_alignment(shared, fine, alignment).valid:
                return fine, alignment
    return None


def _said_by(
    question: Question, algorithm: HighLevelModel, alignment: Alignment
) -> Iterator[tuple[Prediction, NeuronSet]]:
    """What a valid alignment says: a prediction and a place for each variable, and for the rest of its layer.

    Where the protocol has variables on single neurons, of larger rests nothing.
    """
    places, only_single = dict(alignment.places), question.protocol.alignment_sites == "single_neurons"
    for prediction, path in zip(predictions(algorithm), algorithm.carriers, strict=True):
        site = places[path]
        yield prediction, site
        rest = set(range(question.cut.hidden_sizes[site.layer - 1])) - set(site.neurons)
        if len(rest) == 1 or (rest and not only_single):
            yield exchanged(prediction), NeuronSet(site.layer, tuple(sorted(rest)))


def _placed_alike(algorithm: HighLevelModel, known: Sequence[tuple[Prediction, NeuronSet]]) -> Iterator[Alignment]:
    """The placements of an algorithm on disjoint places that are known to carry what its variables predict."""
    choices = [dict.fromkeys(site for said, site in known if said == wanted) for wanted in predictions(algorithm)]
    for sites in product(*choices):
        neurons = [(site.layer, neuron) for site in sites for neuron in site.neurons]
        if len(neurons) == len(set(neurons)):
            yield Alignment.of(algorithm.text, zip(algorithm.carriers, sites, strict=True))
