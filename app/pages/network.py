"""One network: what it computes, how many explanations it has under which rules, and some of each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.networks.mlp import forward
from analysis.protocol import BUILT_IN
from analysis.result import FRAGILE_MARGIN
from analysis.tasks import input_table
from analysis.validity import DecisionRule, decide, margin_to_edge
from app.addressing import Addresses, Scope
from app.db.codecs import tasks_of
from app.db.reads import circuits as circuit_reads
from app.db.reads import networks as reads
from app.db.reads.algorithms import placements_untried
from app.db.reads.analyses import scope_of
from app.db.reads.jobs import UNFINISHED
from app.db.tables import AnalysisRow, JobRow, NetworkRow
from app.figures.numbers import duration, noun, when
from app.pages.plan import PlanView, plan_view
from app.pages.samples import (
    AlignmentCard,
    CircuitCard,
    InterpretationCard,
    alignment_card,
    circuit_card,
    first_interpretations,
)
from app.pages.shared import (
    Counts,
    JobView,
    NetworkView,
    PageModel,
    Place,
    ScopeOptions,
    ScopeView,
    State,
    counts_of,
    job_view,
    latest_job,
    locate,
    network_view,
    neuron_name,
    scope_view,
    state_of,
    stops_of,
)

N_SAMPLES: Final = 5


class NetworkOptions(ScopeOptions):
    """Options of a network's page."""


class BehaviourRow(PageModel):
    """What the network, or a circuit of it, does on one Boolean input."""

    bits: list[int] = Field(description="The Boolean input, first one most significant.")
    row: list[float] = Field(description="The numbers that stand for it in the data record.")
    output: float = Field(description="Raw output.")
    decision: int | None = Field(description="0, 1, or None for neither.")
    target: int
    right: bool
    margin: float = Field(description="Distance to the nearest edge of the decision.")
    fragile: bool = Field(description="Whether the margin is below 1e-6.")


class Tab(PageModel):
    """Another view of the same network."""

    key: str
    label: str
    url: str
    current: bool
    state: State


class Histogram(PageModel):
    """Counts between bin edges; the last bin is closed."""

    edges: list[float]
    counts: list[int]


class Distributions(PageModel):
    """How the found explanations are spread, as stored with the analysis; pairs are [value, how many]."""

    edges: list[list[int]] = Field(description="Pairs: edges of a valid circuit.")
    neurons: list[list[int]] = Field(description="Pairs: active hidden neurons of a valid circuit.")
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


class ProtocolCounts(PageModel):
    """What one protocol found for this output and data record."""

    protocol: str = Field(description="How addresses name it.")
    name: str
    url: str
    current: bool
    state: State
    counts: Counts | None
    seconds: float | None
    job: JobView | None = Field(None, description="The latest job for it, where nothing finished is stored.")

    @property
    def stops(self) -> str:
        """What stopped at a limit, in words."""
        return "" if self.counts is None else stops_of(self.counts)


class Provenance(PageModel):
    """Where the numbers come from."""

    engine_version: str
    result_digest: str = Field(description="SHA-256 of everything found, timings apart.")
    created_at: str
    seconds: dict[str, float] = Field(description="Wall-clock seconds by stage.")
    libraries: dict[str, Any]


class Samples(PageModel):
    """Some explanations of each kind."""

    circuits: list[CircuitCard] = Field(description="With fewest edges.")
    interpretations: list[InterpretationCard] = Field(description="The first of some of those circuits.")
    alignments: list[AlignmentCard] = Field(description="Minimal ones first, of the simplest algorithms.")


class Links(PageModel):
    """Where to go from here."""

    circuits: str
    algorithms: str
    result: str
    compare: str
    analyse: str = Field(description="POST here to run the analysis.")
    plan: str = Field(description="What the analysis takes, as JSON.")


