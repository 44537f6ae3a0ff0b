"""The page of one network: what it computes, how many explanations it has under which rules, and some of each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, Final

from markupsafe import Markup
from pydantic import Field
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.common_ground.report import CommonGroundReport
from analysis.errors import BeyondLimits
from analysis.networks.circuit import circuit_from_hex
from analysis.networks.mlp import forward
from analysis.studies.cells import cells_of
from app.addressing import Addresses
from app.db.reads import networks as reads
from app.db.reads.algorithms import placements_untried
from app.db.reads.circuits import smallest_circuits
from app.db.reads.jobs import UNFINISHED
from app.db.reads.networks import known_as
from app.db.reads.studies import studies_of_network
from app.db.studies import design_of
from app.db.tables import AnalysisRow, NetworkRow
from app.figures.numbers import duration, noun, when
from app.figures.svg import backbone_diagram
from app.limits import limits_in
from app.options import PageModel, ScopeOptions
from app.pages.analyses import of_network, thumb_of
from app.pages.circuit_sets import backbone_sentence
from app.pages.input_plane import PLANE, PlaneView, input_plane
from app.pages.interpretation_spaces import space_of
from app.pages.lens_views import polysemanticity_sentence
from app.pages.network.behaviour import BehaviourRow, behaviour_of, validation_right
from app.pages.network.others import (
    ProtocolCounts,
    Stored,
    Tab,
    data_tabs,
    output_tabs,
    protocol_counts,
    protocol_differences,
    stored_about,
)
from app.pages.network.provenance import Provenance, provenance_of
from app.pages.place import Place, locate
from app.pages.plan import PlanView, plan_view
from app.pages.previews import (
    MOST_COUNTED,
    AlignmentCard,
    CircuitCard,
    InterpretationCard,
    alignment_card,
    circuit_card,
    first_interpretations,
    interpretation_card,
)
from app.pages.recorded import RecordedCount, recorded_counts
from app.pages.shared import (
    AnalysisPage,
    Counts,
    JobView,
    counts_of,
    job_view,
    latest_job,
    network_view,
    neuron_name,
    scope_view,
    state_of,
    stops_of,
)
from app.pages.training.course import Learning, learning_of_network, same_again, why_unknown
from pluriscope.analyses.registry import COMMON_GROUND, FUNNEL

# --- how the found explanations are spread, and which edges valid circuits use: as stored with the analysis


class Histogram(PageModel):
    """Counts between bin edges; the last bin is closed."""

    edges: list[float]
    counts: list[int]


class Distributions(PageModel):
    """How the found explanations are spread, as stored with the analysis; pairs are [value, how many]."""

    edges: list[list[int]] = Field(description="Pairs: edges of a valid circuit.")
    neurons: list[list[int]] = Field(description="Pairs: active hidden neurons of a valid circuit.")
    neuron_use: list[list[int]] = Field(description="For each hidden layer and neuron, circuits in which it is active.")
    margin: Histogram
    interpretations: Histogram = Field(description="Of the base-10 logarithm of a circuit's interpretations.")
    observed: Histogram = Field(description="Of the base-10 logarithm of a circuit's observed classes.")
    iia: Histogram = Field(description="Of kept alignments.")
    alignments_per_algorithm: list[list[int]] = Field(description="Pairs: valid alignments of an algorithm.")


class EdgeUse(PageModel):
    """How many valid circuits keep each edge from one layer to the next."""

    layer: int = Field(description="The layer that the edges lead to; 1 is the first hidden one.")
    sources: list[str]
    targets: list[str]
    counts: list[list[int]] = Field(description="One row for each target, one column for each source.")
    of: int = Field(description="Valid circuits; in an estimate those of the sample.")


def edge_sentence(layers: Sequence[EdgeUse]) -> str:
    """How many edges every valid circuit keeps, and which is kept least."""
    uses = [
        (count, f"{source} → {target}")
        for layer in layers
        for target, row in zip(layer.targets, layer.counts, strict=True)
        for source, count in zip(layer.sources, row, strict=True)
    ]
    if not uses:
        return ""
    of = layers[0].of
    always = sum(1 for count, _ in uses if count == of)
    least, name = min(uses)
    kept = {0: "No edge is in every valid circuit", 1: "One edge is in every valid circuit"}
    first = kept.get(always, f"{always} of {len(uses)} edges are in every valid circuit")
    if least == of:
        return f"{first}: none of these circuits can spare any."
    if least == 0:
        never = sum(1 for count, _ in uses if count == 0)
        return f"{first}; {f'{never} are' if never > 1 else f'{name} is'} in none."
    return f"{first}; the least used, {name}, is in {least:,} of {of:,}."


def distributions_of(analysis: AnalysisRow) -> Distributions:
    stored = analysis.distributions
    return Distributions.model_validate({name: stored[name] for name in Distributions.model_fields})


def edge_use_of(place: Place, analysis: AnalysisRow) -> list[EdgeUse]:
    sizes, offsets = place.question.layout.sizes, place.question.layout.offsets
    counts: list[int] = analysis.distributions["edge_use"]
    of: int = analysis.distributions["of"]  # an estimate knows the edges of its sample alone
    matrices = []
    for layer in range(1, len(sizes)):
        n_in, start = sizes[layer - 1], offsets[layer - 1]
        rows = [counts[start + out * n_in : start + (out + 1) * n_in] for out in range(sizes[layer])]
        matrices.append(
            EdgeUse(
                layer=layer,
                sources=[neuron_name(sizes, layer - 1, neuron) for neuron in range(n_in)],
                targets=[neuron_name(sizes, layer, neuron) for neuron in range(sizes[layer])],
                counts=rows,
                of=of,
            )
        )
    return matrices


# --- the studies that a network is an outcome of


class InStudy(PageModel):
    """One study with the network's place in it."""

    name: str
    url: str
    cell: str
    seed: int


