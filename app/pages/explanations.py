"""Any explanation that a comparison's address may name, read or computed, and what it says of neurons and inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Generic

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import ExplanationRef, Scope, is_id
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.errors import AnalysisError, BeyondLimits, InvalidIndex
from pluriscope.analysis.explanations.explanation import Claim, Kind
from pluriscope.analysis.explanations.registry import EVERY_KIND, KIND_OF
from pluriscope.analysis.graph_files.graph_format import GraphFormat
from pluriscope.analysis.graph_files.registry import formats_for
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.interpretation import Interpretation
from pluriscope.analysis.interventions.experiments import InterventionSpace
from pluriscope.analysis.placements.iia import score_placement
from pluriscope.analysis.placements.placement import PlacedFormula
from pluriscope.analysis.placements.report import PlacedModel, SitePlacement
from pluriscope.analysis.readings.circuit_readings import CircuitInterpretations, VariableInterpretation
from pluriscope.analysis.subjects.perceptron.circuit import MAX_EDGES, Circuit, mask_array
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import CircuitVerdict, Q_co, SubjectQuestion
from pluriscope.app.bundled import ALICE, ALICE_AND_BOB, BOB
from pluriscope.app.db.directions import find_direction_row
from pluriscope.app.db.reads.algorithms import find_algorithm, find_neuron_placement
from pluriscope.app.db.reads.circuits import find_circuit
from pluriscope.app.db.tables import AlgorithmRow, AnalysisRow, NetworkRow
from pluriscope.app.errors import BadQuery, NotFound, PageError
from pluriscope.app.pages.candidates import (
    algorithm_of,
    find_algorithm_row,
    read_algorithm,
    read_placement,
    stored_placements,
)
from pluriscope.app.pages.place import FORMULAS, Place, StoredQuestion, locate
from pluriscope.app.pages.placed import find_placement, placement_ref
from pluriscope.app.pages.read_circuits import read_circuit, read_interpretation
from pluriscope.processes.recent import Recent

N_CARDS: Final = 12  # interpretations in the excerpt; each is computed on the spot
MAX_INDEX_DIGITS: Final = 999
MOST_ON_PAGES: Final = 1_000_000
"""States and links up to which a page counts the interpretations of a circuit that it is about: one or two seconds with
five inputs. One interpretation at its own address may take more, so that every link to one leads there.
"""
MAX_BYTES: Final = 12 << 20
"""Of all that are kept; one that takes more by itself is not."""
_REFUSAL_BYTES: Final = 1_000


@dataclass(frozen=True)
class Readings:
    """The interpretations of a circuit, or why there are none to speak of."""

    space: InterpretationSpace | None = None
    total: int | None = None
    observed: int | None = None
    why_not: str = ""
    by_variables: CircuitInterpretations | None = None


def readings_by_variables(one: Explanation[SubjectQuestion]) -> Readings:
    """The interpretations of a circuit of a network that no formulas are read of."""
    if refusal := one.place.question.kind.refuses("readings"):
        return Readings(why_not=refusal)
    try:
        every = read_circuit(one.session, one.place, one.mask)
    except NotFound as error:
        return Readings(why_not=error.cause)
    return Readings(None, every.count, every.n_observed, by_variables=every)


def readings_of(
    place: StoredQuestion[SubjectQuestion], mask: int, verdict: CircuitVerdict, most: int | None = MOST_ON_PAGES
) -> Readings:
    """The interpretations of a circuit, counted up to so many states and links; as far as can be if None."""
    question = place.question
    if not isinstance(question, Question):
        return Readings(why_not=question.kind.refuses(FORMULAS))
    if not verdict.in_space:
        return Readings(why_not="the protocol does not look at circuits with so many active neurons, so it reads none")
    if not verdict.valid:
        return Readings(why_not="only valid circuits are interpreted, and this one is not valid")
    if not question.data.boolean:
        return Readings(why_not="its rows stand for no Boolean inputs, which gates would be about")
    if question.layout.n_edges > MAX_EDGES:
        return Readings(why_not=f"interpretations are counted for networks of up to {MAX_EDGES} edges")
    try:
        space = space_of(question, Circuit(question.layout, mask), most)
        return Readings(space, space.count, space.n_observed)
    except BeyondLimits as error:
        return Readings(why_not=error.cause)


# --- interpretations of the circuits asked for last, counted once: a page, its card and its JSON ask alike


def _size(found: InterpretationSpace | BeyondLimits) -> int:
    return _REFUSAL_BYTES if isinstance(found, BeyondLimits) else found.n_bytes


_RECENT: Final = Recent[InterpretationSpace | BeyondLimits](MAX_BYTES, _size)


def space_of(question: Question, circuit: Circuit, most: int | None = None) -> InterpretationSpace:
    """All interpretations of a circuit, counted.

    Args:
        circuit: a circuit of its network.
        most: see :class:`pluriscope.analysis.interpretations.indexing.InterpretationSpace`.

    Raises:
        BeyondLimits: there are too many to be counted on the spot.
    """
    key = question.digest, circuit.mask, most
    kept = _RECENT.get(key)
    if isinstance(kept, BeyondLimits):
        raise BeyondLimits(kept.item, kept.cause, kept.cure)
    if kept is not None:
        return kept
    space = InterpretationSpace(question, circuit, most)
    try:
        space.count  # noqa: B018  what takes the time
    except BeyondLimits as refusal:
        _RECENT.put(key, refusal)
        raise
    if space.n_bytes <= MAX_BYTES:
        _RECENT.put(key, space)
    return space


KIND_LABELS: Final = {kind.key: kind.heading for kind in EVERY_KIND}
SHAPES: Final = (
    "c-MASK, i-MASK.INDEX, g-ALGORITHM, a-ALGORITHM.ALIGNMENT, d-ALGORITHM.DIRECTIONS, with "
    "@PROTOCOL behind it where that differs"
)


@dataclass(frozen=True)
class Explanation(Generic[Q_co]):
    """Explanation of a network at its address, with the store that it is read from.

    Args:
        ref: reference by which addresses name it, in canonical form.
        place: network, output, rules and rows that it explains.
        item: the engine's value; of a circuit of a network other than a perceptron its mask.
    """

    session: Session
    links: Addresses
    ref: ExplanationRef
    place: StoredQuestion[Q_co]
    item: Any

    @property
    def mask(self) -> int:
        """Mask of a circuit."""
        return int(self.ref.first, 16)

    @property
    def name(self) -> str:
        """Its reference, as pages write it."""
        return str(self.ref).replace("-", "·", 1)

    def url(self, **view: Any) -> str:
        """The address of its page, with further options of that."""
        return self.links.explanation(self.place.slug, replace(self.ref, protocol=""), self.place.scope, **view)

    @property
    def fields(self) -> dict[str, Any]:
        """Fields that every record has but the kind."""
        return {
            "ref": str(self.ref),
            "url": self.url(),
            "network": self.place.row.digest,
            "output": self.place.scope.output,
            "protocol": self.place.protocol_digest,
            "data": self.place.data_digest,
            "engine_version": ENGINE_VERSION,
            "stored": self.stored,
            "graphs": {one.key: url for one, url in self.graphs},
        }

    @property
    def graphs(self) -> list[tuple[GraphFormat, str]]:
        """The formats of graphs that it can be written in, each with where it is in it."""
        formats, url = formats_for(self.place.question, self.ref.kind), self.url()
        return [(one, self.links.made_of(url, f"graphs/{one.key}")) for one in formats]

    @cached_property
    def rows(self) -> list[Any]:
        """The rows in which it is stored: its own last, None where it is not.

        An interpretation has none of its own, but that of its circuit; before that of an alignment is its algorithm's.
        """
        analysis = self.place.analysis
        return [None] if analysis is None else _KINDS[self.ref.kind].rows(self.session, analysis, self)

    @property
    def stored(self) -> bool:
        """Whether an analysis here holds it; interpretations are counted and not stored."""
        return self.ref.kind != "interpretation" and self.rows[-1] is not None

    @property
    def on_sites(self) -> bool:
        """Whether it is about variables of the task on sites, and not about gates on neurons."""
        return isinstance(self.item, PlacedModel | VariableInterpretation | tuple)

    @property
    def judged(self) -> Any:
        """The explanation by itself as criteria of its kind take several."""
        return _KINDS[self.ref.kind].judged(self.place.question, self.item)

    @property
    def record(self) -> Kind[Any]:
        """The record of its kind."""
        return KIND_OF[self.ref.kind]

    @property
    def kind(self) -> str:
        """The key of its kind."""
        return self.ref.kind

    @property
    def interpretation(self) -> Interpretation | None:
        """The interpretation, if it is one."""
        return self.item if isinstance(self.item, Interpretation) else None

    @property
    def person(self) -> str:
        """Name of the person whose explanation it is known as; "" where of none."""
        if self.kind != "direction":
            return ""
        text = placement_ref(self.item.algorithm.id, self.item.alignment, stored=False)
        return people_of(self.place.row).get(str(text), "")

    @property
    def circuit(self) -> Circuit | None:
        """Circuit of a circuit or an interpretation; None of others."""
        found = self.item.circuit if isinstance(self.item, Interpretation) else self.item
        return found if isinstance(found, Circuit) else None

    @property
    def algorithm(self) -> HighLevelModel | None:
        """Algorithm of an algorithm or an alignment; None of others."""
        found = self.item.algorithm if isinstance(self.item, PlacedFormula) else self.item
        return found if isinstance(found, HighLevelModel) else None

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """Claims about sites, and functions without a site."""
        return self.record.claims(self.item)

    @property
    def functions(self) -> list[Claim]:
        """Its gates or variables in the order of layers or paths."""
        return [claim for claim in self.claims if claim.says == "function"]

    def predictions(self: Explanation[Question], space: InterventionSpace) -> NDArray[np.int8]:
        """Predict a space of interventions, ``[set, source, base]``; −1 where it is silent."""
        predictions: NDArray[np.int8] = self.record.predict(self.place.question, [self.item], space)[0]
        return predictions

    def by_neuron(self) -> dict[tuple[int, int], Claim]:
        """Claims about hidden neurons: (layer, neuron) → claim; empty if it is silent about them."""
        return {(claim.layer, neuron): claim for claim in self.claims for neuron in claim.neurons}

    @property
    def says(self: Explanation[Question]) -> list[int]:
        """Predicted output on every input, −1 for neither; [] if it predicts none."""
        return list(self.record.outputs(self.place.question, self.item))


def read_ref(text: str, position: int) -> ExplanationRef:
    """A reference as it stands in a comparison's address.

    Raises:
        BadQuery: it has none of these shapes.
    """
    try:
        return ExplanationRef.parse(text)
    except ValueError:
        raise BadQuery(
            f"explanation {position}, {text[:80]!r}", "is no reference to an explanation", f"write it as {SHAPES}", "e"
        ) from None


def find_explanation(
    session: Session, addresses: Addresses, place: StoredQuestion[Q_co], ref: ExplanationRef, position: int = 0
) -> Explanation[Q_co]:
    """The explanation that a reference names, of the comparison's network and output.

    Args:
        addresses: builds its address.
        place: network, output, protocol and data record of the comparison.
        position: which of the comparison's references it is, from 1, for messages; 0 if it has a page of its own.

    Raises:
        PageError: it names nothing; the message says which reference and why.
        BeyondLimits: it is too large to be read on the spot.
    """
    label = f"explanation {position} ({str(ref)[:80]})" if position else f"explanation {str(ref)[:80]}"
    field = "e" if position else "ref"
    try:
        if ref.protocol:
            scope = Scope(place.scope.output, ref.protocol, place.scope.data)
            own = locate(session, addresses, place.row.slug, scope)
        else:
            own = place
        protocol = "" if own.scope.protocol == place.scope.protocol else own.scope.protocol
        item, canonical = _KINDS[ref.kind].read(session, addresses, own, ref)
        return Explanation(session, addresses, replace(canonical, protocol=protocol), own, item)
    except PageError as error:
        raise type(error)(
            label, f"{error.item}: {error.cause}", error.cure, field, error.parent, error.parent_label
        ) from None
    except BeyondLimits as error:
        raise BeyondLimits(label, f"{error.item}: {error.cause}", error.cure) from None
    except AnalysisError as error:
        raise NotFound(
            label,
            f"{error.item}: {error.cause}",
            error.cure,
            field,
            addresses.network(place.row.slug, place.scope),
            f"network {place.row.slug}",
        ) from None


def people_of(network: NetworkRow) -> dict[str, str]:
    """The explanations of a network that are known by a person's name: reference → name."""
    return {ALICE: "Alice", BOB: "Bob"} if (network.slug, network.origin) == (ALICE_AND_BOB, "bundled") else {}


