"""Two to six explanations once they are found: each by itself, pair by pair, and all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

from analysis.experiments import agreement_of, scores_where_divided, standing_of
from analysis.tasks import INPUT_NAMES
from app.addressing import Addresses
from app.pages.candidates import input_text
from app.pages.compare.contrast import edge_views, line_views, neuron_views, shared_edges, shared_view
from app.pages.compare.crucial import Said, crucial_list, one_experiment
from app.pages.compare.options import CompareOptions
from app.pages.compare.own_swaps import asked_swaps, own_swaps_view
from app.pages.compare.views import (
    ComparedView,
    ComparePage,
    DirectionView,
    PairView,
    SpaceView,
    TileView,
    ValueColumn,
)
from app.pages.explanations import KIND_LABELS, Explanation
from app.pages.place import Place
from app.pages.shared import data_view, network_view, protocol_view, truth_rows


@dataclass(frozen=True)
class Side:
    """One explanation on the page.

    Args:
        letter: its name there.
        explanation: itself.
    """

    letter: str
    explanation: Explanation


def side_by_side(
    addresses: Addresses,
    place: Place,
    sides: Sequence[Side],
    said: Said,
    options: CompareOptions,
) -> ComparePage:
    """The page of a complete comparison.

    Args:
        place: network, output, protocol and data record.
        sides: the explanations that stand on the page, in its order.
        said: what everyone on the page says of every intervention.
        options: the view.

    Raises:
        BadQuery: a cursor, letters or an experiment that do not belong to the comparison.
    """
    space, letters = said.space, said.letters
    explanations = [side.explanation for side in sides]
    refs = [str(explanation.ref) for explanation in explanations]
    links = _Links(addresses, place, refs)
    neurons = neuron_views(place, letters, [explanation.by_neuron() for explanation in explanations])
    listed = partial(links.same, between=options.between, limit=_unless_default(options, "limit"))
    compared = [_compared(links, position, side, said) for position, side in enumerate(sides)]
    crucial = crucial_list(said, options, listed)
    own = asked_swaps(
        place, letters, explanations, lambda now: addresses.sandbox(place.row.slug, refs, place.scope, now=now)
    )
    n_inputs = place.question.cut.n_inputs
    return ComparePage(
        network=network_view(place.row, addresses),
        task=place.question.task,
        protocol=protocol_view(place.question.protocol),
        data=data_view(place.question),
        output=place.scope.output,
        missing=0,
        refs=refs,
        input_names=INPUT_NAMES[:n_inputs],
        inputs=[input_text(row, n_inputs) for row in range(1 << n_inputs)],
        explanations=compared,
        shared=shared_view(place, explanations, said.predictions, said.answers, space),
        shared_edges=shared_edges(explanations),
        values=_merged([(item.letter, c.label, c.site, c.truth_table) for item in compared for c in item.columns]),
        said=_merged([(item.letter, "", "", item.says) for item in compared if item.says]),
        differing_neurons=[neuron for neuron in neurons if not neuron.agree],
        differing_edges=edge_views(letters, explanations),
        lines=line_views(letters, explanations),
        space=SpaceView(
            sets=len(space.sets),
            possible_sets=space.n_possible_sets,
            pairs=space.n_rows * (space.n_rows - 1),
            interventions=space.n_interventions,
            largest=space.largest,
        ),
        pairs=[_pair(links, said, a, b) for a, b in combinations(range(len(sides)), 2)],
        n_crucial=crucial.total if not options.between else _n_crucial(said),
        crucial=crucial,
        experiment=one_experiment(said, options.experiment, links.same) if options.experiment else None,
        own_swaps=None if own is None else own_swaps_view(own, options.limit),
        swapping="",
        suggestions=[],
        picker=None,
        verdicts_url=addresses.compare(place.row.slug, refs, place.scope, part="criteria"),
        url=links.same(),
    )


def _n_crucial(said: Said) -> int:
    return scores_where_divided(said.predictions, said.answers)[0].of


def _unless_default(options: CompareOptions, name: str) -> Any:
    value = getattr(options, name)
    return None if value == type(options).model_fields[name].default else value


@dataclass(frozen=True)
class _Links:
    """Other comparisons of the same network: the state of the page is in its address alone."""

    addresses: Addresses
    place: Place
    refs: Sequence[str]

    def same(self, **view: Any) -> str:
        """The same explanations, seen otherwise."""
        return self._to(self.refs, **view)

    def without(self, ref: str) -> str:
        return self._to([other for other in self.refs if other != ref])

    def _to(self, refs: Sequence[str], **view: Any) -> str:
        return self.addresses.compare(self.place.row.slug, refs, self.place.scope, **view)


def _merged(columns: Sequence[tuple[str, str, str, list[int]]]) -> list[ValueColumn]:
    """Columns with the same values at the same place stand once, in the order of their first; those of all first."""
    found: dict[tuple[str, tuple[int, ...]], ValueColumn] = {}
    for letter, label, site, table in columns:
        key = (site or label, tuple(table))
        if key not in found:
            found[key] = ValueColumn(letters=[letter], label=label, site=site, truth_table=table)
        elif letter not in found[key].letters:
            found[key] = found[key].model_copy(update={"letters": [*found[key].letters, letter]})
    return sorted(found.values(), key=lambda column: -len(column.letters))


def _pair(links: _Links, said: Said, a: int, b: int) -> PairView:
    two = (said.predictions[a], said.predictions[b])
    agreement = agreement_of(*two)
    first, second = scores_where_divided(two, said.answers)
    letters = (said.letters[a], said.letters[b])
    return PairView.showing(
        agreement,
        first=letters[0],
        second=letters[1],
        first_right=first.right,
        second_right=second.right,
        url=links.same(between="".join(letters)) + "#crucial",
    )


def _compared(links: _Links, position: int, side: Side, said: Said) -> ComparedView:
    explanation, place = side.explanation, side.explanation.place
    predictions = said.predictions[position]
    says, outputs = explanation.outputs()
    standing = standing_of(predictions, said.answers)
    ref = str(explanation.ref)
    return ComparedView.showing(
        explanation,
        letter=side.letter,
        kind_label=KIND_LABELS[explanation.kind],
        ref=ref,
        protocol=place.question.protocol.name,
        swap_url=links.same(swap=ref),
        without_url=links.without(ref),
        mask=None if explanation.circuit is None else explanation.circuit.hex,
        n_edges=None if explanation.circuit is None else explanation.circuit.n_edges,
        formula=None if explanation.algorithm is None else explanation.algorithm.formula,
        name=_name(explanation),
        tiles=tile_views(explanation),
        directions=_directions(explanation),
        columns=explanation.columns(),
        says=says,
        outputs=outputs,
        standing=standing,
        silent_because="" if standing.predicted or not standing.of else explanation.record.silence,
    )


def _name(explanation: Explanation) -> str:
    """Of kinds that have names of their own."""
    if explanation.picture is not None:
        return explanation.picture.label
    return "" if explanation.recorded is None else explanation.recorded.name(explanation.item)


def tile_views(explanation: Explanation) -> list[TileView]:
    """What it says that neurons compute, by layer, then neuron."""
    n_rows = 1 << explanation.place.question.cut.n_inputs
    return [
        TileView(layer=layer, neuron=neuron, formula=claim.label, truth_table=truth_rows(claim.function, n_rows))
        for (layer, neuron), claim in sorted(explanation.by_neuron().items())
        if claim.says == "function"
    ]


def _directions(explanation: Explanation) -> list[DirectionView]:
    n_rows = 1 << explanation.place.question.cut.n_inputs
    return [
        DirectionView(layer=claim.layer, weights=list(weights), truth_table=truth_rows(claim.function, n_rows))
        for claim in explanation.functions
        for weights in claim.directions
    ]