def in_studies(session: Session, addresses: Addresses, network: NetworkRow) -> list[InStudy]:
    """Studies that trained a network, whoever else has it."""
    return [
        InStudy(
            name=study.name,
            url=addresses.study(study.slug),
            cell=cells_of(design_of(study))[outcome.position].name,
            seed=outcome.seed,
        )
        for study, outcome in studies_of_network(session, network.digest)
    ]


N_SAMPLES: Final = 5


class Samples(PageModel):
    """Some explanations of each kind."""

    circuits: list[CircuitCard] = Field(description="With fewest edges.")
    interpretations: list[InterpretationCard] = Field(description="The first of some of those circuits.")
    best_interpretation: InterpretationCard | None = Field(
        description="The one that predicts most interventions correctly, where the common ground says which."
    )
    alignments: list[AlignmentCard] = Field(description="Minimal ones first, of the simplest algorithms.")
    near_misses: list[AlignmentCard] = Field(
        description="Where no alignment is valid, those that pass most interchanges, best first."
    )


class Links(PageModel):
    """Where to go from here."""

    circuits: str
    algorithms: str
    nearest: str = Field(description="The algorithms, those first whose best alignment agrees on most interchanges.")
    directions: str
    rivals: str = Field(description="The circuits and interpretations that differ most.")
    lenses: str = Field(description="What methods about inputs, neurons and layers say.")
    file: str = Field(description="The network file, to be downloaded.")
    result: str
    compare: str
    analyse: str = Field(description="POST here to run the analysis.")
    train_again: str = Field(description="The same with its very seed, where its loss curve was not kept; else empty.")


class AnsweredView(PageModel):
    """What an analysis found, in short."""

    title: str
    url: str
    findings: list[str]
    drawn: Any = Field(exclude=True)


