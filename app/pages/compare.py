"""Two to six explanations of one network side by side: what they share, where they part, and who is right."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import combinations
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from analysis.alignments.iia import interchange_rows
from analysis.experiments import (
    InterventionSpace,
    NetworkAnswers,
    agreement_of,
    crucial_experiments,
    decide_under_interventions,
    intervention_space,
    standing_of,
)
from analysis.tasks import INPUT_NAMES
from app.addressing import Addresses, ExplanationRef
from app.db.reads import algorithms as algorithm_reads
from app.db.reads.circuits import smallest_circuits
from app.errors import BadQuery
from app.figures.svg import Hues
from app.pages.algorithms import input_text
from app.pages.contrast import (
    LEAST,
    LETTERS,
    MOST,
    EdgeView,
    LineView,
    NeuronView,
    SharedView,
    edge_views,
    line_views,
    neuron_views,
    shared_view,
)
from app.pages.explanations import (
    KIND_LABELS,
    ColumnView,
    Explanation,
    Kind,
    find_explanation,
    read_ref,
)
from app.pages.formulas import VerdictView, hue_tables, hues_of
from app.pages.placements import neurons_label
from app.pages.shared import (
    BigInt,
    DataView,
    NetworkView,
    PageModel,
    Place,
    ProtocolView,
    ScopeOptions,
    TaskView,
    data_view,
    find_network,
    locate,
    network_view,
    protocol_view,
    truth_rows,
)

FIRST_SHOWN: Final = 10
MOST_SHOWN: Final = 1000

NetworkName = Annotated[str, StringConstraints(max_length=100)]
RefText = Annotated[str, StringConstraints(max_length=1200)]


class CompareOptions(ScopeOptions):
    """Options of a comparison."""

    network: list[NetworkName] = Field(
        [], max_length=12, description="The network that all explanations are of, by slug or digest prefix."
    )
    e: list[RefText] = Field(
        [],
        max_length=64,
        description="An explanation: c-MASK, i-MASK.INDEX, g-ALGORITHM, a-ALGORITHM.ALIGNMENT (or its placement in "
        "place of the id, a-ALGORITHM.0:1.0+2_1:2.1), with @PROTOCOL behind it where that differs. Two to six.",
    )
    experiments: Literal["first", "all"] = Field(
        "first", description=f"Crucial experiments listed: the first {FIRST_SHOWN}, or all (up to {MOST_SHOWN:,})."
    )


class TileView(PageModel):
    """A function that an explanation puts on a neuron."""

    layer: int
    neuron: int
    formula: str
    truth_table: list[int]


class StandingView(PageModel):
    """Coverage = predicted / of, accuracy = right / predicted."""

    predicted: int
    right: int
    of: int


class ComparedView(PageModel):
    """One explanation of the comparison."""

    letter: str
    kind: Kind
    kind_label: str
    ref: str
    url: str
    protocol: str
    without_url: str = Field(description="The comparison without this one; the selection page where one would be left.")
    mask: str | None = Field(description="Hex mask of its circuit.")
    n_edges: int | None
    formula: str | None
    tiles: list[TileView]
    columns: list[ColumnView] = Field(description="Its gates or variables with their value on every input.")
    says: list[int] = Field(description="The output on every input: 0, 1, or −1 for neither.")
    outputs: list[float] | None = Field(description="Raw outputs of its circuit on every input.")
    verdicts: list[VerdictView]
    standing: StandingView
    silent_because: str = Field(description="Why it predicts nothing under interventions; empty if it does.")

    def n_task(self, truth_table: list[int]) -> int:
        """Inputs on which it gives the task's output."""
        return sum(said == wanted for said, wanted in zip(self.says, truth_table, strict=True))


class PairView(PageModel):
    """Two explanations: interventions on which both predict, and of those the ones on which they say the same."""

    first: str
    second: str
    both: int
    same: int
    differ: int


class CrucialView(PageModel):
    """One intervention on which two explanations predict and differ."""

    site: str
    neurons: list[tuple[int, int]]
    source: str
    base: str
    predictions: list[int] = Field(description="In the order of the explanations: 0, 1, or −1 for silence.")
    decision: int
    output: float
    margin: float
    right: list[str]
    wrong: list[str]


class SpaceView(PageModel):
    """The interventions: every listed set of hidden neurons × every ordered pair source ≠ base."""

    sets: int
    possible_sets: BigInt
    pairs: int
    interventions: int
    largest: int | None = Field(description="Most neurons in a set where not all sets are taken, else None.")


class Suggestion(PageModel):
    """A comparison to begin with."""

    label: str
    url: str


class ComparePage(PageModel):
    """A comparison; without explanations, how to choose some."""

    network: NetworkView | None
    task: TaskView | None
    protocol: ProtocolView | None
    data: DataView | None
    output: int
    missing: int = Field(description="How many more explanations must be chosen; 0 if the comparison is complete.")
    refs: list[str]
    input_names: str = Field(description="The inputs' letters, in the order of their bits.")
    inputs: list[str] = Field(description="Every input as its bits, in binary order.")
    explanations: list[ComparedView]
    shared: SharedView | None
    differing_neurons: list[NeuronView]
    differing_edges: list[EdgeView]
    lines: list[LineView]
    space: SpaceView | None
    pairs: list[PairView]
    n_crucial: int
    crucial: list[CrucialView]
    all_shown: bool
    all_url: str
    suggestions: list[Suggestion]
    url: str

    @property
    def most_shown(self) -> int:
        """Crucial experiments that the page with all of them lists at most."""
        return MOST_SHOWN

    @cached_property
    def hues(self) -> Hues:
        """Which hue each function has, for drawings of more than two inputs."""
        columns = [column.truth_table for item in self.explanations for column in item.columns]
        return hues_of(hue_tables(columns))

    def pair(self, one: str, other: str) -> PairView:
        """Two of the explanations by their letters, in either order."""
        return next(pair for pair in self.pairs if {pair.first, pair.second} == {one, other})


