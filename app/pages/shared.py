"""What several pages show: the small models that recur, and how stored rows become them.

Models hold plain values and addresses; drawings are made from them by the templates. A page's model is also its JSON
twin, so every field here is part of the published description.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, Literal

import numpy as np
from markupsafe import Markup
from pydantic import Field, computed_field
from sqlalchemy.orm import Session

from analysis.data import clean_data
from analysis.digest import canonical_json
from analysis.networks.circuit import EdgeLayout
from analysis.networks.network import split_parameters
from analysis.protocol import Protocol
from analysis.question import Question
from analysis.tasks import INPUT_NAMES
from app.addressing import Addresses
from app.db.codecs import parameters_of
from app.db.distributions import smallest_in
from app.db.job_tables import JobRow
from app.db.reads.networks import jobs_for
from app.db.tables import AnalysisRow, NetworkRow
from app.figures.numbers import Bound, bounded, bounded_text, exact, interval, noun
from app.options import BigInt, PageModel
from app.pages.place import Place
from pluriscope.naming import Scope, protocol_key

State = Literal["done", "truncated", "computing", "failed", "cancelled", "not_analysed"]


class TaskView(PageModel):
    """A Boolean function that an output should compute."""

    name: str = Field(description="A label such as XOR; empty if it has none.")
    truth_table: list[int] = Field(
        description="Outputs for the inputs counted in binary, first input most significant."
    )

    @property
    def label(self) -> str:
        """The name, or the truth table where it has none."""
        return self.name or "".join(map(str, self.truth_table))


class NetworkView(PageModel):
    """A network with its weights: enough to draw it."""

    slug: str
    name: str
    digest: str = Field(description="SHA-256 of settings and weights: the network's identity.")
    url: str = Field(description="Its page, on the inputs that it was imported with.")
    sizes: list[int]
    activation: str
    output_activation: str
    negative_slope: float | None
    weights: list[list[list[float]]] = Field(description="One matrix [n_out][n_in] for each layer.")
    biases: list[list[float]]
    tasks: list[TaskView]
    origin: str = Field(description="bundled, trained or uploaded.")
    attribution: str
    input_data: str = Field("", description="Data record of the encoding it was imported with; empty for 0 and 1.")

    @property
    def shape(self) -> str:
        return "–".join(map(str, self.sizes))

    def weights_for(self, output: int) -> list[list[list[float]]]:
        """The weights with the last layer cut to one output's row, as circuits of that output are drawn on."""
        return [*self.weights[:-1], [self.weights[-1][output]]]

    @property
    def activations(self) -> str:
        """The activations in words."""
        return activation_words(self)


def activation_words(network: Any) -> str:
    """The activations of a network in words, the slope of leaky ReLU included."""
    names: dict[str, str] = {"leaky_relu": "leaky ReLU", "relu": "ReLU"}
    slope = "" if network.negative_slope is None else f" (slope {network.negative_slope:g})"
    hidden, output = (names.get(one, one) for one in map(str, (network.activation, network.output_activation)))
    if network.activation == network.output_activation:
        return hidden + slope
    return f"{hidden}{slope if network.activation == 'leaky_relu' else ''}, output {output}"


class ProtocolView(PageModel):
    """The rules that every number on a page names."""

    key: str = Field(description="How addresses name it.")
    name: str
    digest: str
    settings: dict[str, Any]


class DataView(PageModel):
    """The rows that an analysis runs on."""

    digest: str
    description: str
    is_default: bool = Field(description="Whether it is every clean input, once.")
    n_validation_rows: int = Field(description="Rows that a circuit must classify correctly.")
    boolean: bool = Field(
        True, description="Whether its rows stand for the Boolean inputs; if not, only circuits are searched on it."
    )


class JobView(PageModel):
    """Background work as other pages show it."""

    id: str
    url: str
    title: str
    state: str
    stage: str
    done: int
    total: int
    found: str
    error: str = ""


BoundedCount = Literal[
    "circuits_valid",
    "interpretations_total",
    "interpretations_observed",
    "algorithms_aligned",
    "alignments_valid",
    "alignments_minimal",
]


class SmallestView(PageModel):
    """The smallest valid circuits of a list that does not hold all."""

    n: int = Field(description="How many of the listed circuits they are.")
    n_edges: int | None = Field(description="Edges of the smallest, None if no valid circuit was found.")
    proved: bool = Field(description="Whether no valid circuit that is left out has fewer edges than one of them.")
    searched_up_to: int = Field(description="No valid circuit with at most so many edges is unknown, apart from ties.")


