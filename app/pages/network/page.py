"""The page of one network: what it computes, how many explanations it has under which rules, and some of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from app.limits import limits_in
from app.options import PageModel, ScopeOptions
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
    scope_view,
    state_of,
    stops_of,
)
from app.pages.training.course import Learning, learning_of_network, same_again

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
        provenance=None if analysis is None else provenance_of(analysis),
        working=_working(stored),
        training=place.row.training,
        learning=learning,
        again_url=same_again(place.row, addresses),
        backbone="" if analysis is None else _backbone(analysis),
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
