"""JSON schemas: for each kind of explanation, that of one explanation, and that of its row in lists, made of its
columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final, Literal, Union

from pydantic import BaseModel, Field, create_model

from pluriscope.analysis.values.by_name import ByName
from pluriscope.analysis.values.certainty import Certainty
from pluriscope.analysis.values.exact import BigInt, exact
from pluriscope.tables.table import Column, Query, Selection, Type

_TYPES: Final[Mapping[Type, Any]] = {
    "bool": bool,
    "int": int,
    "big": BigInt,
    "float": float,
    "text": str,
    "name": str,
    "labels": list[str],
}


class ChoiceRecord(ByName):
    """A value to filter by."""

    value: str
    label: str
    count: BigInt = Field(description="Rows that have it and pass the other filters; exact.")
    chosen: bool


class FacetRecord(ByName):
    """A column that a list can be filtered by, with its choices."""

    name: str
    label: str
    facet: Literal["any", "all", "range", "least"]
    choices: list[ChoiceRecord]
    low: str
    high: str


class UndecidedRecord(BaseModel):
    """Explanations that a criterion of the filter could not decide about; they count as not passing."""

    criterion: str
    kind: str
    n: BigInt
    of: BigInt
    note: str = Field(description="Why.")


class ShareRecord(BaseModel):
    """The share of all valid circuits that pass the filters, estimated from a sample."""

    low: float = Field(description="Lower end of the interval of Clopper and Pearson.")
    high: float
    confidence: float = Field(description="With which the interval holds the truth.")
    certainty: Certainty = Field(description="guaranteed where draws are uniform, estimated where nearly so.")
    passing: int = Field(description="Of those drawn.")
    drawn: int


class ListRecord(BaseModel):
    """A page of a list."""

    total: BigInt | None = Field(description="All that passes the filters; exact. Null where that is not known yet.")
    of: BigInt | None = Field(description="The same without filters but those that hold by default.")
    lines: int | None = Field(
        description="Rows on all pages; one of interpretations is a circuit with as many as it has."
    )
    facets: list[FacetRecord]
    share: ShareRecord | None = None
    undecided: list[UndecidedRecord] = []
    pending: list[str] = Field([], description="Asked for and not computed yet; then nothing is listed.")
    state: str = Field(
        "done",
        description="How far the analysis is; until it is done a list holds what is certain. Where something is "
        "pending: not_judged, of a criterion; not_asked, of anything else.",
    )
    next: str | None = Field(description="Address of the next page.")


@cache
def record_of(kind: str, columns: tuple[Column, ...]) -> type[BaseModel]:
    """The schema of one item of a kind: its figures, how references name it, and the address of its page."""
    fields: dict[str, Any] = {
        "kind": (Literal[kind], ...),
        "ref": (str, Field(description="How comparisons name it.")),
        "url": (str, Field(description="Its page.")),
    }
    for column in columns:
        if column.name not in fields:
            fields[column.name] = (_TYPES[column.type] | None, Field(None, description=column.meaning))
    return create_model(f"{kind.capitalize()}Line", **fields)


@cache
def list_of(kinds: tuple[tuple[str, tuple[Column, ...]], ...]) -> type[ListRecord]:
    """The schema of a list of several kinds: each key with its columns."""
    items = tuple(record_of(kind, columns) for kind, columns in kinds)
    item = Annotated[Union[items], Field(discriminator="kind")]  # type: ignore[valid-type]  # noqa: UP007
    return create_model("Explanations", __base__=ListRecord, items=(list[item], ...))


def page_fields(found: Selection, query: Query, page_at: Callable[[int], str]) -> dict[str, Any]:
    """Fields of a list's record that describe one page: totals, facets, and the addresses of the pages beside it.

    ``page_at`` maps the number of a row to the address of the list from there on.
    """
    after = query.start + len(found.rows)
    return {
        "total": found.total,
        "of": found.of,
        "lines": found.lines,
        "facets": [FacetRecord.showing(one, one.column) for one in found.facets],
        "next": page_at(after) if after < found.lines else None,
    }


def plain(selection: Selection) -> Sequence[dict[str, Any]]:
    """The rows of a selection as their records take them."""
    return [
        {name: sorted(value) if isinstance(value, frozenset) else value for name, value in row.values.items()}
        | {"ref": row.ref, "url": row.url}
        for row in selection.rows
    ]


class RowsRecord(ListRecord):
    """A page of a list of one kind. Its columns are described on the list's own page."""

    items: list[dict[str, Any]]


