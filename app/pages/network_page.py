"""Stored knowledge about one output of a network: what it does, and how many explanations it has under which rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analyses.analysis import Analysis
from pluriscope.analyses.registry import BY_KEY, PAIR
from pluriscope.analysis.circuits.planning import CircuitPlan
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.pair.report import PairFound
from pluriscope.analysis.questions.decisions import decided_right
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.question import rules_of
from pluriscope.app.db.codecs import tasks_of
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads import networks as reads
from pluriscope.app.db.reads.algorithms import placements_untried
from pluriscope.app.db.reads.analyses import clean_key, scope_of
from pluriscope.app.db.reads.jobs import jobs_of_network
from pluriscope.app.db.reports import reports_of
from pluriscope.app.db.rows import columns_of
from pluriscope.app.db.tables import AnalysisReportRow, AnalysisRow
from pluriscope.app.limits import limits_in
from pluriscope.app.pages.analyses import Asked as Analysed
from pluriscope.app.pages.analyses import context_of, stored_in
from pluriscope.app.pages.counted import counts_of, stops_of, verdict_of_stored
from pluriscope.app.pages.place import AnyPlace, key_of
from pluriscope.app.pages.plan import plan_of, refusal_words
from pluriscope.app.pages.shared import State, known_of, latest_job, state_of
from pluriscope.app.pages.training.course import Learning, learning_of_network
from pluriscope.objects.counts import Count, count_of
from pluriscope.objects.verdict import Verdict
from pluriscope.views.networks import rows_of
from pluriscope.views.records import CountsRecord, NetworkRecord

_WHY: Final[Mapping[State, str]] = {
    "failed": "The analysis failed.",
    "cancelled": "The analysis was cancelled.",
    "not_analysed": "Nobody asked for its analysis yet.",
}


@dataclass(frozen=True, eq=False)
class Known:
    """Stored knowledge about one output of a network under one set of rules, and about the network itself."""

    session: Session
    links: Addresses
    place: AnyPlace

    @property
    def url(self) -> str:
        return self.links.network(self.place.slug, self.place.scope)

    @cached_property
    def jobs(self) -> Sequence[JobRow]:
        """Work on the network, newest first."""
        return jobs_of_network(self.session, self.place.row.digest)

    @cached_property
    def job(self) -> JobRow | None:
        """The latest one for this analysis."""
        return latest_job((one for one in self.jobs if one.kind == "analyse"), self.place.scope, self.place.row)

    @cached_property
    def _reports(self) -> Mapping[str, AnalysisReportRow]:
        return reports_of(self.session, self.place.analysis, [*BY_KEY], in_brief=True)

    def brief(self, analysis: Analysis) -> Analysed | None:
        """Read one analysis as far as an overview shows it; None where nothing is stored."""
        kept = self._reports.get(analysis.key)
        if kept is None:
            return None
        context = context_of(self.session, self.place, self.links, analysis.reads)
        return Analysed(analysis, context, "done", stored_in(kept, analysis, self.place.question.kind), None, "", {})

    @cached_property
    def pair(self) -> PairFound | None:
        """Two explanations each of which is right where the other is wrong, where such are known."""
        found = self.brief(PAIR)
        pair: PairFound | None = None if found is None else found.report.pair
        return None if pair is None or pair.given_up else pair

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the network has one explanation, by what is known now."""
        place = self.place
        why = _WHY.get(self.state, "")
        if isinstance(self.plan, tuple):
            why = f"It cannot be analysed: {refusal_words(self.plan)}"
        elif place.question.obstacle:
            why = f"Circuits are not searched: {place.question.obstacle}."
        return verdict_of_stored(place, self.known_count, contradict=self.pair is not None, why=why)

    @property
    def state(self) -> State:
        """State of the analysis."""
        return state_of(self.place.analysis, self.job)

    @cached_property
    def known_count(self) -> Count | None:
        """Number of valid circuits: of the stored analysis, else as far as its job is; None where nothing is known."""
        stored = self.place.analysis and counts_of(self.place.analysis).valid_circuits
        if stored and stored.bound != "unknown":
            return stored
        known = known_of(self.job)
        return None if known is None else count_of(known)

    @cached_property
    def analyses(self) -> dict[Scope, AnalysisRow]:
        """Every stored analysis of the network."""
        return {scope_of(one): one for one in reads.analyses_of(self.session, [self.place.row.id])}

    @cached_property
    def behaviour(self) -> Any:
        """Behaviour on each row."""
        return rows_of(self.place.question, None)

    @cached_property
    def listed(self) -> dict[str, NDArray[np.int64]]:
        """Parts kept ("edges") and rows right ("right") of each listed circuit."""
        if self.place.analysis is None:
            return {}
        columns = columns_of(self.session, self.place.analysis, "circuit", ("edges", "right"))
        return {name: np.asarray(values, np.int64) for name, values in columns.items()}

    @cached_property
    def judged_right(self) -> NDArray[np.bool_]:
        """Mask of the rows that circuits are judged on where the network itself is right."""
        rows, labels = self.place.question.judged
        rule = self.place.question.protocol.circuit_decision
        return decided_right(forward(self.place.question.network, rows)[:, 0], labels, rule)

    @cached_property
    def learning(self) -> Learning | None:
        return learning_of_network(self.place.row, self.links)

    @cached_property
    def stops(self) -> str:
        """Searches that stopped at a limit, in words; "" if none did."""
        analysis = self.place.analysis
        if analysis is None or analysis.exhaustive:
            return ""
        untried = "placements at 0" if placements_untried(self.session, analysis) else ""
        return "; ".join(filter(None, (stops_of(analysis), untried)))

    @cached_property
    def also(self) -> list[str]:
        """Other names under which the same weights are known."""
        return reads.known_as(self.session, self.place.row, self.place.row.name)

    @cached_property
    def decided_alike(self) -> str:
        """Sentence with links to the networks whose answers are decided by the very same sums; "" where none is."""
        place = self.place
        others = reads.networks_that_decide_alike(self.session, place.row)
        links = " and ".join(f"[{one.slug}]({self.links.network(one.slug)})" for one in others)
        return f"Whatever their files say, it decides the same as {links}." if links else ""

    @cached_property
    def plan(self) -> CircuitPlan | tuple[AnalysisError, ...] | None:
        """Plan of the search for circuits, or the errors that forbid it; None where it is done or on its way."""
        if self.place.analysis is not None or self.state == "computing" or self.place.question.kind.refuses("counting"):
            return None
        return plan_of(self.place.question, limits_in(self.session))

    @cached_property
    def under(self) -> dict[str, tuple[Scope, AnalysisRow | None]]:
        """The rules that have names, those with an analysis of this output, and the chosen ones."""
        place, admitted = self.place, self.place.question.admitted()
        alike = [one for one in admitted if one.kind is place.question.kind]
        names, others = {key_of(one): rules_of(one) for one in alike}, {key_of(one) for one in admitted}
        for scope, row in self.analyses.items():
            if scope.output == place.scope.output and (scope.protocol in names or scope.protocol not in others):
                names.setdefault(scope.protocol, row.protocol.name)
        names.setdefault(place.scope.protocol, place.rules)
        scopes = {name: replace(place.scope, protocol=key) for key, name in names.items()}
        return {name: (scope, self.analyses.get(scope)) for name, scope in scopes.items()}

    def outputs(self) -> Iterator[tuple[str, Scope]]:
        """Outputs with their scopes."""
        for output, task in enumerate(tasks_of(self.place.row)):
            yield task.label, replace(self.place.scope, output=output)

    def data(self) -> Iterator[tuple[str, Scope]]:
        """The default record, those with an analysis of this output, and the chosen one."""
        place, labels = self.place, {clean_key(self.place.row): "every clean input, once"}
        digests = {
            scope.data: one.data_digest for scope, one in self.analyses.items() if scope.output == place.scope.output
        }
        descriptions = reads.data_descriptions(self.session, digests.values()) if digests.keys() - labels.keys() else {}
        for data in [*digests, place.scope.data]:
            own = place.question.record.description if data == place.scope.data else descriptions.get(digests[data], "")
            labels.setdefault(data, own or f"data record {data}")
        for data, label in labels.items():
            yield label, replace(place.scope, data=data)

    def record(self) -> NetworkRecord:
        """Record of the network for JSON."""
        place, row, question = self.place, self.place.row, self.place.question
        return NetworkRecord.showing(
            row,
            self,
            tasks=tasks_of(row),
            input_data=row.input_data or "",
            output=place.scope.output,
            protocol=place.protocol_digest,
            rules=question.protocol.model_dump(),
            data=place.data_digest,
            rows=place.rows,
            n_judged=len(self.judged_right),
            n_judged_right=int(self.judged_right.sum()),
            job="" if self.job is None else self.links.job(self.job.id),
            counts=None if place.analysis is None else counts_record(place.analysis),
            counts_under={name: counts_record(found) for name, (_, found) in self.under.items() if found is not None},
            learning=None if self.learning is None else self.learning.model_dump(),
        )


def counts_record(row: AnalysisRow) -> CountsRecord:
    """Record of how many explanations an analysis found, for JSON."""
    return CountsRecord.showing(counts_of(row), method=row.circuits_method, listed_circuits=row.circuits_listed)


def criterion_words(settings: Mapping[str, Any], n_rows: int) -> str:
    """A protocol's rules in one line."""
    ablation = "any of zero, mean and resample" if "circuit_family" in settings else settings["ablation"]
    noisy = " noisy" if "noise_std" in settings else ""
    pairs = {"ordered": "every ordered pair of inputs", "one_direction": "one direction of each pair of inputs"}
    family = {"all": "", "without_full_node_mask": ", without circuits in which every neuron is active"}
    return (
        f"{ablation} ablation, judged on {n_rows:,}{noisy} rows"
        f"{family[settings['circuit_space']]}; circuits read every input; interchange over "
        f"{pairs[settings['interchange_pairs']]}"
    )