class NetworkPage(PageModel):
    """One network under one protocol."""

    network: NetworkView
    scope: ScopeView
    outputs: list[Tab]
    data: list[Tab] = Field(description="Data records with an analysis of this output; the default is always there.")
    behaviour: list[BehaviourRow]
    n_right: int
    n_validation_right: int
    n_validation: int = Field(description="Rows of the data record that are validated on.")
    decision: str = Field(description="How an output becomes 0 or 1 here: rounding or threshold.")
    counts: Counts | None = Field(description="Of the chosen protocol; None unless its analysis is stored.")
    placements_untried: bool = Field(
        description="Whether some candidate algorithm's placements were not searched, there being too many of them."
    )
    by_protocol: list[ProtocolCounts]
    distributions: Distributions | None
    edge_use: list[EdgeUse]
    samples: Samples | None
    provenance: Provenance | None
    current_engine: str = Field(description="Version of the engine that runs here now.")
    jobs: list[JobView] = Field(description="Analyses of this network that wait or run.")
    training: dict[str, Any] = Field(description="Options and outcome, empty if it was not trained here.")
    plan: PlanView | None = Field(description="What the analysis would take, where none is stored or on its way.")
    links: Links
    url: str

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

    @property
    def circuit_nouns(self) -> dict[str, str]:
        """What the figures call the circuits that they are of."""
        if self.counts is None or not self.counts.drawn:
            return {}
        sampled = self.counts.circuits_kind == "sampled"
        return {"sized": "sampled valid circuit" if sampled else "valid circuit", "listed": "drawn valid circuit"}

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
        outcome = {key: value for key, value in self.training.items() if key not in ("options", "losses", "message")}
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


def build_network(session: Session, addresses: Addresses, network: str, options: NetworkOptions) -> NetworkPage:
    """The page of one network.

    Raises:
        NotFound: no such network, output, protocol or data record.
    """
    place = locate(session, addresses, network, options.scope)
    stored = _stored(session, place, addresses)
    job = latest_job(stored.jobs, place.scope, place.network.n_inputs)
    behaviour = behaviour_of(place, forward(place.cut, place.data.representatives)[:, 0])
    right, of = validation_right(place)
    slug, scope, analysis = place.row.slug, place.scope, place.analysis
    return NetworkPage(
        network=network_view(place.row, addresses, place.network),
        scope=scope_view(place, job, addresses),
        outputs=_output_tabs(place, stored),
        data=_data_tabs(place, stored),
        behaviour=behaviour,
        n_right=sum(row.right for row in behaviour),
        n_validation_right=right,
        n_validation=of,
        decision=place.protocol.circuit_decision,
        counts=None if analysis is None else counts_of(analysis),
        placements_untried=analysis is not None and placements_untried(session, analysis),
        by_protocol=_by_protocol(place, stored),
        distributions=None if analysis is None else _distributions(analysis),
        edge_use=[] if analysis is None else _edge_use(place, analysis),
        samples=None if analysis is None else _samples(session, place, analysis, addresses),
        provenance=None if analysis is None else provenance_of(analysis),
        current_engine=ENGINE_VERSION,
        jobs=[job_view(job, addresses) for job in stored.jobs if job.state in UNFINISHED],
        training=place.row.training,
        plan=plan_view(place) if analysis is None and state_of(None, job) != "computing" else None,
        links=Links(
            circuits=addresses.circuits(slug, scope),
            algorithms=addresses.algorithms(slug, scope),
            result=addresses.result(slug, scope),
            compare=addresses.compare(slug, (), scope),
            analyse=addresses.analyses(slug),
            plan=addresses.plan(slug, scope),
        ),
        url=addresses.network(slug, scope),
    )


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_told, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def behaviour_of(place: Place, outputs: NDArray[np.float64]) -> list[BehaviourRow]:
    """One row for each Boolean input.

    Args:
        place: the network, its task and its rules.
        outputs: ``[2^n]`` raw outputs on the data record's representatives.
    """
    rule: DecisionRule = place.protocol.circuit_decision
    decisions, margins = decide(outputs, rule), margin_to_edge(outputs, rule)
    bits = input_table(place.network.n_inputs).astype(int).tolist()
    return [
        BehaviourRow(
            bits=bits[row],
            row=place.data.representatives[row].tolist(),
            output=float(outputs[row]),
            decision=None if decisions[row] < 0 else int(decisions[row]),
            target=target,
            right=int(decisions[row]) == target,
            margin=float(margins[row]),
            fragile=float(margins[row]) < FRAGILE_MARGIN,
        )
        for row, target in enumerate(place.task.truth_table)
    ]


def validation_right(place: Place) -> tuple[int, int]:
    """On how many of the data record's validation rows the whole network decides right, and how many there are."""
    rows, labels = place.validation
    decisions = decide(forward(place.cut, rows)[:, 0], place.protocol.circuit_decision)
    return int((decisions == labels).sum()), len(labels)


def criterion_words(settings: Mapping[str, Any], n_rows: int) -> str:
    """A protocol's rules in one line."""
    ablation = {"zero": "zero", "mean": "mean"}[settings["ablation"]]
    pairs = {"ordered": "every ordered pair of inputs", "one_direction": "one direction of each pair of inputs"}
    family = {"all": "", "without_full_node_mask": ", circuits with every neuron left out"}
    return (
        f"{ablation} ablation, decided by {settings['circuit_decision']} on {n_rows:,} rows"
        f"{family[settings['circuit_space']]}; interchange over {pairs[settings['interchange_pairs']]}"
    )


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