def rows_record(found: Selection, query: Query, page_at: Callable[[int], str], but: Sequence[str] = ()) -> RowsRecord:
    """A selection as its record.

    Args:
        found: what was selected.
        query: by which.
        page_at: number of a row → address of the list from there on.
        but: values of rows that only their cells need.
    """
    return RowsRecord(
        **page_fields(found, query, page_at),
        items=[
            {name: exact(value) if isinstance(value, int) else value for name, value in row.items() if name not in but}
            for row in plain(found)
        ],
    )


# --- one network, one explanation


class TaskRecord(ByName):
    """A Boolean function that an output should compute."""

    name: str = Field(description="A label such as XOR; empty if it has none.")
    truth_table: list[int] = Field(description="By inputs counted in binary, first input most significant.")


class CountRecord(ByName):
    """A count with how sure it is."""

    value: BigInt
    bound: str = Field(
        description="exact, at_least, about (see low, high) or unknown: not searched, its 0 says nothing."
    )
    low: BigInt | None = Field(description="Lower end of the interval.")
    high: BigInt | None = Field(description="Upper end.")
    confidence: float | None = Field(description="With which the interval holds the truth.")
    certainty: str | None = Field(
        description="Of the number or its interval: exact, guaranteed or estimated; null of a lower bound."
    )


class CountsRecord(ByName):
    """Numbers of explanations that an analysis found."""

    possible_circuits: CountRecord
    valid_circuits: CountRecord
    interpretations: CountRecord = Field(description="Of the listed circuits.")
    observed_classes: CountRecord
    candidate_algorithms: CountRecord
    aligned_algorithms: CountRecord
    valid_alignments: CountRecord
    minimal_alignments: CountRecord
    method: str = Field(description="How the valid circuits were found: listed, counted, hashed or sampled.")
    listed_circuits: int


class VerdictRecord(ByName):
    """Whether a network has one explanation: one valid circuit, and one class of its interpretations."""

    state: str = Field(description="unique, not_unique, none_valid or not_known.")
    sentence: str = Field(description="The same as its page says it.")
    learned: bool = Field(description="Whether nothing speaks against the network having learned its task.")
    valid: CountRecord | None = Field(description="Valid circuits, as far as they are known; null where nothing is.")
    possible: BigInt = Field(description="Circuits that there are.")
    kept: list[str] | None = Field(description="What every valid circuit keeps; null where that is not known.")
    contradict: bool = Field(
        description="Whether two explanations are known each of which is right where the other is wrong."
    )


class ExplanationRecord(ByName):
    """Fields that explanations of every kind have."""

    kind: str
    ref: str = Field(description="How addresses name it.")
    url: str = Field(description="Its page.")
    network: str = Field(description="SHA-256 of the network that it explains.")
    output: int
    protocol: str = Field(description="SHA-256 of the rules.")
    data: str = Field(description="SHA-256 of the rows.")
    engine_version: str = Field(description="Of the engine that computed this record from the weights.")
    stored: bool = Field(description="Whether an analysis here holds it.")
    graphs: dict[str, str] = Field(description="Where it is a graph that other tools open, by format.")


class RowRecord(ByName):
    """The network, or a circuit of it, on one Boolean input."""

    bits: list[int] = Field(description="The Boolean input, first one most significant.")
    row: list[float] = Field(description="The numbers that stand for it in the data record.")
    output: float = Field(description="Raw output.")
    decision: int = Field(description="What it answers: 1 when the output is above 0.5, else 0.")
    target: int
    right: bool = Field(description="Whether it answers what the task asks for.")
    note: str = Field(description="Why the protocol counts it wrong all the same; empty if it decides alike.")
    margin: float = Field(description="Distance to the nearest output that the protocol decides otherwise.")
    fragile: bool = Field(description="Whether the margin is below 1e-6.")