def build_compare(session: Session, addresses: Addresses, options: CompareOptions) -> ComparePage:
    """The comparison that an address names.

    Raises:
        NotFound: no such network, or a reference that names nothing; the message says which.
        BadQuery: a malformed reference, more than six, or more than one network.
    """
    texts = list(dict.fromkeys(text.strip() for text in options.e if text.strip()))
    if len(texts) > MOST:
        raise BadQuery(f"{len(texts)} explanations", f"at most {MOST} can be compared at once", "leave some out", "e")
    place = _place(session, addresses, options)
    if place is None:
        return _nothing_yet(addresses, texts)
    refs = [read_ref(text, position) for position, text in enumerate(texts, start=1)]
    found = [find_explanation(session, addresses, place, ref, position) for position, ref in enumerate(refs, start=1)]
    explanations = list({str(explanation.ref): explanation for explanation in found}.values())
    if len(explanations) < LEAST:
        return _to_choose(session, addresses, place, explanations)
    space = intervention_space(place.cut.hidden_sizes, place.cut.n_inputs)
    answers = decide_under_interventions(place.cut, interchange_rows(place.data), space)
    predictions = [explanation.predictions(space) for explanation in explanations]
    return _page(addresses, place, explanations, space, answers, predictions, show_all=options.experiments == "all")


def _place(session: Session, addresses: Addresses, options: CompareOptions) -> Place | None:
    """What is compared, None if the address names no network."""
    names = list(dict.fromkeys(name.strip() for name in options.network if name.strip()))
    if not names:
        return None
    rows = {row.digest: row for row in (find_network(session, addresses, name) for name in names)}
    if len(rows) > 1:
        slugs = ", ".join(row.slug for row in rows.values())
        raise BadQuery(
            f"networks {slugs}",
            "explanations of different networks cannot be compared, since they speak of different neurons and weights",
            "choose explanations of one network",
            "network",
        )
    return locate(session, addresses, names[0], options.scope)


def _nothing_yet(addresses: Addresses, texts: Sequence[str]) -> ComparePage:
    if texts:
        raise BadQuery(
            f"{len(texts)} explanations", "the address does not name their network", "add network=NAME to it", "network"
        )
    return _empty(addresses.compare(), None, None, [], [])


def _to_choose(session: Session, addresses: Addresses, place: Place, chosen: Sequence[Explanation]) -> ComparePage:
    refs = [str(explanation.ref) for explanation in chosen]
    url = addresses.compare(place.row.slug, refs, place.scope)
    return _empty(
        url, place, network_view(place.row, addresses, place.network), refs, _suggestions(session, addresses, place)
    )


def _empty(
    url: str,
    place: Place | None,
    network: NetworkView | None,
    refs: list[str],
    suggestions: list[Suggestion],
) -> ComparePage:
    return ComparePage(
        network=network,
        task=None if place is None else TaskView(name=place.task.name, truth_table=list(place.task.truth_table)),
        protocol=None if place is None else protocol_view(place.protocol),
        data=None if place is None else data_view(place.data),
        output=0 if place is None else place.scope.output,
        missing=LEAST - len(refs),
        refs=refs,
        input_names="",
        inputs=[],
        explanations=[],
        shared=None,
        differing_neurons=[],
        differing_edges=[],
        lines=[],
        space=None,
        pairs=[],
        n_crucial=0,
        crucial=[],
        all_shown=True,
        all_url=url,
        suggestions=suggestions,
        url=url,
    )


def _suggestions(session: Session, addresses: Addresses, place: Place) -> list[Suggestion]:
    """Comparisons of stored explanations that show how far they differ."""
    if place.analysis is None:
        return []
    slug, found = place.row.slug, []
    circuits = [row.mask for row in smallest_circuits(session, place.analysis, place.layout, 2)]
    aligned = algorithm_reads.minimal_alignments(session, place.analysis.id, 3)
    alignments = [ExplanationRef("alignment", algorithm, alignment) for algorithm, alignment in aligned]
    choices = [
        ("two of its smallest circuits", [ExplanationRef("circuit", mask) for mask in circuits]),
        (
            "two interpretations of its smallest circuit",
            [ExplanationRef("interpretation", mask, str(index)) for mask in circuits[:1] for index in (0, 1)],
        ),
        ("minimal alignments of its simplest algorithms", alignments),
        (
            "an interpretation and an aligned algorithm",
            [ExplanationRef("interpretation", mask, "0") for mask in circuits[:1]] + alignments[:1],
        ),
    ]
    for label, refs in choices:
        if len(refs) >= LEAST:
            found.append(Suggestion(label=label, url=addresses.compare(slug, refs, place.scope)))
    return found


def _page(
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