class NetworkPage(AnalysisPage):
    """One network under one protocol."""

    outputs: list[Tab]
    data: list[Tab] = Field(description="Data records with an analysis of this output; the default is always there.")
    behaviour: list[BehaviourRow]
    plane: PlaneView | None = Field(description=PLANE)
    n_right: int
    n_validation_right: int
    n_validation: int = Field(description="Rows of the data record that are validated on.")
    decision: str = Field(description="How an output becomes 0 or 1 here: rounding or threshold.")
    counts: Counts | None = Field(
        description="Of the chosen protocol, so far if the scope is partial; None if nothing of its analysis is stored."
    )
    placements_untried: bool = Field(
        description="Whether some candidate algorithm's placements were not searched, there being too many of them."
    )
    by_protocol: list[ProtocolCounts]
    protocol_differences: list[str] = Field(description="Why the built-in protocols find different numbers.")
    answers: list[AnsweredView] = Field(description="What analyses found that are told on this page.")
    recorded: list[RecordedCount] = Field(description="What was found of kinds stored as columns, such as probes.")
    distributions: Distributions | None
    edge_use: list[EdgeUse]
    samples: Samples | None
    provenance: Provenance | None
    current_engine: str = Field(description="Version of the engine that runs here now.")
    jobs: list[JobView] = Field(description="Analyses of this network that wait or run.")
    working: list[JobView] = Field(
        description="All work on this network that waits or runs, what follows its analyses included; oldest first. "
        "Their titles leave its name out."
    )
    training: dict[str, Any] = Field(description="Options and outcome, empty if it was not trained here.")
    learning: Learning | None = Field(description="How it learned, epoch by epoch; null where that is not known here.")
    learning_unknown: str = Field(description="Why that is not known; empty if it is.")
    backbone: str = Field(description="What the valid circuits have in common, in a sentence; empty if not known.")
    polysemanticity: str = Field(description="How many functions interpretations give a neuron; empty if not known.")
    also: list[str] = Field(description="Other names under which the same weights were saved or found by a study.")
    studies: list[InStudy] = Field(description="Studies that trained it, with its cell and seed; at most 20.")
    plan: PlanView | None = Field(
        description="How the analysis would find the circuits, where none is stored or on its way."
    )
    links: Links

    @property
    def depth(self) -> int:
        """Largest depth of a candidate algorithm in gates."""
        return min(len(self.network.sizes) - 1, int(self.scope.protocol.settings["max_depth"]))

    @property
    def criterion(self) -> str:
        """The rules behind the counts, in words."""
        return criterion_words(self.scope.protocol.settings, self.scope.data.n_validation_rows)

    @property
    def stops(self) -> str:
        stops = "" if self.counts is None else stops_of(self.counts)
        return ", ".join(part for part in (stops, "alignments at 0" if self.placements_untried else "") if part)

    def circuits_of_size(self, edges: int) -> str:
        """Address of the list of circuits with so many edges."""
        url = self.links.circuits
        return f"{url}{'&' if '?' in url else '?'}edges_min={edges}&edges_max={edges}"

    @property
    def circuit_nouns(self) -> dict[str, str]:
        """What the figures call the circuits that they are of."""
        if self.counts is None or not self.counts.drawn:
            return {}
        sampled = self.counts.circuits_kind == "sampled"
        return {"sized": "sampled valid circuit" if sampled else "valid circuit", "listed": "listed valid circuit"}

    @property
    def circuits_shown(self) -> str:
        """The circuits that sizes and edges are told of, with their noun."""
        of = self.edge_use[0].of if self.edge_use else 0
        sampled = self.counts is not None and self.counts.circuits_kind == "sampled"
        return noun(of, "valid circuit") + (" of the sample" if sampled else "")

    @property
    def fragile(self) -> bool:
        return any(row.fragile for row in self.behaviour)

    @property
    def cut_sizes(self) -> list[int]:
        """Layer sizes of the network cut to this output."""
        return [*self.network.sizes[:-1], 1]

    @property
    def n_edges(self) -> int:
        return sum(a * b for a, b in pairwise(self.cut_sizes))

    @property
    def edge_counts(self) -> list[list[list[int]]]:
        return [layer.counts for layer in self.edge_use]

    @property
    def edges_kept(self) -> list[int]:
        """The same counts one after the other, in mask order."""
        return [count for layer in self.edge_use for row in layer.counts for count in row]

    @property
    def edges_drawn(self) -> Markup:
        """The network with how many valid circuits keep each edge."""
        if self.distributions is None:
            raise ValueError("only an analysed network has valid circuits")
        weights, of = self.network.weights_for(self.scope.output), self.edge_use[0].of
        return backbone_diagram(
            weights, self.edges_kept, self.distributions.neuron_use, of, sentence=self.edge_sentence
        )

    @property
    def edge_sentence(self) -> str:
        """What the edge counts say, in words."""
        return edge_sentence(self.edge_use)

    @property
    def provenance_pairs(self) -> list[tuple[str, str]]:
        """Where the numbers come from, as the page lists it."""
        protocol = self.scope.protocol
        pairs = [("Network", self.network.digest), ("Protocol", f"{protocol.name} · {protocol.digest}")]
        pairs.append(("Data", f"{self.scope.data.description} · {self.scope.data.digest}"))
        if self.provenance is None:
            return pairs
        seconds = ", ".join(f"{stage} {duration(value)}" for stage, value in self.provenance.seconds.items())
        libraries = ", ".join(f"{name} {version}" for name, version in self.provenance.libraries.items())
        return [
            *pairs,
            ("Engine", f"{self.provenance.engine_version} ({libraries})"),
            ("Result", f"{self.provenance.result_digest} (SHA-256 of everything found, timings apart)"),
            ("Computed", when(self.provenance.created_at)),
            ("Took", seconds),
        ]

    @property
    def training_pairs(self) -> list[tuple[str, str]]:
        """Outcome and options of the training as the page lists them; the loss of every epoch is in the twin alone."""
        left_out = ("options", "losses", "outputs", "message")
        outcome = {key: value for key, value in self.training.items() if key not in left_out}
        told = [*outcome.items(), *dict(self.training.get("options") or {}).items()]
        return [(key.replace("_", " ").capitalize(), _told(value)) for key, value in told if value not in (None, "")]

    @property
    def data_options(self) -> list[dict[str, Any]]:
        """The data records as a switch shows them, [] if there is only one."""
        tabs = self.data if len(self.data) > 1 else []
        return [{"label": t.label, "url": t.url, "current": t.current, "title": t.state} for t in tabs]

    @property
    def protocol_options(self) -> list[dict[str, Any]]:
        """The protocols as a switch shows them."""
        return [
            {"label": p.name, "url": p.url, "current": p.current, "title": p.state.replace("_", " ")}
            for p in self.by_protocol
        ]