class NetworkRecord(ByName):
    """A perceptron, what one output of it does, and what was found of that under one protocol."""

    slug: str
    name: str
    digest: str = Field(description="SHA-256 of settings and weights: the network's identity.")
    url: str = Field(description="Its page.")
    sizes: list[int]
    activation: str
    output_activation: str
    negative_slope: float | None
    tasks: list[TaskRecord] = Field(description="Of each output.")
    origin: str
    attribution: str
    input_data: str = Field(description="Data record of the encoding it was imported with; empty for 0 and 1.")
    also: list[str] = Field(description="Other names under which the same weights were saved or found by a study.")
    training: dict[str, Any] = Field(description="Options and outcome, empty if it was not trained here.")
    learning: dict[str, Any] | None = Field(description="How it learned, epoch by epoch; null if that is not known.")
    output: int = Field(description="That what follows is about.")
    protocol: str = Field(description="SHA-256 of the rules.")
    rules: dict[str, Any] = Field(description="Every setting of the protocol.")
    data: str = Field(description="SHA-256 of the rows.")
    rows: str = Field(description="What the rows are, in words.")
    behaviour: list[RowRecord]
    n_judged: int = Field(description="Rows that a circuit must decide right.")
    n_judged_right: int = Field(description="Those of them that the whole network decides right.")
    state: str = Field(description="done, truncated (at a limit), computing, failed, cancelled or not_analysed.")
    job: str = Field(description='The address of the latest job for it; "" if there is none.')
    stops: str = Field(description="Which searches stopped at a limit, in words; empty if none did.")
    verdict: VerdictRecord
    counts: CountsRecord | None = Field(description="Null where no analysis is stored.")
    counts_under: dict[str, CountsRecord] = Field(description="By the name of each protocol with a stored analysis.")


class AnswerRecord(ByName):
    """Answer of a circuit of a transformer on one row of the task."""

    row: str
    answer: str = Field(description="The right output.")
    given: str = Field(description="The output that is larger than every other; empty if none is.")
    right: bool
    gap: float = Field(description="The right output less the largest other; the row is right if it is above 0.")


class ChanceRecord(ByName):
    """Number of the possible circuits with as many edges that are valid."""

    possible: BigInt = Field(description="Possible circuits with so many edges, exactly.")
    low: BigInt = Field(description="Valid ones among them, at least so many.")
    high: BigInt = Field(description="Valid ones among them, at most so many.")
    exact: bool
    confidence: float | None = Field(description="With which the interval holds the truth; null where it is certain.")


class CircuitRecord(ExplanationRecord):
    """A set of edges, or of nodes where the rules cut these, valid or not."""

    kind: Literal["circuit"] = "circuit"
    mask: str
    edges: list[str] = Field(description="By name, in the order of masks.")
    n_edges: int
    n_possible_edges: int
    n_neurons: int = Field(description="Active hidden neurons, or nodes that take part.")
    n_possible_neurons: int
    valid: bool
    reason: str = Field(description="One clause; for a valid circuit too.")
    n_right: int = Field(description="Rows of the data record decided right.")
    n_rows: int
    threshold: float = Field(description="The share of right rows must be above this.")
    margin: float = Field(description="Smallest distance of any of those rows' outputs from the decision's edge.")
    fragile: bool = Field(description="Whether the margin is below 1e-6.")
    behaviour: list[RowRecord] | list[AnswerRecord]
    interpretations: BigInt | None = Field(description="Exact; null if it is not valid or too large.")
    observed: BigInt | None = Field(description="Classes that the inputs can tell apart.")
    uncounted: str = Field(description="Why there is no number; empty if there is one.")
    chance: ChanceRecord | None = Field(description="Null where that is not known.")
    by_edges: str = Field(
        "", description="Address of the circuit of edges that keeps the same, where it has other parts."
    )


