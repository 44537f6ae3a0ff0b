"""What is stored about one network: what it does, and how many explanations it has under which rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.circuit_sets.backbone import backbone_words
from analysis.circuits.result import FRAGILE_MARGIN
from analysis.networks.mlp import forward
from analysis.protocol import BUILT_IN
from analysis.studies.cells import cells_of
from analysis.tasks import input_table
from analysis.validity import decide, margin_to_edge
from app.addressing import Addresses
from app.db.codecs import tasks_of
from app.db.job_tables import JobRow
from app.db.reads import networks as reads
from app.db.reads.algorithms import placements_untried
from app.db.reads.analyses import scope_of
from app.db.reads.circuits import stored_backbone
from app.db.reads.jobs import UNFINISHED, jobs_of_network
from app.db.reads.studies import studies_of_network
from app.db.studies import design_of
from app.db.tables import AnalysisRow
from app.limits import limits_in
from app.options import PageModel, ScopeOptions
from app.pages.place import Place, locate
from app.pages.plan import PlanView, plan_view
from app.pages.shared import (
    AnalysisPage,
    Counts,
    JobView,
    State,
    counts_of,
    job_view,
    latest_job,
    network_view,
    scope_view,
    state_of,
    stops_of,
)
from app.pages.training.course import Learning, learning_of_network, same_again
from pluriscope.naming import Scope
from pluriscope.records import RowRecord


class Tab(PageModel):
    """Another output of the same network, or other rows."""

    label: str
    url: str
    current: bool


class ProtocolCounts(PageModel):
    """What one protocol found for this output and data record."""

    name: str
    url: str
    state: State
    counts: Counts | None
    seconds: float | None


class InStudy(PageModel):
    """One study with the network's place in it."""

    name: str
    url: str
    cell: str
    seed: int


class Provenance(PageModel):
    """Where the numbers come from."""

    engine_version: str
    result_digest: str = Field(description="SHA-256 of everything found, timings apart.")
    created_at: str
    seconds: dict[str, float] = Field(description="Wall-clock seconds by stage.")
    libraries: dict[str, Any]


class NetworkPage(AnalysisPage):
    """One network under one protocol."""

    outputs: list[Tab]
    data: list[Tab] = Field(description="Data records with an analysis of this output; the default is always there.")
    behaviour: list[RowRecord]
    n_right: int
    n_validation_right: int
    n_validation: int = Field(description="Rows of the data record that are validated on.")
    decision: str = Field(description="How an output becomes 0 or 1 here: rounding or threshold.")
    counts: Counts | None = Field(description="Of the chosen protocol; None if nothing of its analysis is stored.")
    stops: str = Field(description="Which searches stopped at a limit, in words; empty if none did.")
    by_protocol: list[ProtocolCounts]
    provenance: Provenance | None
    working: list[JobView] = Field(
        description="All work on this network that waits or runs, what follows its analyses included; oldest first. "
        "Their titles leave its name out."
    )
    training: dict[str, Any] = Field(description="Options and outcome, empty if it was not trained here.")
    learning: Learning | None = Field(description="How it learned, epoch by epoch; null where that is not known here.")
    again_url: str = Field(description="The form that trains it again with its very seed; empty if that is not known.")
    backbone: str = Field(description="What the valid circuits have in common, in a sentence; empty if not known.")
    also: list[str] = Field(description="Other names under which the same weights were saved or found by a study.")
    studies: list[InStudy] = Field(description="Studies that trained it, with its cell and seed; at most 20.")
    plan: PlanView | None = Field(
        description="How the analysis would find the circuits, where none is stored or on its way."
    )


def build_network(session: Session, links: Addresses, network: str, options: ScopeOptions) -> NetworkPage:
    """What is stored about a network that an address names.

    Raises:
        NotFound: no such network, output, protocol or data record.
    """
    return network_page(session, links, locate(session, links, network, options.scope))


