"""Any explanation that a comparison's address may name, read or computed, and what it says of neurons and inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import Alignment
from analysis.circuits.circuit import Circuit, circuit_from_hex
from analysis.directions.alignment import DirectionAlignment
from analysis.errors import AnalysisError, BeyondLimits, InvalidIndex
from analysis.experiments import InterventionSpace, predict_by_alignment, predict_by_interpretation, predict_nothing
from analysis.explanations.explanation import Claim as SiteClaim
from analysis.explanations.explanation import Kind as RecordedKind
from analysis.explanations.registry import BY_KEY, RECORDED
from analysis.interpretations.gates import gate_name
from analysis.interpretations.indexing import interpretation_at
from analysis.interpretations.interpretation import Interpretation, NeuronGate
from analysis.validity import decide, margin_to_edge
from app.addressing import Addresses
from app.errors import BadQuery, NotFound, PageError
from app.naming import ExplanationRef, Scope
from app.pages.algorithm import interchange_score
from app.pages.alignment import find_placed
from app.pages.candidates import algorithm_of, find_algorithm_row, verdicts_of
from app.pages.columns import ColumnView
from app.pages.directions.explaining import direction_columns, named_directions
from app.pages.formulas import VerdictView
from app.pages.place import Place, locate
from app.pages.placements import is_placement, places_of, read_placement_text, site_label
from app.pages.recorded import claim_view, read_recorded
from app.pages.shared import neuron_name, truth_rows

Kind = str
KIND_LABELS: Final[dict[str, str]] = {
    "circuit": "Circuit",
    "interpretation": "Circuit, interpreted",
    "algorithm": "Algorithm",
    "alignment": "Algorithm, aligned",
    "direction": "Algorithm on directions",
    **{kind.key: kind.noun.capitalize() for kind in RECORDED},
}
_OTHER_SHAPES: Final = "".join(f" or {kind.letter}-… ({kind.noun})" for kind in RECORDED)
SHAPES: Final = (
    f"c-MASK, i-MASK.INDEX, g-ALGORITHM, a-ALGORITHM.ALIGNMENT, d-ALGORITHM.DIRECTIONS{_OTHER_SHAPES}, with @PROTOCOL "
    "behind it where that differs"
)


@dataclass(frozen=True)
class Explanation:
    """One explanation, ready to be asked.

    Args:
        ref: as the address names it, in canonical form.
        place: the network, output, protocol and data record that it is about.
        circuit: of a circuit or an interpretation.
        interpretation: of an interpretation.
        algorithm: of an algorithm or an alignment.
        alignment: of an alignment on neuron sets.
        directions: of an alignment on directions.
        recorded: of a kind that has a record.
        url: its own page.
        verdicts: what is known of it.
    """

    ref: ExplanationRef
    place: Place
    url: str
    verdicts: tuple[VerdictView, ...]
    circuit: Circuit | None = None
    interpretation: Interpretation | None = None
    algorithm: HighLevelModel | None = None
    alignment: Alignment | None = None
    directions: DirectionAlignment | None = None
    recorded: Recorded | None = None

    @property
    def kind(self) -> str:
        return self.ref.kind

    def predictions(self, space: InterventionSpace) -> NDArray[np.int8]:
        """What it predicts on a space of interventions, ``[set, source, base]``, −1 where it is silent."""
        if self.recorded is not None:
            kind, item = self.recorded.kind, self.recorded.item
            predictions: NDArray[np.int8] = kind.predict(self.place.question, [item], space)[0]
            return predictions
        if self.interpretation is not None:
            return predict_by_interpretation(self.interpretation, space)
        if self.algorithm is not None and self.alignment is not None:
            return predict_by_alignment(self.algorithm, self.alignment, space)
        return predict_nothing(space)

    def claims(self) -> dict[tuple[int, int], Claim]:
        """What it says of hidden neurons: (layer, neuron) → claim; empty if it is silent about them."""
        claims: dict[tuple[int, int], Claim] = {}
        sizes = self.place.question.cut.sizes
        for claim in () if self.recorded is None else self.recorded.claims:
            for neuron in claim.neurons:
                claims[claim.layer, neuron] = Claim("function", claim.function, claim.label, len(claim.neurons))
        if self.circuit is not None:
            for layer in range(1, len(sizes) - 1):
                for neuron, active in enumerate(self.circuit.active[layer]):
                    claims[layer, neuron] = Claim("used" if active else "cut")
        if self.interpretation is not None:
            for gate in self.interpretation.gates:
                if gate.layer < len(sizes) - 1:
                    claims[gate.layer, gate.neuron] = Claim("function", gate.function, _label(gate, sizes[0]))
        if self.algorithm is not None and self.alignment is not None:
            variables = {variable.path: variable for variable in self.algorithm.variables}
            for path, site in self.alignment.places:
                for neuron in site.neurons:
                    claims[site.layer, neuron] = Claim(
                        "function", variables[path].function, variables[path].shown, len(site.neurons)
                    )
        return claims

    def columns(self) -> list[ColumnView]:
        """Its gates or variables with their value on every input, in the order of layers or paths."""
        n_rows, sizes = 1 << self.place.question.cut.n_inputs, self.place.question.cut.sizes
        if self.recorded is not None:
            views = [claim_view(claim, n_rows) for claim in self.recorded.claims]
            return [ColumnView(label=one.label, site=one.site, truth_table=one.truth_table) for one in views]
        if self.interpretation is not None:
            return [
                ColumnView(
                    label=_label(gate, sizes[0]),
                    site=neuron_name(sizes, gate.layer, gate.neuron),
                    truth_table=truth_rows(gate.function, n_rows),
                )
                for gate in self.interpretation.gates
                if gate.layer < len(sizes) - 1
            ]
        if self.algorithm is None:
            return []
        if self.directions is not None:
            return direction_columns(self.algorithm, self.directions, sizes)
        sites = {} if self.alignment is None else dict(self.alignment.places)
        return [
            ColumnView(
                label=variable.shown,
                site=site_label(sites[variable.path]) if variable.path in sites else "",
                truth_table=truth_rows(variable.function, n_rows),
            )
            for variable in self.algorithm.variables
        ]

    def outputs(self) -> tuple[list[int], list[float] | None]:
        """What it says of the output on every input, [] if it says nothing, and the raw outputs of a circuit."""
        if self.recorded is not None:
            return list(self.recorded.kind.outputs(self.place.question, self.recorded.item)), None
        n_rows = 1 << self.place.question.cut.n_inputs
        if self.algorithm is not None:
            return truth_rows(self.algorithm.function, n_rows), None
        raw = self.raw_outputs()
        return [int(v) for v in decide(raw, self.place.question.protocol.circuit_decision)], [float(v) for v in raw]

    def raw_outputs(self) -> NDArray[np.float64]:
        """Outputs of its circuit on the representatives, ``[2^n]``."""
        if self.circuit is None:
            raise ValueError("only circuits have outputs of their own")
        return self.place.activations(self.circuit)[-1][:, 0]


@dataclass(frozen=True)
class Recorded:
    """An explanation of a kind that has a record, with that record."""

    kind: RecordedKind[Any]
    item: Any

    @property
    def claims(self) -> tuple[SiteClaim, ...]:
        """What it says of sites."""
        return self.kind.claims(self.item)


@dataclass(frozen=True)
class Claim:
    """What an explanation says of one hidden neuron.

    Args:
        kind: "cut" (ablated), "used" (active, no function given) or "function".
        function: truth table as an integer if it is a function.
        label: readable function.
        shared_by: neurons that carry the function together.
    """

    kind: Literal["cut", "used", "function"]
    function: int = 0
    label: str = ""
    shared_by: int = 1


def _label(gate: NeuronGate, n_inputs: int) -> str:
    """A gate by the function of the inputs that it computes; by its local name where that function has none."""
    return gate_name(gate.function, n_inputs) or gate.name


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
    session: Session,
    addresses: Addresses,
    place: Place,
    ref: ExplanationRef,
    position: int,
    *,
    most_counted: int | None = None,
) -> Explanation:
    """The explanation that a reference names, of the comparison's network and output.

    Args:
        session: open session.
        addresses: builds its address.
        place: network, output, protocol and data record of the comparison.
        ref: the reference.
        position: which of the comparison's references it is, from 1, for messages.
        most_counted: states and links up to which the interpretations of a circuit are counted to find one of them,
            as many as :class:`analysis.interpretations.indexing.InterpretationSpace` counts if None.

    Raises:
        PageError: it names nothing; the message says which reference and why.
        BeyondLimits: it is too large to be read on the spot.
    """
    label = f"explanation {position} ({str(ref)[:80]})"
    try:
        if ref.protocol:
            scope = Scope(place.scope.output, ref.protocol, place.scope.data)
            own = locate(session, addresses, place.row.slug, scope)
        else:
            own = place
        protocol = "" if own.scope.protocol == place.scope.protocol else own.scope.protocol
        if ref.kind in BY_KEY:
            return _recorded(addresses, own, ref, protocol)
        if ref.kind in ("circuit", "interpretation"):
            return _circuit(addresses, own, ref, protocol, most_counted)
        if ref.kind == "direction":
            named = named_directions(session, addresses, own, ref.first, ref.second)
            canonical = ExplanationRef("direction", named.algorithm.id, named.second, protocol)
            return Explanation(
                canonical, own, named.url, named.verdicts, algorithm=named.algorithm, directions=named.alignment
            )
        return _algorithm(session, addresses, own, ref, protocol)
    except PageError as error:
        raise type(error)(
            label, f"{error.item}: {error.cause}", error.cure, "e", error.parent, error.parent_label
        ) from None
    except BeyondLimits as error:
        raise BeyondLimits(label, f"{error.item}: {error.cause}", error.cure) from None
    except AnalysisError as error:
        raise NotFound(
            label,
            f"{error.item}: {error.cause}",
            error.cure,
            "e",
            addresses.network(place.row.slug, place.scope),
            f"network {place.row.slug}",
        ) from None


def _recorded(addresses: Addresses, place: Place, ref: ExplanationRef, protocol: str) -> Explanation:
    kind = BY_KEY[ref.kind]
    item = read_recorded(place, kind, ref.first)
    canonical = ExplanationRef(kind.key, kind.write(item), "", protocol)
    url = addresses.explanation(place.row.slug, ExplanationRef(kind.key, kind.write(item)), place.scope)
    return Explanation(canonical, place, url, (), recorded=Recorded(kind, item))


def _circuit(
    addresses: Addresses, place: Place, ref: ExplanationRef, protocol: str, most_counted: int | None
) -> Explanation:
    circuit = circuit_from_hex(ref.first, place.question.cut.sizes)
    slug, scope = place.row.slug, place.scope
    verdicts = [circuit_verdict(place, circuit)]
    if ref.kind == "circuit":
        url = addresses.circuit(slug, circuit.hex, scope)
        canonical = ExplanationRef("circuit", circuit.hex, "", protocol)
        return Explanation(canonical, place, url, tuple(verdicts), circuit)
    if not (ref.second.isascii() and ref.second.isdigit() and len(ref.second) < 1000):
        raise InvalidIndex(f"index {ref.second[:40]!r}", "is not a whole number", "count from 0")
    index = int(ref.second)
    interpretation = interpretation_at(place.question, circuit, index, most_counted)
    url = addresses.interpretation(slug, circuit.hex, index, scope)
    canonical = ExplanationRef("interpretation", circuit.hex, str(index), protocol)
    return Explanation(canonical, place, url, tuple(verdicts), circuit, interpretation)


def circuit_verdict(place: Place, circuit: Circuit) -> VerdictView:
    """Whether a circuit decides right on the rows that it is judged on, and how far it stays from the edge."""
    rows, labels = place.question.judged
    raw = place.activations(circuit, rows)[-1][:, 0]
    right = decide(raw, place.question.protocol.circuit_decision) == labels
    passed = right.mean() > place.question.protocol.accuracy_threshold
    return VerdictView(
        criterion="mean-ablation" if place.question.protocol.ablation == "mean" else "zero-ablation",
        label=f"right on {int(right.sum())} / {len(right)} rows, margin "
        f"{margin_to_edge(raw, place.question.protocol.circuit_decision).min():.3g}",
        verdict="passed" if passed else "failed",
    )


def _algorithm(session: Session, addresses: Addresses, place: Place, ref: ExplanationRef, protocol: str) -> Explanation:
    row = find_algorithm_row(session, addresses, place, ref.first)
    algorithm = algorithm_of(row, place)
    slug, scope = place.row.slug, place.scope
    if ref.kind == "algorithm":
        canonical = ExplanationRef("algorithm", algorithm.id, "", protocol)
        url = addresses.algorithm(slug, algorithm.id, scope)
        return Explanation(canonical, place, url, tuple(verdicts_of(row)), algorithm=algorithm)
    named = Alignment.of(algorithm.text, read_placement_text(ref.second)) if is_placement(ref.second) else None
    alignment_id = ref.second if named is None else named.id
    stored, alignment = find_placed(session, addresses, place, row, algorithm, alignment_id, named)
    second = ref.second if stored is None else alignment.id
    iia = interchange_score(place, algorithm, alignment)
    verdicts = [
        VerdictView(
            criterion="both-directions" if place.question.protocol.interchange_pairs == "ordered" else "one-direction",
            label=f"IIA {iia.agreed} / {iia.of}",
            verdict="passed" if iia.agreed == iia.of else "failed",
        )
    ]
    if stored is not None and stored.valid:
        verdicts.append(
            VerdictView(
                criterion="minimal-alignment", label="minimal", verdict="passed" if stored.minimal else "failed"
            )
        )
    url = addresses.alignment(
        slug, algorithm.id, alignment.id, scope, place=[] if stored is not None else places_of(alignment)
    )
    canonical = ExplanationRef("alignment", algorithm.id, second, protocol)
    return Explanation(canonical, place, url, tuple(verdicts), algorithm=algorithm, alignment=alignment)