class ClaimRecord(ByName):
    """Claim of an explanation about one site."""

    site: str = Field(description="Neurons, or a direction of a layer.")
    layer: int = Field(description="From 1, the first hidden one.")
    neurons: list[int] = Field(description="That carry the function together; empty where a direction does.")
    weights: list[float] = Field(description="Of the direction, one for each neuron of the layer; empty for neurons.")
    label: str = Field(description="The function.")
    truth_table: list[int]


class GateRowRecord(ByName):
    """A row of a gate's table."""

    bits: list[int] = Field(description="Bits of the parents, in their order.")
    value: int
    free: bool = Field(description="Whether no input ever produces this row, so that its value is a choice.")


class GateRecord(ByName):
    """Claim of an interpretation about one neuron."""

    site: str = Field(description="The neuron's name: n1.0, y.")
    layer: int
    neuron: int
    name: str = Field(description="Its function of the inputs; empty if it has no short form.")
    truth_table: list[int] = Field(description="Its value on every input, in binary order.")
    low: float = Field(description="Largest activation below the threshold.")
    high: float = Field(description="Smallest activation above the threshold.")
    threshold: float = Field(description="Their midpoint; the neuron is 1 above it.")
    neutral: bool = Field(description="Whether it is the output, whose function is given by the task.")
    local: str = Field(description="The gate over its parents, e.g. n1.0 ∧ ¬n1.1; empty if it has no short form.")
    parents: list[str] = Field(description="Names of the neurons or inputs that it reads.")
    table: list[GateRowRecord]
    activations: list[float] = Field(description="The neuron's activation in the circuit on each input.")


class InterpretationRecord(ExplanationRecord):
    """A circuit with a Boolean function on each of its neurons."""

    kind: Literal["interpretation"] = "interpretation"
    mask: str
    index: BigInt
    of: BigInt = Field(description="Interpretations of the circuit.")
    observed: BigInt = Field(description="Classes that the inputs can tell apart.")
    observed_class: BigInt = Field(description="Which of them this one belongs to, from 0.")
    valid: bool = Field(description="Whether the circuit is.")
    margin: float = Field(description="Of the circuit.")
    gates: list[GateRecord]
    silent: list[str] = Field(description="Active neurons with one value only: no gate, and nobody's parent.")


# --- several explanations side by side


class ComparedRecord(ByName):
    """An explanation in a comparison of two to six."""

    letter: str = Field(description="What it is called here: P, Q, R …")
    kind: str
    ref: str = Field(description="How addresses name it.")
    url: str = Field(description="Its page.")
    name: str
    edges: list[str] | None = Field(description="That it keeps, by name; null where it keeps none and leaves none out.")
    claims: list[ClaimRecord] = Field(description="Functions that it gives to neurons or directions.")
    says: list[int] = Field(description="The output on every input, −1 for neither; empty where it says nothing.")
    predicted: int = Field(description="Trials in which it says something.")
    right: int = Field(description="Of these, the ones in which it is right.")
    silent_because: str = Field(description="Why it says nothing in any; empty if it does.")


class PairRecord(ByName):
    """Two explanations in all trials; one that predicts nothing is not right."""

    first: str
    second: str
    both: int = Field(description="Trials in which both say something.")
    same: int = Field(description="Of these, the ones in which they say the same.")
    both_right: int
    first_right: int = Field(description="Trials in which the first alone is right.")
    second_right: int
    neither: int

    @property
    def quarters(self) -> tuple[int, int, int, int]:
        """Trials in which both are right, the first alone, the second alone, neither."""
        return self.both_right, self.first_right, self.second_right, self.neither


class ContradictionRecord(ByName):
    """A trial in which two of them say different things."""

    experiment: str = Field(
        description="As addresses write it: neurons or directions, source, base; or a row's number."
    )
    neurons: str = Field(
        description="What gets another input's values: neurons, or directions; else the row of the task."
    )
    source: str = Field("", description="The input whose values these are.")
    base: str = Field("", description="The input that the network runs on.")
    says: dict[str, str] = Field(description="By letter, what each says; those who say nothing are left out.")
    happens: str = Field(description="What the network does.")
    right: list[str] = Field(description="The letters of those who are right.")
    output: float | None = Field(None, description="The network's raw output; null of rows.")
    margin: float = Field(description="Distance of that output from 0.5; of rows how far the circuits' gaps spread.")
    doubtful: bool = Field(
        description="Whether a prediction would be another with other completions of the same gates, or the output is "
        "farther than 0.3 from 0 and 1."
    )
    url: str = Field("", description="Where it can be tried; empty if nowhere.")


