"""One circuit, stored or not: does it classify every row correctly, and what are its interpretations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.circuits.result import FRAGILE_MARGIN
from analysis.circuits.search import decide_right
from analysis.circuits.space import in_space
from analysis.errors import BeyondLimits, InvalidMask
from analysis.interpretations.indexing import InterpretationSpace
from analysis.networks.circuit import MAX_EDGES, Circuit, circuit_from_hex, mask_array
from analysis.validity import decide, margin_to_edge
from app.addressing import Addresses
from app.db.reads.circuits import is_stored
from app.db.reads.neighbours import masks_beside
from app.db.tables import AnalysisRow
from app.errors import BadQuery, NotFound
from app.options import BigInt, PageModel, ScopeOptions
from app.pages.circuit_sets import ChanceView, chance_view
from app.pages.circuit_story import CircuitStory, circuit_story
from app.pages.input_plane import PLANE, PlaneView, input_plane
from app.pages.interpretation_spaces import MOST_ON_PAGES, space_of
from app.pages.network import BehaviourRow, Provenance, behaviour_of, provenance_of
from app.pages.place import Place, locate
from app.pages.previews import InterpretationCard, interpretation_card
from app.pages.shared import LinkedPage, counts_of, linked, scope_view
from pluriscope.naming import ExplanationRef

N_CARDS: Final = 12  # interpretations in the excerpt; each is computed on the spot
MAX_CARDS: Final = 60
MAX_INDEX_DIGITS: Final = 999


class CircuitOptions(ScopeOptions):
    """Options of a circuit's page."""

    start: str = Field(
        "0",
        pattern=f"^[0-9]{{1,{MAX_INDEX_DIGITS}}}$",
        description="Where the page's excerpt begins: an index, or a class's number if classes=observed.",
    )
    classes: Literal["observed", "all"] = Field(
        "observed", description="The excerpt shows one interpretation of each observed class, or every index."
    )
    limit: int = Field(N_CARDS, ge=1, le=MAX_CARDS, description="Interpretations in the excerpt.")


class Verdict(PageModel):
    """Whether a circuit is valid under the protocol, and why not."""

    valid: bool
    reason: str = Field(description="One clause; for a valid circuit too.")
    n_right: int = Field(description="Rows of the data record decided right.")
    n_rows: int
    threshold: float = Field(description="The share of right rows must be above this.")
    in_space: bool = Field(description="Whether the protocol looks at such circuits at all.")
    margin: float = Field(description="Smallest distance of any of those rows' outputs from the decision's edge.")
    fragile: bool = Field(description="Whether the margin is below 1e-6.")


class CircuitView(PageModel):
    """A circuit as a set of edges."""

    mask: str
    url: str
    ref: str = Field(description="How a comparison's address names it.")
    n_edges: int
    n_possible_edges: int
    n_neurons: int
    n_possible_neurons: int
    kept: list[list[list[bool]]] = Field(description="Kept edges, one matrix [n_out][n_in] for each layer.")
    stored: bool = Field(description="Whether an analysis here holds it as a valid circuit.")


class Excerpt(PageModel):
    """Some interpretations in the order of their index."""

    classes: Literal["observed", "all"]
    start: BigInt
    of: BigInt
    items: list[InterpretationCard]
    next_url: str | None
    first_url: str | None = Field(description="Its beginning, if this is not it.")
    other_url: str = Field(description="The same circuit with the other way of counting.")


class CircuitBasedPage(LinkedPage):
    """A page about one circuit, or about a way to read it."""

    circuit: CircuitView
    verdict: Verdict
    behaviour: list[BehaviourRow]
    provenance: Provenance | None
    list_url: str
    criteria_url: str = Field(description="Every criterion's verdict on it.")
    standing_url: str = Field(description="Where it stands on the common ground.")