def build_network(session: Session, addresses: Addresses, network: str, options: ScopeOptions) -> NetworkPage:
    """The page of one network.

    Raises:
        NotFound: no such network, output, protocol or data record.
    """
    place = locate(session, addresses, network, options.scope)
    stored = stored_about(session, place, addresses)
    by_protocol = protocol_counts(place, stored)
    job = latest_job(stored.jobs, place.scope, place.question.model.n_inputs)
    behaviour = behaviour_of(place, forward(place.question.cut, place.question.data.representatives)[:, 0])
    right, of = validation_right(place)
    learning = learning_of_network(place.row, addresses)
    slug, scope, analysis, shown = place.row.slug, place.scope, place.analysis, place.shown
    told = [of_network(session, place, addresses, each, only_found=True) for each in (COMMON_GROUND, FUNNEL)]
    return NetworkPage(
        network=network_view(place.row, addresses),
        scope=scope_view(place, job, addresses),
        outputs=output_tabs(place, stored),
        data=data_tabs(place, stored),
        behaviour=behaviour,
        plane=input_plane(place),
        n_right=sum(row.right for row in behaviour),
        n_validation_right=right,
        n_validation=of,
        decision=place.question.protocol.circuit_decision,
        counts=None if shown is None else counts_of(shown),
        placements_untried=shown is not None and placements_untried(session, shown),
        by_protocol=by_protocol,
        protocol_differences=protocol_differences(by_protocol),
        answers=[
            AnsweredView(title=one.analysis.title, url=one.url, findings=one.findings, drawn=thumb_of(one))
            for one in told
            if one.stored is not None
        ],
        distributions=None if shown is None else distributions_of(shown),
        edge_use=[] if shown is None else edge_use_of(place, shown),
        recorded=recorded_counts(session, addresses, place),
        samples=None if shown is None else _samples(session, place, shown, addresses, told[0].report),
        provenance=None if analysis is None else provenance_of(analysis),
        current_engine=ENGINE_VERSION,
        jobs=[job_view(job, addresses) for job in stored.jobs if job.state in UNFINISHED],
        working=_working(stored),
        training=place.row.training,
        learning=learning,
        learning_unknown="" if learning is not None else why_unknown(place.row),
        backbone="" if analysis is None else backbone_sentence(analysis),
        polysemanticity=polysemanticity_sentence(session, place),
        also=known_as(session, place.row, place.row.name),
        studies=in_studies(session, addresses, place.row),
        plan=None
        if analysis is not None or state_of(None, job) == "computing"
        else plan_view(place.question, limits_in(session)),
        links=Links(
            circuits=addresses.circuits(slug, scope),
            algorithms=addresses.algorithms(slug, scope),
            nearest=addresses.algorithms(slug, scope, sort="iia", order="desc"),
            directions=addresses.directions(slug, scope),
            rivals=addresses.analysis(slug, "rivals", scope),
            lenses=addresses.analysis(slug, "lenses", scope),
            file=addresses.network_file(slug),
            result=addresses.result(slug, scope),
            compare=addresses.compare(slug, (), scope),
            analyse=addresses.analyses(slug),
            train_again=same_again(place.row, addresses),
        ),
        url=addresses.network(slug, scope),
    )