class DifferenceRecord(ByName):
    """A neuron or an edge of which they say different things."""

    site: str
    says: dict[str, str] = Field(description="By letter: a function, used, kept or cut.")


class AboutRecord(ByName):
    """Question about a network, and the engine that answers it."""

    url: str
    network: str = Field(description="SHA-256 of the network.")
    scope: dict[str, str] = Field(description="Output, protocol and data, or the rules of a model.")
    engine_version: str


class ComparisonRecord(AboutRecord):
    """Comparison of two to six explanations of one network."""

    verdict: str = Field(description="In one sentence.")
    trials: Literal["interventions", "own interventions", "rows", "rows and interchanges"] = Field(
        description="What they are asked: interchanges on sets of hidden neurons; where one is on directions, those "
        "that each of them makes itself; of circuits of a model, the rows of its task, and beside placements on sites "
        "also the interchanges of these. Where all are circuits, these are run; of interchanges they predict nothing."
    )
    of: int = Field(description="How many trials.")
    bounded: str = Field(description="What is left out of them; empty if nothing is.")
    explanations: list[ComparedRecord]
    pairs: list[PairRecord]
    differences: list[DifferenceRecord]
    n_contradictions: int
    contradictions: list[ContradictionRecord] = Field(
        description="Some, clearest first, who is right taking turns: the page offers them in this order."
    )
    next: str | None = Field(description="Address of the next ones.")


# --- changes by hand


class HandRecord(ByName):
    """A site changed by hand."""

    site: str = Field(description="What is changed, as addresses write it.")
    name: str
    words: str = Field(description="What is written there.")
    before: float | None = Field(description="What is there when nothing is changed; null of several numbers.")
    value: float | None = Field(description="What is there under all changes, likewise.")


class RunRecord(ByName):
    """A run of the network."""

    values: dict[str, float | None] = Field(
        description="What each node carries that carries one number, and each output, last. Null where it is beyond "
        "float64."
    )
    gives: int = Field(description="What it answers, of several outputs by number; −1 for nothing.")
    margin: float | None = Field(
        description="How far the answer is from turning: of one output from 0.5, of several the right one less the "
        "largest other. Below 0 where it is wrong."
    )


class AskedRecord(ByName):
    """Prediction of one explanation for the intervention."""

    letter: str = Field(description="What it is called here: P, Q, R …; empty of a placement that nobody chose.")
    ref: str = Field(description="How addresses name it.")
    url: str = Field(description="Its page.")
    says: int = Field(description="The answer that it predicts, of several outputs by number; −1 for none.")
    reason: str = Field(description="Why it predicts none; empty if it does.")
    right: bool | None = Field(description="Whether the network answers so; null without a prediction.")


class PlayRecord(AboutRecord):
    """An intervention by hand, and its effect."""

    words: str = Field(description="What is run and changed.")
    verdict: str = Field(description="What comes of it, in a few words.")
    explanations: list[AskedRecord] = Field(
        description="Those that were chosen, then placements whose variables are on just what is exchanged."
    )
    changes: list[HandRecord]
    wants: int = Field(description="What the task wants, of several outputs by number.")
    before: RunRecord = Field(description="With nothing changed.")
    after: RunRecord = Field(description="Under the changes.")


# --- algorithms, and where their variables stand


class VariableRecord(ByName):
    """A variable that an algorithm posits."""

    path: str = Field(description="Child positions of the gates from the root, e.g. 01.")
    formula: str
    shown: str = Field(
        description="As the algorithm's formula shows it: in ¬( ) where that has the negation of what is stored."
    )
    truth_table: list[int] = Field(description="Its value on every input, in binary order.")