def network_page(session: Session, links: Addresses, place: Place) -> NetworkPage:
    """What is stored about one output of a perceptron under one protocol, and about the perceptron itself."""
    row, question, scope, analysis = place.row, place.question, place.scope, place.analysis
    n_inputs, decision = question.model.n_inputs, question.protocol.circuit_decision
    analyses = {scope_of(one, n_inputs): one for one in reads.analyses_of(session, [row.id])}
    jobs = jobs_of_network(session, row.digest)
    analysing = [one for one in jobs if one.kind == "analyse"]
    job = latest_job(analysing, scope, n_inputs)
    behaviour = behaviour_of(place, forward(question.cut, question.data.representatives)[:, 0])
    rows, labels = question.judged
    learning = learning_of_network(row, links)
    backbone = None if analysis is None else stored_backbone(analysis)
    stops = [] if analysis is None else [stops_of(counts_of(analysis))]
    if analysis is not None and placements_untried(session, analysis):
        stops.append("alignments at 0")
    return NetworkPage(
        network=network_view(row, links),
        scope=scope_view(place, job, links),
        outputs=[
            Tab(
                label=task.name or "".join(map(str, task.truth_table)),
                url=links.network(row.slug, replace(scope, output=output)),
                current=output == scope.output,
            )
            for output, task in enumerate(tasks_of(row))
        ],
        data=list(_data_tabs(session, links, place, analyses)),
        behaviour=behaviour,
        n_right=sum(one.right for one in behaviour),
        n_validation_right=int((decide(forward(question.cut, rows)[:, 0], decision) == labels).sum()),
        n_validation=len(labels),
        decision=decision,
        counts=None if analysis is None else counts_of(analysis),
        stops=", ".join(filter(None, stops)),
        by_protocol=list(_by_protocol(links, place, analyses, analysing)),
        provenance=None
        if analysis is None
        else Provenance.showing(
            analysis,
            created_at=analysis.created_at.isoformat(timespec="seconds"),
            libraries=analysis.provenance,
        ),
        working=[_working(one, row.name, links) for one in reversed(jobs) if one.state in UNFINISHED],
        training=row.training,
        learning=learning,
        again_url=same_again(row, links) if learning is None else learning.again_url,
        backbone="" if backbone is None else backbone_words(backbone),
        also=reads.known_as(session, row, row.name),
        studies=[
            InStudy(
                name=study.name,
                url=links.study(study.slug),
                cell=cells_of(design_of(study))[outcome.position].name,
                seed=outcome.seed,
            )
            for study, outcome in studies_of_network(session, row.digest)
        ],
        plan=None
        if analysis is not None or state_of(None, job) == "computing"
        else plan_view(question, limits_in(session)),
        url=links.network(row.slug, scope),
    )


def behaviour_of(place: Place, outputs: NDArray[np.float64]) -> list[RowRecord]:
    """What a network, or a circuit of it, does on each Boolean input.

    Args:
        place: the network, its task and its rules.
        outputs: ``[2^n]`` raw outputs on the data record's representatives.
    """
    rule = place.question.protocol.circuit_decision
    decisions, margins = decide(outputs, rule), margin_to_edge(outputs, rule)
    bits = input_table(place.question.model.n_inputs).astype(int).tolist()
    return [
        RowRecord(
            bits=bits[row],
            row=place.question.data.representatives[row].tolist(),
            output=float(outputs[row]),
            decision=None if decisions[row] < 0 else int(decisions[row]),
            target=target,
            right=int(decisions[row]) == target,
            margin=float(margins[row]),
            fragile=float(margins[row]) < FRAGILE_MARGIN,
        )
        for row, target in enumerate(place.question.task.truth_table)
    ]


def _data_tabs(
    session: Session, links: Addresses, place: Place, analyses: Mapping[Scope, AnalysisRow]
) -> Iterator[Tab]:
    """The default record, those with an analysis of this output, and the chosen one."""
    labels = {"": "every clean input, once"}
    digests = {scope.data: one.data_digest for scope, one in analyses.items() if scope.output == place.scope.output}
    told = reads.data_descriptions(session, digests.values()) if digests.keys() - {""} else {}
    for data in [*digests, place.scope.data]:
        own = place.question.record.description if data == place.scope.data else told.get(digests[data], "")
        labels.setdefault(data, own or f"data record {data}")
    for data, label in labels.items():
        url = links.network(place.slug, replace(place.scope, data=data))
        yield Tab(label=label, url=url, current=data == place.scope.data)


def _by_protocol(
    links: Addresses, place: Place, analyses: Mapping[Scope, AnalysisRow], jobs: Sequence[JobRow]
) -> Iterator[ProtocolCounts]:
    """The built-in protocols, those with an analysis of this output, and the chosen one."""
    names = {key: key for key in BUILT_IN}
    for scope, row in analyses.items():
        if scope.output == place.scope.output:
            names.setdefault(scope.protocol, row.protocol.name)
    names.setdefault(place.scope.protocol, place.rules)
    for key, name in names.items():
        scope = replace(place.scope, protocol=key)
        analysis = analyses.get(scope)
        yield ProtocolCounts(
            name=name,
            url=links.network(place.slug, scope),
            state=state_of(analysis, latest_job(jobs, scope, place.question.model.n_inputs)),
            counts=None if analysis is None else counts_of(analysis),
            seconds=None if analysis is None else sum(analysis.seconds.values()),
        )


def _working(job: JobRow, name: str, links: Addresses) -> JobView:
    words = job.title.removeprefix(name).removeprefix(", ").removeprefix(": ")
    title = f"analysis: {words}" if job.kind == "analyse" else words
    return job_view(job, links).model_copy(update={"title": title})


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