class CircuitPage(CircuitBasedPage):
    """One circuit."""

    interpretations: BigInt | None = Field(description="Exact number; None if the circuit is not valid or too large.")
    observed: BigInt | None = Field(description="Classes that the inputs can tell apart.")
    uncounted: str = Field(description="Why there is no number, empty if there is one.")
    excerpt: Excerpt | None
    n_valid: BigInt | None = Field(
        description="Valid circuits of this network under the protocol, None where that is not known exactly."
    )
    interpretations_url: str = Field(description="Its interpretations by gate.")
    chance: ChanceView | None = Field(
        description="How many of the possible circuits with as many edges are valid; null where that is not known."
    )
    rivals_url: str = Field(description="The circuits of this analysis that differ most.")
    previous_url: str = Field(description="The stored circuit before it, fewest edges first; empty if there is none.")
    next_url: str = Field(description="The one after it; empty if there is none.")
    plane: PlaneView | None = Field(description=PLANE)
    story: CircuitStory | None = Field(description="Which algorithms it carries; null if it is not valid.")

    @property
    def url_path(self) -> str:
        return self.url.partition("?")[0]


def build_circuit(
    session: Session, addresses: Addresses, network: str, mask: str, options: CircuitOptions
) -> CircuitPage:
    """The page of one structurally possible circuit, stored or not.

    Raises:
        NotFound: no such network, output, protocol or data record, or the mask is no circuit of that network.
        BadQuery: the excerpt begins beyond the last interpretation.
    """
    place = locate(session, addresses, network, options.scope)
    circuit = read_circuit(place, mask, addresses)
    verdict = verdict_on(place, circuit)
    readings = readings_of(place, circuit, verdict)
    slug, scope, analysis = place.row.slug, place.scope, place.analysis
    beside = (None, None) if analysis is None else masks_beside(session, analysis, circuit.mask)
    layout = place.question.layout
    previous, following = ("" if one is None else addresses.circuit(slug, layout.to_hex(one), scope) for one in beside)
    return CircuitPage(
        **linked(place, addresses, scope_view(place, None, addresses)),
        circuit=circuit_view(session, place, circuit, addresses),
        verdict=verdict,
        behaviour=behaviour_of(place, place.question.activations(circuit)[-1][:, 0]),
        interpretations=readings.total,
        observed=readings.observed,
        uncounted=readings.why_not,
        excerpt=None if readings.space is None else _excerpt(readings.space, place, options, addresses),
        n_valid=_n_valid(analysis),
        chance=chance_view(session, place, circuit, valid=verdict.valid),
        rivals_url=addresses.analysis(slug, "rivals", scope),
        previous_url=previous,
        next_url=following,
        plane=input_plane(place, circuit),
        story=circuit_story(place, circuit, addresses) if verdict.valid and place.question.data.boolean else None,
        provenance=None if analysis is None else provenance_of(analysis),
        interpretations_url=addresses.interpretations(slug, circuit.hex, scope),
        list_url=addresses.circuits(slug, scope),
        criteria_url=addresses.verdicts(slug, [ExplanationRef("circuit", circuit.hex)], scope),
        standing_url=addresses.standing(slug, ExplanationRef("circuit", circuit.hex), scope),
        url=addresses.circuit(slug, circuit.hex, scope),
    )


def _n_valid(analysis: AnalysisRow | None) -> int | None:
    """How many circuits are valid, where that is known exactly."""
    if analysis is None or counts_of(analysis).circuits_kind != "exact":
        return None
    return analysis.circuits_valid


def read_circuit(place: Place, mask: str, addresses: Addresses) -> Circuit:
    """The circuit that an address names.

    Raises:
        NotFound: malformed, of another network, or not structurally possible.
    """
    try:
        return circuit_from_hex(mask, place.question.cut.sizes)
    except InvalidMask as error:
        parent = addresses.circuits(place.row.slug, place.scope)
        raise NotFound(error.item, error.cause, error.cure, "mask", parent, f"circuits of {place.row.slug}") from None


