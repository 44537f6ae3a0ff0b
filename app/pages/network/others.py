"""The other analyses of the same network: its outputs, data records and protocols, and how far each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.protocol import BUILT_IN, COMPLETE, PAPER
from app.addressing import Addresses
from app.db.codecs import tasks_of
from app.db.job_tables import JobRow
from app.db.reads import networks as reads
from app.db.reads.analyses import scope_of
from app.db.reads.jobs import UNFINISHED, jobs_of_network
from app.db.tables import AnalysisRow, NetworkRow
from app.figures.numbers import exact
from app.options import PageModel
from app.pages.place import Place
from app.pages.shared import BoundedCount, Counts, JobView, State, counts_of, job_view, latest_job, state_of, stops_of
from pluriscope.naming import Scope


class Tab(PageModel):
    """Another view of the same network."""

    key: str
    label: str
    url: str
    current: bool
    state: State


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


@dataclass(frozen=True)
class Stored:
    """What is stored about a network: its analyses by scope, and the jobs on it, newest first."""

    row: NetworkRow
    analyses: Mapping[Scope, AnalysisRow]
    jobs: Sequence[JobRow]  # that analyse it
    unfinished: Sequence[JobRow]  # of any kind
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


def stored_about(session: Session, place: Place, addresses: Addresses) -> Stored:
    n_inputs = place.question.model.n_inputs
    rows = {scope_of(row, n_inputs): row for row in reads.analyses_of(session, [place.row.id])}
    jobs = jobs_of_network(session, place.row.digest)
    analysing = [job for job in jobs if job.kind == "analyse"]
    unfinished = [job for job in jobs if job.state in UNFINISHED]
    records = {row.data_digest for scope, row in rows.items() if scope.data}
    data = reads.data_descriptions(session, records) if records else {}
    return Stored(place.row, rows, analysing, unfinished, data, addresses)


def output_tabs(place: Place, stored: Stored) -> list[Tab]:
    tabs = []
    for output, task in enumerate(tasks_of(place.row)):
        scope = replace(place.scope, output=output)
        label = task.name or "".join(map(str, task.truth_table))
        tabs.append(stored.tab(label, str(output), scope, current=output == place.scope.output))
    return tabs


def data_tabs(place: Place, stored: Stored) -> list[Tab]:
    """The default record, those with an analysis of this output, and the chosen one."""
    digests = {"": "every clean input, once"}
    for scope, row in stored.analyses.items():
        if scope.output == place.scope.output:
            digests.setdefault(scope.data, stored.data.get(row.data_digest) or f"data record {scope.data}")
    digests.setdefault(place.scope.data, place.question.record.description or f"data record {place.scope.data}")
    return [
        stored.tab(label, data, replace(place.scope, data=data), current=data == place.scope.data)
        for data, label in digests.items()
    ]


def protocol_differences(counts: Sequence[ProtocolCounts]) -> list[str]:
    """Why the built-in protocols find different numbers, one reason after the other; none unless both have finished."""
    found = {one.protocol: one.counts for one in counts if one.counts is not None}
    if not found.keys() >= BUILT_IN.keys():
        return []
    every, paper = found[COMPLETE.name], found[PAPER.name]

    def numbers(name: BoundedCount) -> str:
        return f"{every.told(name)} under complete, {paper.told(name)} under paper"

    return [
        "Circuits. The authors' program leaves out circuits in which every hidden neuron is active, and in wide layers "
        f"those with too many active neurons. {exact(every.circuits_possible)} possible circuits become "
        f"{exact(paper.circuits_possible)}. Valid circuits: {numbers('circuits_valid')}.",
        "Interpretations. The circuits that are left out have the most neurons that can be read as gates: "
        f"{numbers('interpretations_total')}.",
        "Algorithms. complete takes every formula of AND and NOT to a certain depth, paper the authors' list of AND, "
        "OR and NOT formulas. That list can lack a formula, and can hold one twice, once rewritten by De Morgan's "
        f"law. Candidates: {exact(every.algorithms_candidates)} and "
        f"{exact(paper.algorithms_candidates)}.",
        "Alignments. complete tests each interchange in both directions, paper in one direction only, so under paper "
        "an alignment can pass that the other direction refutes. paper also keeps minimal alignments alone. Minimal "
        f"alignments: {numbers('alignments_minimal')}.",
    ]


def protocol_counts(place: Place, stored: Stored) -> list[ProtocolCounts]:
    """The built-in protocols, those with an analysis of this output, and the chosen one."""
    names = {key: key for key in BUILT_IN}
    for scope, row in stored.analyses.items():
        if scope.output == place.scope.output:
            names.setdefault(scope.protocol, row.protocol.name)
    names.setdefault(place.scope.protocol, place.question.protocol.name)
    found = []
    for key, name in names.items():
        scope = replace(place.scope, protocol=key)
        analysis = stored.analyses.get(scope)
        job = None if analysis is not None else latest_job(stored.jobs, scope, place.question.model.n_inputs)
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
