"""Algorithms as kinds of explanation: what is computed, alone or with the neuron sets or directions that carry it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.explanations.explanation import Claim, Kind
from pluriscope.analysis.interventions.experiments import InterventionSpace, NeuronSite, predict_nothing
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.placements.directions import DirectionPlacement
from pluriscope.analysis.placements.joint import predicted_from_one_source
from pluriscope.analysis.placements.placement import NeuronPlacement, PlacedFormula, Placement
from pluriscope.analysis.questions.tasks import pattern_bits
from pluriscope.analysis.sandbox import predicting
from pluriscope.analysis.sandbox.predicting import SAYS_WHAT, predict_by_algorithm
from pluriscope.analysis.subjects.perceptron.question import Question


def decided(_question: Question, algorithm: HighLevelModel) -> tuple[int, ...]:
    """The algorithm's output on each Boolean input."""
    return tuple(int(bit) for bit in pattern_bits(algorithm.function, algorithm.n_inputs))


ALGORITHM: Final = Kind[HighLevelModel](
    key="algorithm",
    letter="g",
    noun="algorithm",
    plural="algorithms",
    silence=SAYS_WHAT,
    traits=frozenset({"symbolic"}),
    outputs=decided,
    claims=lambda algorithm: tuple(
        Claim(0, function=variable.function, label=variable.shown) for variable in algorithm.variables
    ),
    by_hand=lambda _, algorithm, intervention, __: predict_by_algorithm(algorithm, intervention),
)


def _claims(aligned: PlacedFormula[Placement[Any]]) -> Iterator[Claim]:
    """Every variable in the order of paths, with its neurons, or with the directions that are read."""
    sites = dict(aligned.alignment.places)
    for variable in aligned.algorithm.variables:
        site = sites.get(variable.path)
        neurons = site.neurons if isinstance(site, NeuronSet) else ()
        reads = site.reads if isinstance(site, Subspace) else ()
        layer = 0 if site is None else site.layer
        yield Claim(layer, neurons, reads, function=variable.function, label=variable.shown)


def predict_by_placement(
    algorithm: HighLevelModel, alignment: NeuronPlacement, space: InterventionSpace
) -> NDArray[np.int8]:
    """Predict by an aligned algorithm: ``[set, source, base]``, −1 where the set is no union of its places.

    Places are disjoint, so a set is the union of at most one choice of variables. All chosen variables take their
    values on source; of a chosen variable inside another chosen one the outer counts, as in
    :meth:`HighLevelModel.output_given`.
    """
    predictions = predict_nothing(space)
    carriers = [(path, [(site.layer, neuron) for neuron in site.neurons]) for path, site in alignment.places]
    for size in range(1, len(carriers) + 1):
        for chosen in combinations(carriers, size):
            index = space.position.get(frozenset(site for _, sites in chosen for site in sites))
            if index is not None:  # else larger than the sets listed
                predictions[index] = predicted_from_one_source(algorithm, [path for path, _ in chosen])
    return predictions


def _predict(
    _question: Question, some: Sequence[PlacedFormula[NeuronPlacement]], space: InterventionSpace
) -> NDArray[np.int8]:
    return np.stack([predict_by_placement(one.algorithm, one.alignment, space) for one in some])


def _values(aligned: PlacedFormula[NeuronPlacement], space: InterventionSpace) -> dict[NeuronSite, NDArray[np.int8]]:
    """The value of each variable on the neurons that carry it; variables all of whose neurons are patched are fixed."""
    algorithm, rows = aligned.algorithm, range(space.n_rows)
    functions = {variable.path: variable.function for variable in algorithm.variables}
    sites = {path: [(site.layer, neuron) for neuron in site.neurons] for path, site in aligned.alignment.places}
    found = {site: np.zeros(space.shape, dtype=np.int8) for some in sites.values() for site in some}
    for number, members in enumerate(space.sets):
        for source in rows:
            fixed = {
                path: ((1 << space.n_rows) - 1) * (functions[path] >> source & 1)
                for path, some in sites.items()
                if set(some) <= set(members)
            }
            for path, some in sites.items():
                bits = pattern_bits(algorithm.output_given(fixed, of=path), space.n_inputs)
                for site in some:
                    found[site][number, source] = bits
    return found


ALIGNMENT: Final = Kind[PlacedFormula[NeuronPlacement]](
    key="alignment",
    letter="a",
    noun="placement",
    plural="placements",
    title="Algorithm, placed",
    silence="none of the sets is a union of its variables' places",
    traits=frozenset({"symbolic", "placed"}),
    outputs=lambda question, aligned: decided(question, aligned.algorithm),
    predict=_predict,
    claims=lambda aligned: tuple(_claims(aligned)),
    values=_values,
    by_hand=lambda _, aligned, intervention, bench: predicting.predict_by_placement(
        aligned.algorithm, aligned.alignment, intervention, bench.network.sizes
    ),
)
DIRECTION: Final = Kind[PlacedFormula[DirectionPlacement]](
    key="direction",
    letter="d",
    noun="placement on directions",
    plural="placements on directions",
    title="Algorithm on directions",
    silence="directions do not speak about neuron sets: not applicable; see its own swaps",
    traits=frozenset({"symbolic", "placed"}),
    outputs=lambda question, aligned: decided(question, aligned.algorithm),
    claims=lambda aligned: tuple(_claims(aligned)),
    by_hand=lambda _, aligned, intervention, __: predicting.predict_by_algorithm(
        aligned.algorithm, intervention, predicting.ON_DIRECTIONS
    ),
)