class Counts(PageModel):
    """How many explanations one analysis found. A number is exact unless its search was truncated or estimated."""

    circuits_possible: BigInt
    circuits_valid: BigInt = Field(description="Exact if listed to the end or counted; else an estimate.")
    circuits_method: Literal["listed", "counted", "estimated"] = Field(
        description="How their number was found: by listing them, exactly without listing, or from a uniform sample."
    )
    circuits_listed: int = Field(description="Stored ones: all of them, or as many as were drawn uniformly.")
    circuits_low: BigInt | None = Field(description="Lower end of an estimate's interval.")
    circuits_high: BigInt | None = Field(description="Upper end of an estimate's interval.")
    circuits_confidence: float | None = Field(description="With which that interval holds the truth.")
    circuits_tested: BigInt | None = Field(description="Circuits judged; None if that was not told.")
    circuits_truncated_at: int | None = Field(description="Circuits stored where they are not all, else None.")
    interpretations_total: BigInt = Field(description="Of the stored circuits.")
    interpretations_observed: BigInt
    interpretations_complete: bool = Field(description="Whether every valid circuit is stored.")
    interpretations_truncated_at: int | None = Field(description="Circuits counted where not all were, else None.")
    algorithms_candidates: BigInt
    algorithms_truncated_at: int | None
    algorithms_aligned: int
    alignments_valid: BigInt
    alignments_minimal: BigInt
    alignments_truncated: int = Field(description="Algorithms of which not every valid alignment is stored.")
    alignments_untried: bool = Field(False, description="Whether there were too many sets of neurons to try any.")
    circuits_drawn: int | None = Field(
        None,
        description="Stored circuits drawn uniformly; None where all are listed, and if it was not told.",
    )
    smallest: SmallestView | None = Field(None, description="The smallest of them where not all valid ones are listed.")

    @computed_field(  # type: ignore[prop-decorator]
        description="How sure each number is: exact, at_least (a lower bound), about (an estimate, with its interval), "
        "or unknown: not searched, so that its 0 says nothing."
    )
    @property
    def bounds(self) -> dict[BoundedCount, Bound]:
        of_circuits: Bound = self._circuits_bound
        of_readings: Bound = "exact" if self.interpretations_kind == "exact" else "at_least"
        if not self.interpretations_counted or (of_circuits != "exact" and not self.circuits_listed):
            of_readings = "unknown"
        of_algorithms: Bound = "exact" if self.algorithms_truncated_at is None else "at_least"
        if self.alignments_untried or self.algorithms_truncated_at == 0:
            of_algorithms = "unknown"
        return {
            "circuits_valid": of_circuits,
            "interpretations_total": of_readings,
            "interpretations_observed": of_readings,
            "algorithms_aligned": of_algorithms,
            "alignments_valid": of_algorithms,
            "alignments_minimal": of_algorithms,
        }

    @property
    def _circuits_bound(self) -> Bound:
        if self.circuits_method == "listed" and self.circuits_truncated_at == 0:
            return "unknown"
        sure: dict[str, Bound] = {"exact": "exact", "truncated": "at_least", "sampled": "about"}
        return sure[self.circuits_kind]

    def shown(self, name: BoundedCount) -> str | Markup:
        """A number with its bound, as every cell shows it."""
        return bounded(*self._with_bound(name))

    def told(self, name: BoundedCount) -> str:
        """The same as plain text."""
        return bounded_text(*self._with_bound(name))

    def _with_bound(self, name: BoundedCount) -> tuple[int, Bound, int | None, int | None]:
        ends = (self.circuits_low, self.circuits_high) if name == "circuits_valid" else (None, None)
        return int(getattr(self, name)), self.bounds[name], *ends

    @property
    def circuits_only(self) -> bool:
        """Whether nothing else was searched, the data record's rows being no Boolean inputs."""
        return self.interpretations_truncated_at == 0 == self.algorithms_truncated_at and not self.algorithms_candidates

    @property
    def circuits_kind(self) -> Literal["exact", "truncated", "sampled"]:
        """How sure the number of valid circuits is."""
        if self.circuits_method == "estimated":
            return "sampled"
        return "exact" if self.circuits_method == "counted" or self.circuits_truncated_at is None else "truncated"

    @property
    def drawn(self) -> bool:
        """Whether the stored circuits are only some of the valid ones: the smallest, and some drawn uniformly."""
        return self.circuits_method != "listed" and self.circuits_truncated_at is not None

    @property
    def method_label(self) -> str:
        """In short, why the list of circuits is not the whole; "" where it is, or where it stopped at a limit."""
        if not self.drawn:
            return ""
        return "circuits counted, not listed" if self.circuits_method == "counted" else "circuits estimated"

    @property
    def interpretations_kind(self) -> Literal["exact", "truncated"]:
        whole = self.interpretations_complete and self.interpretations_truncated_at is None
        return "exact" if whole and self.circuits_truncated_at is None else "truncated"

    @property
    def interpretations_counted(self) -> bool:
        """Whether interpretations of any circuit were counted; else every 0 means that it is not known."""
        return self.interpretations_truncated_at != 0

    @property
    def interval_words(self) -> str:
        """The interval of an estimate, "" where there is none."""
        if self.circuits_low is None or self.circuits_high is None or self.circuits_confidence is None:
            return ""
        return f"{self.circuits_confidence * 100:g}% interval {interval(self.circuits_low, self.circuits_high)}"

    @property
    def listed_words(self) -> str:
        """Which of the valid circuits are listed where not all are."""
        if self.smallest is None or not self.smallest.n:
            return f"{exact(self.circuits_listed)} drawn at random"
        how = "proved smallest" if self.smallest.proved else "the smallest found, not proved"
        parts = [f"the {exact(self.smallest.n)} smallest ({how})" if self.smallest.n > 1 else f"the smallest ({how})"]
        if self.circuits_drawn:
            parts.append(f"{exact(self.circuits_drawn)} drawn at random")
        return " and ".join(parts)

    @property
    def smallest_words(self) -> str:
        """What is known of the fewest edges that a valid circuit has; "" where nothing was looked for."""
        if self.smallest is None:
            return ""
        fewest, up_to = self.smallest.n_edges, self.smallest.searched_up_to
        if fewest is None and self.smallest.proved:
            return "No circuit is valid; all were tried."
        none = f"no circuit with at most {noun(up_to, 'edge')} is valid" if up_to else ""
        if fewest is None:
            return f"{none[0].upper()}{none[1:]}; larger ones were not all tried." if none else ""
        if self.smallest.proved:
            return f"The fewest edges of any valid circuit are {fewest}: all smaller ones are ruled out."
        return f"The smallest found has {noun(fewest, 'edge')}" + (f"; {none}, between is not known." if none else ".")

    @property
    def method_words(self) -> str:
        """How the number of valid circuits was found where they were not listed, and what the list then shows."""
        if self.circuits_method == "listed":
            return ""
        shown = f"The list shows {noun(self.circuits_listed, 'valid circuit')}"
        shown += f": {self.listed_words}. {self.smallest_words}" if self.drawn else ", all of them."
        if self.circuits_method == "counted":
            words = f"Every possible circuit was judged: exactly {exact(self.circuits_valid)} are valid. {shown}"
        else:
            tested = noun(self.circuits_tested or 0, "circuit")
            words = f"An estimate from {tested} drawn uniformly from the possible ones; {self.interval_words}. {shown}"
        return words.strip()