class AlgorithmRecord(ExplanationRecord):
    """A candidate algorithm, and how many placements carry it."""

    kind: Literal["algorithm"] = "algorithm"
    algorithm: str = Field(description="First 16 hex digits of the SHA-256 of its text.")
    text: str = Field(description="Its identity.")
    formula: str
    form: str
    depth: int
    n_gates: int
    truth_table: list[int] = Field(description="Its output on every input, in binary order.")
    variables: list[VariableRecord]
    irredundant: dict[str, bool | None] = Field(description="Criterion → whether it passes; null if not decided.")
    position: int = Field(description="Its place in the protocol's order, from 0.")
    of: int = Field(description="Candidates that are stored.")
    valid: BigInt = Field(description="Valid placements.")
    minimal: BigInt = Field(description="Minimal ones among them.")
    kept: int = Field(description="Placements that are listed, the best that fail among them.")
    truncated_at: int | None = Field(description="Placements after which the search stopped; 0: none was tried.")


class PlaceRecord(VariableRecord):
    """A variable where it stands, with every interchange of it; matrices are ``[source][base]``, in binary order."""

    place: str = Field(description="As addresses write it: PATH:LAYER.NEURON+NEURON, or LAYER=w1,w2,… of directions.")
    site: str = Field(description="As people write it.")
    agreed: int = Field(description="Tested interchanges that end as the algorithm says.")
    tested: int
    margin: float | None = Field(description="Smallest distance of a tested output from the edge of the decision.")
    is_tested: list[list[bool]] = Field(description="Whether the protocol tests the pair.")
    outputs: list[list[float]] = Field(description="What the network puts out.")
    decisions: list[list[int]] = Field(description="What the protocol makes of it: 0, 1, or −1 for neither.")
    expected: list[list[int]] = Field(description="What the algorithm says.")


class AlignedRecord(ExplanationRecord):
    """An algorithm with a place for each of its variables."""

    algorithm: str
    formula: str
    alignment: str = Field(description="First 16 hex digits of the hash of algorithm and places.")
    agreed: int = Field(description="Tested interchanges that end as the algorithm says, of all variables.")
    tested: int
    valid: bool = Field(description="Whether all do.")
    margin: float | None = Field(description="Null where nothing was tested.")
    fragile: bool = Field(description="Whether the margin is below 1e-6.")


class AlignmentRecord(AlignedRecord):
    """An algorithm whose variables stand on sets of neurons."""

    kind: Literal["alignment"] = "alignment"
    minimal: bool | None = Field(description="Null where that was not decided, some place being too large.")
    places: list[PlaceRecord]


class DirectionPlaceRecord(PlaceRecord):
    """A variable on linear directions of a layer."""

    layer: int
    reads: list[list[float]] = Field(description="Read-outs w, one number for each neuron.")
    swaps: list[list[float]] = Field(description="Swap directions of their own; empty for the orthogonal swap.")
    projections: list[list[float]] = Field(description="w·h on every input, for each read-out.")
    gain: float | None = Field(description="The variable is read as gain · w·h + constant; null of subspaces.")
    constant: float | None
    residual: float | None = Field(description="Largest difference from the variable on the inputs; 1/2 reads nothing.")
    separated: bool | None = Field(description="Whether a threshold at 1/2 tells its values apart.")


class JointCaseRecord(ByName):
    """A joint interchange on which network and algorithm differ."""

    sources: list[int] = Field(description="Row of the input for each variable, in order of path.")
    base: int
    expected: int
    output: float


class DirectionRecord(AlignedRecord):
    """An algorithm whose variables stand on linear directions."""

    kind: Literal["direction"] = "direction"
    text: str = Field(description="All that it is, given its algorithm.")
    found_by: list[str] = Field(description="Classes whose stored search holds it.")
    joint_agreed: int | None = Field(description="With every variable from a source of its own; null if not run.")
    joint_tested: int | None
    joint_margin: float | None
    joint_wrong: JointCaseRecord | None = Field(description="The first joint interchange that fails.")
    causal_order: bool = Field(description="Whether each variable is in an earlier layer than those computed from it.")
    places: list[DirectionPlaceRecord]