# --- what is special of each kind


Read = Callable[[Session, Addresses, StoredQuestion[Any], ExplanationRef], tuple[Any, ExplanationRef]]


@dataclass(frozen=True)
class _KindHere:
    """Functions that read explanations of a kind.

    Args:
        read: what a reference names, and how references name it in canonical form.
        rows: of the store, its own last.
        judged: question and explanation → what criteria judge.
    """

    read: Read
    rows: Callable[[Session, AnalysisRow, Explanation[SubjectQuestion]], list[Any]]
    judged: Callable[[Any, Any], Any] = lambda _, item: (item,)


def _circuit(
    _: Session, __: Addresses, place: StoredQuestion[SubjectQuestion], ref: ExplanationRef
) -> tuple[Circuit | int, ExplanationRef]:
    question = place.question
    mask = question.read_mask(ref.first)
    item = Circuit(question.layout, mask) if isinstance(question, Question) else mask
    return item, ExplanationRef("circuit", question.graph.to_hex(mask))


def _interpretation(session: Session, __: Addresses, place: Place, ref: ExplanationRef) -> tuple[Any, ExplanationRef]:
    if place.question.kind.refuses(FORMULAS):
        return read_interpretation(session, place, ref)
    circuit = Circuit(place.question.layout, place.question.read_mask(ref.first))
    if not (ref.second.isascii() and ref.second.isdigit() and len(ref.second) < 1000):
        raise InvalidIndex(f"index {ref.second[:40]!r}", "is not a whole number", "count from 0")
    index = int(ref.second)
    return space_of(place.question, circuit).at(index), ExplanationRef("interpretation", circuit.hex, str(index))