class ScopeView(PageModel):
    """Which analysis a page is about, and how far it is."""

    output: int
    task: TaskView
    protocol: ProtocolView
    data: DataView
    state: State = Field(
        description="done (exhaustive), truncated (stopped at a limit), computing, failed, cancelled or not_analysed."
    )
    job: JobView | None = Field(
        None, description="The latest job for it where no finished analysis is stored, or a running one."
    )


class AnalysisPage(PageModel):
    """A page about one analysis of a network."""

    network: NetworkView
    scope: ScopeView
    url: str


def network_view(row: NetworkRow, addresses: Addresses) -> NetworkView:
    weights, biases = split_parameters(parameters_of(row), row.sizes)
    return NetworkView.showing(
        row,
        url=addresses.network(row.slug, Scope(data=(row.input_data or "")[:12])),
        weights=[matrix.tolist() for matrix in weights],
        biases=[vector.tolist() for vector in biases],
        tasks=[TaskView(name=t["name"], truth_table=t["truth_table"]) for t in row.tasks],
        input_data=row.input_data or "",
    )


def protocol_view(protocol: Protocol) -> ProtocolView:
    return ProtocolView(
        key=protocol_key(protocol),
        name=protocol.name,
        digest=protocol.digest,
        settings=protocol.model_dump(exclude={"name"}),
    )


def data_view(question: Question) -> DataView:
    """The data record of a question, with what its protocol makes of it."""
    record = question.record
    usual = "every Boolean input, once" if record.is_clean else "a data record of its own"
    return DataView(
        digest=record.digest,
        description=question.data.description or usual,
        is_default=record.is_clean,
        n_validation_rows=len(question.judged[0]),
        boolean=record.boolean,
    )


def job_view(row: JobRow, addresses: Addresses) -> JobView:
    return JobView.showing(row, url=addresses.job(row.id))


_COUNTS_KEPT: Final = tuple(name for name in Counts.model_fields if hasattr(AnalysisRow, name))


