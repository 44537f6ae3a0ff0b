"""Two to six explanations once they are found: each by itself, pair by pair, and all together."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analysis.experiments import InterventionSpace, NetworkAnswers, agreement_of, crucial_experiments, standing_of
from analysis.tasks import INPUT_NAMES
from app.addressing import Addresses
from app.pages.algorithms import input_text
from app.pages.compare.contrast import LETTERS, edge_views, line_views, neuron_views, shared_view
from app.pages.compare.options import FIRST_SHOWN, MOST_SHOWN
from app.pages.compare.views import (
    ComparedView,
    ComparePage,
    CrucialView,
    PairView,
    SpaceView,
    StandingView,
    TileView,
)
from app.pages.explanations import KIND_LABELS, Explanation
from app.pages.placements import neurons_label
from app.pages.shared import Place, TaskView, data_view, network_view, protocol_view, truth_rows


def side_by_side(
    addresses: Addresses,
    place: Place,
    explanations: list[Explanation],
    space: InterventionSpace,
    answers: NetworkAnswers,
    predictions: list[NDArray[np.int8]],
    *,
    show_all: bool,
) -> ComparePage:
    slug, scope = place.row.slug, place.scope
    refs = [str(explanation.ref) for explanation in explanations]
    claims = [explanation.claims() for explanation in explanations]
    neurons = neuron_views(place, claims)
    crucial = crucial_experiments(predictions, answers, space, limit=MOST_SHOWN if show_all else FIRST_SHOWN)
    n_inputs = place.cut.n_inputs
    pairs = [(a, b, agreement_of(predictions[a], predictions[b], space)) for a, b in combinations(range(len(refs)), 2)]
    return ComparePage(
        network=network_view(place.row, addresses, place.network),
        task=TaskView(name=place.task.name, truth_table=list(place.task.truth_table)),
        protocol=protocol_view(place.protocol),
        data=data_view(place.data),
        output=scope.output,
        missing=0,
        refs=refs,
        input_names=INPUT_NAMES[:n_inputs],
        inputs=[input_text(row, n_inputs) for row in range(1 << n_inputs)],
        explanations=[
            _compared(addresses, place, refs, position, explanation, predictions[position], space, answers)
            for position, explanation in enumerate(explanations)
        ],
        shared=shared_view(place, explanations, neurons, predictions, answers, space),
        differing_neurons=[neuron for neuron in neurons if not neuron.agree],
        differing_edges=edge_views(explanations)[1],
        lines=line_views(explanations),
        space=SpaceView(
            sets=len(space.sets),
            possible_sets=space.n_possible_sets,
            pairs=space.n_rows * (space.n_rows - 1),
            interventions=space.n_interventions,
            largest=space.largest,
        ),
        pairs=[
            PairView(first=LETTERS[a], second=LETTERS[b], both=pair.both, same=pair.same, differ=pair.differ)
            for a, b, pair in pairs
        ],
        n_crucial=crucial.total,
        crucial=[
            CrucialView(
                site=neurons_label(experiment.sites),
                neurons=list(experiment.sites),
                source=input_text(experiment.source, n_inputs),
                base=input_text(experiment.base, n_inputs),
                predictions=list(experiment.predictions),
                decision=experiment.decision,
                output=experiment.output,
                margin=experiment.margin,
                right=[LETTERS[i] for i, p in enumerate(experiment.predictions) if p == experiment.decision],
                wrong=[LETTERS[i] for i, p in enumerate(experiment.predictions) if p == 1 - experiment.decision],
            )
            for experiment in crucial.shown
        ],
        all_shown=len(crucial.shown) == crucial.total,
        all_url=addresses.compare(slug, refs, scope, experiments="all"),
        suggestions=[],
        url=addresses.compare(slug, refs, scope),
    )


def _compared(
    addresses: Addresses,
    place: Place,
    refs: list[str],
    position: int,
    explanation: Explanation,
    predictions: NDArray[np.int8],
    space: InterventionSpace,
    answers: NetworkAnswers,
) -> ComparedView:
    n_rows = 1 << place.cut.n_inputs
    says, outputs = explanation.outputs()
    standing = standing_of(predictions, answers, space)
    tiles = [
        TileView(layer=layer, neuron=neuron, formula=claim.label, truth_table=truth_rows(claim.function, n_rows))
        for (layer, neuron), claim in sorted(explanation.claims().items())
        if claim.kind == "function"
    ]
    return ComparedView(
        letter=LETTERS[position],
        kind=explanation.kind,
        kind_label=KIND_LABELS[explanation.kind],
        ref=refs[position],
        url=explanation.url,
        protocol=explanation.place.protocol.name,
        without_url=addresses.compare(
            place.row.slug, [ref for i, ref in enumerate(refs) if i != position], place.scope
        ),
        mask=None if explanation.circuit is None else explanation.circuit.hex,
        n_edges=None if explanation.circuit is None else explanation.circuit.n_edges,
        formula=None if explanation.algorithm is None else explanation.algorithm.formula,
        tiles=tiles,
        columns=explanation.columns(),
        says=says,
        outputs=outputs,
        verdicts=list(explanation.verdicts),
        standing=StandingView(predicted=standing.predicted, right=standing.right, of=standing.of),
        silent_because="" if standing.predicted or not standing.of else _silence(explanation),
    )


def _silence(explanation: Explanation) -> str:
    return {
        "circuit": "a circuit says where, not what: without an interpretation its neurons carry no bits",
        "algorithm": "an algorithm says what, not where: without an alignment its variables sit on no neuron",
        "alignment": "none of the sets is a union of its variables' places",
        "interpretation": "its output carries no gate",
    }[explanation.kind]