def _candidate(session: Session, addresses: Addresses, place: Place, ref: ExplanationRef) -> AlgorithmRow | None:
    """The row of the formula that a reference names; None where it names an algorithm with finite variables."""
    written = place.question.kind.refuses(FORMULAS) or not (is_id(ref.first) or place.question.refuses("sites"))
    if written and ref.kind != "direction":
        return None
    try:
        return find_algorithm_row(session, addresses, place, ref.first)
    except NotFound:
        report = stored_placements(session, place)
        if ref.kind == "direction" or report is None or all(one.id != ref.first for one in report.algorithms):
            raise
        return None


def _algorithm(
    session: Session, addresses: Addresses, place: Place, ref: ExplanationRef
) -> tuple[HighLevelModel | PlacedModel, ExplanationRef]:
    row = _candidate(session, addresses, place, ref)
    if row is None:
        return read_algorithm(session, place, ref)
    algorithm = algorithm_of(row, place)
    return algorithm, ExplanationRef("algorithm", algorithm.id)


def _placement(
    session: Session, addresses: Addresses, place: Place, ref: ExplanationRef
) -> tuple[PlacedFormula[Any] | tuple[PlacedModel, SitePlacement], ExplanationRef]:
    row = _candidate(session, addresses, place, ref)
    if row is None:
        return read_placement(session, place, ref)
    algorithm = algorithm_of(row, place)
    stored, alignment = find_placement(session, addresses, place, row, algorithm, ref)
    return PlacedFormula(algorithm, alignment), placement_ref(algorithm.id, alignment, stored=stored is not None)