def counts_of(row: AnalysisRow) -> Counts:
    kept = {name: getattr(row, name) for name in _COUNTS_KEPT}
    spread, smallest = row.distributions, smallest_in(row.distributions)
    # before it was kept: nothing was aligned, no near miss is known, and yet the search was not exhaustive
    bare = row.algorithms_candidates > 0 == row.algorithms_aligned and not row.exhaustive
    return Counts(
        **kept,
        alignments_truncated=spread.get("algorithms_truncated", 0),
        alignments_untried=spread.get("alignments_untried", bare and not spread["iia"]["counts"]),
        circuits_drawn=spread.get("drawn"),
        smallest=None
        if smallest is None
        else SmallestView.showing(
            smallest,
            n=len(smallest.masks),
        ),
    )


def stops_of(counts: Counts) -> str:
    """Which searches stopped at a limit, in words; "" if none did. Circuits that were counted did not stop."""
    stops: list[str] = []
    if counts.circuits_only:
        return ""
    if counts.circuits_method == "listed" and counts.circuits_truncated_at is not None:
        stops.append(f"circuits at {counts.circuits_truncated_at:,}")
    if counts.interpretations_truncated_at is not None:
        stops.append("interpretations, which have too many states to be counted")
    if counts.algorithms_truncated_at is not None:
        stops.append(f"algorithms at {counts.algorithms_truncated_at:,}")
    if counts.alignments_truncated:
        stops.append(f"alignments of {noun(counts.alignments_truncated, 'algorithm')}")
    return ", ".join(stops)


def state_of(analysis: AnalysisRow | None, job: JobRow | None) -> State:
    """Where an analysis stands; the three kinds of emptiness of spec §7 are never confused.

    A stored analysis speaks for itself even while a job runs it again; without one the latest job does.
    """
    if analysis is not None:
        return "done" if analysis.exhaustive else "truncated"
    if job is None:
        return "not_analysed"
    if job.state in ("queued", "running"):
        return "computing"
    return "cancelled" if job.state == "cancelled" else "failed" if job.state == "failed" else "not_analysed"


def latest_job(jobs: Iterable[JobRow], scope: Scope, n_inputs: int) -> JobRow | None:
    """The newest of a network's analysis jobs, given newest first, for one output, protocol and data record."""
    clean = clean_data(n_inputs).digest
    return next((job for job in jobs if scope_of_job(job, clean) == scope), None)


def scope_of_job(job: JobRow, clean: str) -> Scope:
    """Which analysis a job makes.

    Args:
        job: an "analyse" job.
        clean: digest of the default data record of its network.
    """
    arguments = job.arguments
    protocol = _protocol_key_of(canonical_json(arguments["protocol"]))
    return Scope(arguments["output"], protocol, "" if arguments["data"] == clean else arguments["data"][:12])


@lru_cache(maxsize=256)  # thousands of jobs have few protocols
def _protocol_key_of(written: bytes) -> str:
    return protocol_key(Protocol.model_validate_json(written))


def scope_view(place: Place, job: JobRow | None, addresses: Addresses) -> ScopeView:
    return ScopeView(
        output=place.scope.output,
        task=place.question.task,
        protocol=protocol_view(place.question.protocol),
        data=data_view(place.question),
        state=state_of(place.analysis, job),
        job=None if job is None else job_view(job, addresses),
    )


def job_now(session: Session, place: Place) -> JobRow | None:
    """The latest job for an analysis where none is stored."""
    jobs = [] if place.analysis is not None else jobs_for(session, [place.row.digest])
    return latest_job(jobs, place.scope, place.question.model.n_inputs)


def neuron_name(sizes: Sequence[int], layer: int, neuron: int) -> str:
    """What people call a neuron: A, B, … for inputs, n1.0 for hidden ones, y for the output."""
    if layer == 0:
        return INPUT_NAMES[neuron]
    return "y" if layer == len(sizes) - 1 else f"n{layer}.{neuron}"


def edge_names(layout: EdgeLayout, mask: int) -> list[str]:
    """What people call the edges of a set, in the order of masks: A → n1.0."""
    sizes = layout.sizes
    return [
        f"{neuron_name(sizes, layer - 1, source)} → {neuron_name(sizes, layer, out)}"
        for layer in range(1, len(sizes))
        for out in range(sizes[layer])
        for source in range(sizes[layer - 1])
        if mask >> layout.edge_index(layer, out, source) & 1
    ]


def truth_rows(function: int, n_rows: int) -> list[int]:
    """A function given as an integer (bit i = row i) as a list over the rows."""
    return [(function >> row) & 1 for row in range(n_rows)]


def finite(value: float) -> float | None:
    """JSON has no infinity: None where nothing was tested."""
    return float(value) if np.isfinite(value) else None