def verdict_on(place: Place, circuit: Circuit) -> Verdict:
    """Whether the circuit is valid under the place's protocol and data record, from the weights."""
    rows, labels = place.question.judged
    protocol = place.question.protocol
    outputs = place.question.activations(circuit, rows)[-1][:, 0]
    n_right = int((decide(outputs, protocol.circuit_decision) == labels).sum())
    margin = float(margin_to_edge(outputs, protocol.circuit_decision).min())
    looked_at = in_space(circuit.n_neurons, place.question.cut.sizes, protocol)
    accurate = bool(decide_right(place.question, mask_array([circuit.mask], circuit.layout))[0])
    if not looked_at:
        reason = f"protocol {protocol.name} leaves out circuits with so many active neurons"
    elif accurate:
        reason = f"it classifies {n_right} of {len(labels)} rows correctly"
        if n_right / len(labels) <= protocol.accuracy_threshold:
            reason += f" under {protocol.ablation} ablation, and enough under another"
    else:
        share = f"a share above {protocol.accuracy_threshold:g} is asked for"
        reason = f"it classifies {n_right} of {len(labels)} rows correctly, and {share}"
    return Verdict(
        valid=looked_at and accurate,
        reason=reason,
        n_right=n_right,
        n_rows=len(labels),
        threshold=protocol.accuracy_threshold,
        in_space=looked_at,
        margin=margin,
        fragile=margin < FRAGILE_MARGIN,
    )


def circuit_view(session: Session, place: Place, circuit: Circuit, addresses: Addresses) -> CircuitView:
    stored = place.analysis is not None and is_stored(session, place.analysis.id, circuit.hex)
    return CircuitView(
        mask=circuit.hex,
        url=addresses.circuit(place.row.slug, circuit.hex, place.scope),
        ref=str(ExplanationRef("circuit", circuit.hex)),
        n_edges=circuit.n_edges,
        n_possible_edges=circuit.layout.n_edges,
        n_neurons=circuit.n_neurons,
        n_possible_neurons=sum(place.question.cut.hidden_sizes),
        kept=[matrix.tolist() for matrix in circuit.keep],
        stored=stored,
    )


@dataclass(frozen=True)
class Readings:
    """The interpretations of a circuit, or why there are none to speak of."""

    space: InterpretationSpace | None = None
    total: int | None = None
    observed: int | None = None
    why_not: str = ""


def readings_of(place: Place, circuit: Circuit, verdict: Verdict, most: int | None = MOST_ON_PAGES) -> Readings:
    """The interpretations of a circuit, counted up to so many states and links; as far as can be if None."""
    if not verdict.in_space:
        return Readings(why_not="the protocol does not look at circuits with so many active neurons, so it reads none")
    if not verdict.valid:
        return Readings(why_not="only valid circuits are interpreted, and this one is not valid")
    if not place.question.data.boolean:
        return Readings(why_not="its rows stand for no Boolean inputs, which gates would be about")
    if circuit.layout.n_edges > MAX_EDGES:
        return Readings(why_not=f"interpretations are counted for networks of up to {MAX_EDGES} edges")
    try:
        space = space_of(place.question, circuit, most)
        return Readings(space, space.count, space.n_observed)
    except BeyondLimits as error:
        return Readings(why_not=error.cause)


def _excerpt(space: InterpretationSpace, place: Place, options: CircuitOptions, addresses: Addresses) -> Excerpt:
    """Some interpretations from a number on; each is fetched by its index, none is listed in between."""
    observed = options.classes == "observed"
    of, start, limit = (space.n_observed if observed else space.count), int(options.start), options.limit
    if start and start >= of:
        noun = "observed classes" if observed else "interpretations"
        raise BadQuery(f"start {start:,}", f"the circuit has {of:,} {noun}", "use a smaller number", "start")
    ranks = range(start, min(start + limit, of))
    indices = [space.index_of_observed(rank) if observed else rank for rank in ranks]
    slug, scope, mask = place.row.slug, place.scope, space.circuit.hex
    view = {"classes": None if observed else "all", "limit": None if limit == N_CARDS else limit}
    return Excerpt(
        classes=options.classes,
        start=start,
        of=of,
        items=[interpretation_card(space, index, place, addresses) for index in indices],
        next_url=addresses.circuit(slug, mask, scope, **view, start=start + limit) if start + limit < of else None,
        first_url=addresses.circuit(slug, mask, scope, **view) if start else None,
        other_url=addresses.circuit(slug, mask, scope, classes="all" if observed else None),
    )