def _working(stored: Stored) -> list[JobView]:
    jobs = []
    for job in reversed(stored.unfinished):
        words = job.title.removeprefix(stored.row.name).removeprefix(", ").removeprefix(": ")
        title = f"analysis: {words}" if job.kind == "analyse" else words
        jobs.append(job_view(job, stored.addresses).model_copy(update={"title": title}))
    return jobs


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_told, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def criterion_words(settings: Mapping[str, Any], n_rows: int) -> str:
    """A protocol's rules in one line."""
    ablation = "any of zero, mean and resample" if "circuit_family" in settings else settings["ablation"]
    noisy = " noisy" if "noise_std" in settings else ""
    pairs = {"ordered": "every ordered pair of inputs", "one_direction": "one direction of each pair of inputs"}
    family = {"all": "", "without_full_node_mask": ", circuits with every neuron left out"}
    return (
        f"{ablation} ablation, decided by {settings['circuit_decision']} on {n_rows:,}{noisy} rows"
        f"{family[settings['circuit_space']]}; interchange over {pairs[settings['interchange_pairs']]}"
    )


def _samples(
    session: Session, place: Place, analysis: AnalysisRow, addresses: Addresses, ground: CommonGroundReport | None
) -> Samples:
    rows = smallest_circuits(session, analysis, N_SAMPLES)
    aligned = reads.best_alignments(session, analysis.id, N_SAMPLES)
    missed = [] if aligned else reads.nearest_misses(session, analysis.id, N_SAMPLES)
    counted = analysis.interpretations_truncated_at != 0
    return Samples(
        circuits=[circuit_card(row, place.row.slug, place.scope, addresses, counted=counted) for row in rows],
        interpretations=first_interpretations(place, rows, addresses),
        best_interpretation=_best_interpretation(place, addresses, ground),
        alignments=[alignment_card(alignment, algorithm, place, addresses) for alignment, algorithm in aligned],
        near_misses=[alignment_card(alignment, algorithm, place, addresses) for alignment, algorithm in missed],
    )


def _best_interpretation(
    place: Place, addresses: Addresses, ground: CommonGroundReport | None
) -> InterpretationCard | None:
    best = None if ground is None else ground.best
    if best is None or best.index is None:
        return None
    circuit = circuit_from_hex(best.mask, place.question.cut.sizes)
    with suppress(BeyondLimits):
        return interpretation_card(space_of(place.question, circuit, MOST_COUNTED), int(best.index), place, addresses)
    return None