def provenance_of(analysis: AnalysisRow) -> Provenance:
    return Provenance(
        engine_version=analysis.engine_version,
        result_digest=analysis.result_digest,
        created_at=analysis.created_at.isoformat(timespec="seconds"),
        seconds=analysis.seconds,
        libraries=analysis.provenance,
    )


@dataclass(frozen=True)
class Stored:
    """What is stored about a network: its analyses by scope, and the jobs that make more of them, newest first."""

    row: NetworkRow
    analyses: Mapping[Scope, AnalysisRow]
    jobs: Sequence[JobRow]
    data: Mapping[str, str]  # description of each data record that is not the default, by digest
    addresses: Addresses

    def state(self, scope: Scope) -> State:
        return state_of(self.analyses.get(scope), latest_job(self.jobs, scope, self.row.sizes[0]))

    def tab(self, label: str, key: str, scope: Scope, *, current: bool) -> Tab:
        return Tab(
            key=key,
            label=label,
            url=self.addresses.network(self.row.slug, scope),
            current=current,
            state=self.state(scope),
        )


def _stored(session: Session, place: Place, addresses: Addresses) -> Stored:
    n_inputs = place.network.n_inputs
    rows = {scope_of(row, n_inputs): row for row in reads.analyses_of(session, [place.row.id])}
    jobs = reads.jobs_for(session, [place.row.digest])
    records = {row.data_digest for scope, row in rows.items() if scope.data}
    return Stored(place.row, rows, jobs, reads.data_descriptions(session, records) if records else {}, addresses)


def _output_tabs(place: Place, stored: Stored) -> list[Tab]:
    tabs = []
    for output, task in enumerate(tasks_of(place.row)):
        scope = replace(place.scope, output=output)
        label = task.name or "".join(map(str, task.truth_table))
        tabs.append(stored.tab(label, str(output), scope, current=output == place.scope.output))
    return tabs


def _data_tabs(place: Place, stored: Stored) -> list[Tab]:
    """The default record, those with an analysis of this output, and the chosen one."""
    digests = {"": "every clean input, once"}
    for scope, row in stored.analyses.items():
        if scope.output == place.scope.output:
            digests.setdefault(scope.data, stored.data.get(row.data_digest) or f"data record {scope.data}")
    digests.setdefault(place.scope.data, place.data.description or f"data record {place.scope.data}")
    return [
        stored.tab(label, data, replace(place.scope, data=data), current=data == place.scope.data)
        for data, label in digests.items()
    ]


def _by_protocol(place: Place, stored: Stored) -> list[ProtocolCounts]:
    """The built-in protocols, those with an analysis of this output, and the chosen one."""
    names = {key: key for key in BUILT_IN}
    for scope, row in stored.analyses.items():
        if scope.output == place.scope.output:
            names.setdefault(scope.protocol, row.protocol.name)
    names.setdefault(place.scope.protocol, place.protocol.name)
    found = []
    for key, name in names.items():
        scope = replace(place.scope, protocol=key)
        analysis = stored.analyses.get(scope)
        job = None if analysis is not None else latest_job(stored.jobs, scope, place.network.n_inputs)
        found.append(
            ProtocolCounts(
                protocol=key,
                name=name,
                url=stored.addresses.network(place.row.slug, scope),
                current=key == place.scope.protocol,
                state=stored.state(scope),
                counts=None if analysis is None else counts_of(analysis),
                seconds=None if analysis is None else sum(analysis.seconds.values()),
                job=None if job is None else job_view(job, stored.addresses),
            )
        )
    return found


def _distributions(analysis: AnalysisRow) -> Distributions:
    stored = analysis.distributions
    return Distributions.model_validate({name: stored[name] for name in Distributions.model_fields})


def _edge_use(place: Place, analysis: AnalysisRow) -> list[EdgeUse]:
    sizes, offsets = place.layout.sizes, place.layout.offsets
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


def _samples(session: Session, place: Place, analysis: AnalysisRow, addresses: Addresses) -> Samples:
    rows = circuit_reads.smallest_circuits(session, analysis, place.layout, N_SAMPLES)
    aligned = reads.best_alignments(session, analysis.id, N_SAMPLES)
    return Samples(
        circuits=[circuit_card(row, place.row.slug, place.scope, addresses) for row in rows],
        interpretations=first_interpretations(place, rows, addresses),
        alignments=[alignment_card(alignment, algorithm, place, addresses) for alignment, algorithm in aligned],
    )