def _circuit_rows(session: Session, analysis: AnalysisRow, known: Explanation[SubjectQuestion]) -> list[Any]:
    return [find_circuit(session, analysis.id, known.ref.first)]


def _rows_of_algorithm(session: Session, analysis: AnalysisRow, known: Explanation[SubjectQuestion]) -> list[Any]:
    if known.on_sites:  # it is kept in the report of all
        return [known.item if is_id(known.ref.first) else None]
    return [find_algorithm(session, analysis.id, known.ref.first)]


def _rows_of_placement(session: Session, analysis: AnalysisRow, known: Explanation[SubjectQuestion]) -> list[Any]:
    if known.on_sites:
        return [known.item if is_id(known.ref.second) else None]
    row, id_ = find_algorithm(session, analysis.id, known.ref.first), known.item.alignment.id
    if known.kind == "direction":
        return [row, find_direction_row(session, analysis.id, known.ref.first, id_)]
    return [row, None if row is None else find_neuron_placement(session, row, id_)]


def _scored(question: Any, aligned: PlacedFormula[Any]) -> Any:
    return ((aligned.algorithm, score_placement(question, aligned.algorithm, aligned.alignment)),)


_PLACEMENT: Final = _KindHere(_placement, _rows_of_placement, _scored)
_KINDS: Final[Mapping[str, _KindHere]] = {
    "circuit": _KindHere(_circuit, _circuit_rows, lambda _, one: mask_array([one.mask], one.layout)),
    "interpretation": _KindHere(_interpretation, _circuit_rows),
    "algorithm": _KindHere(_algorithm, _rows_of_algorithm),
    "alignment": _PLACEMENT,
    "direction": _PLACEMENT,
}
