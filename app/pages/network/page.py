"""The page of one network: what it computes, how many explanations it has under which rules, and some of each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.circuit_sets.backbone import backbone_words
from analysis.networks.mlp import forward
from analysis.studies.cells import cells_of
from app.addressing import Addresses
from app.db.reads.algorithms import placements_untried
from app.db.reads.circuit_sets import stored_backbone
from app.db.reads.networks import known_as
from app.db.reads.studies import studies_of_network
from app.db.studies import design_of
from app.db.tables import AnalysisRow, NetworkRow
from app.figures.numbers import duration, when
from app.figures.svg import backbone_diagram
from app.limits import limits_in
from app.options import PageModel, ScopeOptions
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
from app.pages.training.course import Learning, learning_of_network, same_again

# --- how the found explanations are spread, and which edges valid circuits use: as stored with the analysis


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


class NetworkPage(AnalysisPage):
    """One network under one protocol."""

    outputs: list[Tab]
    data: list[Tab] = Field(description="Data records with an analysis of this output; the default is always there.")
    behaviour: list[BehaviourRow]
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
    edge_use: list[EdgeUse]
    neuron_use: list[list[int]] = Field(description="For each hidden layer and neuron, circuits in which it is active.")
    provenance: Provenance | None
    working: list[JobView] = Field(
        description="All work on this network that waits or runs, what follows its analyses included; oldest first. "
        "Their titles leave its name out."
    )
    training: dict[str, Any] = Field(description="Options and outcome, empty if it was not trained here.")
    learning: Learning | None = Field(description="How it learned, epoch by epoch; null where that is not known here.")
    again_url: str = Field(
        description="The form that trains it again with its very seed, where its loss curve was not kept; else empty."
    )
    backbone: str = Field(description="What the valid circuits have in common, in a sentence; empty if not known.")
    polysemanticity: str = Field(description="How many functions interpretations give a neuron; empty if not known.")
    also: list[str] = Field(description="Other names under which the same weights were saved or found by a study.")
    studies: list[InStudy] = Field(description="Studies that trained it, with its cell and seed; at most 20.")
    plan: PlanView | None = Field(
        description="How the analysis would find the circuits, where none is stored or on its way."
    )

    @property
    def stops(self) -> str:
        """Which searches stopped at a limit, in words."""
        stops = "" if self.counts is None else stops_of(self.counts)
        return ", ".join(part for part in (stops, "alignments at 0" if self.placements_untried else "") if part)

    @property
    def edges_drawn(self) -> Markup:
        """The network with how many valid circuits keep each edge."""
        kept = [count for layer in self.edge_use for row in layer.counts for count in row]
        weights, of = self.network.weights_for(self.scope.output), self.edge_use[0].of
        return backbone_diagram(weights, kept, self.neuron_use, of, sentence=edge_sentence(self.edge_use))

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


def build_network(session: Session, addresses: Addresses, network: str, options: ScopeOptions) -> NetworkPage:
    """The page of one network.

    Raises:
        NotFound: no such network, output, protocol or data record.
    """
    return network_page(session, addresses, locate(session, addresses, network, options.scope))


def network_page(session: Session, addresses: Addresses, place: Place) -> NetworkPage:
    """What is stored about one output of a perceptron under one protocol, and about the perceptron itself."""
    stored = stored_about(session, place, addresses)
    by_protocol = protocol_counts(place, stored)
    job = latest_job(stored.jobs, place.scope, place.question.model.n_inputs)
    behaviour = behaviour_of(place, forward(place.question.cut, place.question.data.representatives)[:, 0])
    right, of = validation_right(place)
    learning = learning_of_network(place.row, addresses)
    slug, scope, analysis, shown = place.row.slug, place.scope, place.analysis, place.shown
    return NetworkPage(
        network=network_view(place.row, addresses),
        scope=scope_view(place, job, addresses),
        outputs=output_tabs(place, stored),
        data=data_tabs(place, stored),
        behaviour=behaviour,
        n_right=sum(row.right for row in behaviour),
        n_validation_right=right,
        n_validation=of,
        decision=place.question.protocol.circuit_decision,
        counts=None if shown is None else counts_of(shown),
        placements_untried=shown is not None and placements_untried(session, shown),
        by_protocol=by_protocol,
        protocol_differences=protocol_differences(by_protocol),
        edge_use=[] if shown is None else edge_use_of(place, shown),
        neuron_use=[] if shown is None else shown.distributions["neuron_use"],
        provenance=None if analysis is None else provenance_of(analysis),
        working=_working(stored),
        training=place.row.training,
        learning=learning,
        again_url=same_again(place.row, addresses),
        backbone="" if analysis is None else _backbone(analysis),
        polysemanticity=polysemanticity_sentence(session, place),
        also=known_as(session, place.row, place.row.name),
        studies=in_studies(session, addresses, place.row),
        plan=None
        if analysis is not None or state_of(None, job) == "computing"
        else plan_view(place.question, limits_in(session)),
        url=addresses.network(slug, scope),
    )


def _backbone(row: AnalysisRow) -> str:
    """What all valid circuits have in common, in a sentence; empty where none is known."""
    backbone = stored_backbone(row)
    return "" if backbone is None else backbone_words(backbone)


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
