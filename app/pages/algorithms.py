"""The list of candidate algorithms of one analysis, and one algorithm with its kept alignments."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any, Final, Literal, cast

from pydantic import Field, field_validator
from sqlalchemy.orm import Session

from analysis.algorithms.catalogue import candidate_algorithms
from analysis.algorithms.high_level_model import Form, HighLevelModel
from analysis.algorithms.redundancy import irredundancy
from analysis.alignments.alignment import IIA, Alignment
from analysis.alignments.iia import check_alignment, interchange_matrix
from analysis.protocol import Protocol
from analysis.tasks import INPUT_NAMES, Task
from app.addressing import Addresses, ExplanationRef
from app.db.codecs import alignment_of
from app.db.reads import algorithms as reads
from app.db.reads.networks import jobs_for
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow
from app.errors import NotFound
from app.figures.svg import Hues
from app.pages.cursors import read_cursor, write_cursor
from app.pages.formulas import (
    IRREDUNDANT_LABELS,
    AlgorithmView,
    FormulaNode,
    FractionView,
    PlacedView,
    VerdictView,
    algorithm_view,
    formula_tree,
    hue_tables,
    hues_of,
    placed_views,
    read_algorithm,
)
from app.pages.shared import (
    BigInt,
    NetworkView,
    PageModel,
    Place,
    ScopeOptions,
    ScopeView,
    latest_job,
    locate,
    network_view,
    scope_view,
)

N_FOR_HUES: Final = 100
MAX_COMPUTED_INPUTS: Final = 3  # of tasks whose candidates a page can list by itself; beyond, some take half a minute
Sort = Literal["order", "valid", "minimal", "iia", "gates", "variables", "depth"]
Irredundance = Literal["irredundant-gates", "irredundant-functions", "irredundant-literals"]
Emptiness = Literal["", "not_analysed", "computing", "failed", "none_exist", "truncated", "filtered_out"]
SORT_LABELS: Final[dict[Sort, str]] = {
    "order": "simplest first",
    "valid": "most valid alignments",
    "minimal": "most minimal alignments",
    "iia": "best IIA",
    "gates": "fewest gates",
    "variables": "fewest variables",
    "depth": "least depth",
}


class AlgorithmsOptions(ScopeOptions):
    """Options of the list of algorithms."""

    aligned: bool = Field(False, description="Only algorithms with at least one valid alignment.")
    minimal: bool = Field(False, description="Only algorithms with at least one minimal alignment.")
    irredundant: list[Irredundance] = Field(
        [], max_length=3, description="Redundancy classes that the algorithms must all belong to."
    )
    variables: int | None = Field(None, ge=0, le=64, description="Exact number of variables.")
    q: str = Field(
        "", max_length=200, description="Piece of the formula or of the identity text; & | ! may stand for ∧ ∨ ¬."
    )
    sort: Sort = Field("order", description="Order of the list; ties in the protocol's order.")
    after: str = Field("", max_length=200, description="Cursor: where the page before ended.")
    limit: int = Field(50, ge=1, le=500, description="Algorithms on a page.")

    @field_validator("variables", mode="before")
    @classmethod
    def _nothing_chosen(cls, value: Any) -> Any:
        return None if value == "" else value  # what a form sends where nothing is chosen

    @property
    def wanted(self) -> reads.AlgorithmFilter:
        return reads.AlgorithmFilter(
            self.aligned, self.minimal, tuple(self.irredundant), self.variables, self.q.strip()
        )

    def view(self) -> dict[str, Any]:
        """The options that differ from their default, scope and cursor left out, as an address carries them."""
        values = self.model_dump(exclude={"output", "protocol", "data", "after", "theme"}, exclude_defaults=True)
        return {key: int(value) if isinstance(value, bool) else value for key, value in values.items()}


class AlgorithmItem(PageModel):
    """One line of the list."""

    algorithm: AlgorithmView
    url: str
    ref: str = Field(description="How a comparison's address names it.")
    verdicts: list[VerdictView] = Field(description="The three redundancy classes.")
    n_valid: BigInt
    n_minimal: BigInt
    n_kept: int = Field(description="Alignments stored: valid ones up to the protocol's limit, and the best that fail.")
    truncated_at: int | None = Field(description="Valid alignments stored when the limit was reached, else None.")
    best: FractionView | None = Field(description="Best IIA of any kept alignment, None if none is kept.")
    best_places: list[PlacedView] = Field([], description="Placement of the first kept alignment.")
    best_url: str = Field("", description="Address of that alignment.")


class Totals(PageModel):
    """Sums over a list of algorithms."""

    algorithms: BigInt
    aligned: int
    valid: BigInt
    minimal: BigInt


class HuedPage(PageModel):
    """A page whose drawings of more than two inputs need to know which variables take the five hues."""

    hue_tables: list[str] = Field(
        description="Truth tables of the variables most frequent in the analysis, up to negation; none for two inputs."
    )

    @cached_property
    def hues(self) -> Hues:
        """Which hue each of them has, for drawings."""
        return hues_of(self.hue_tables)


class Facet(PageModel):
    """One thing to filter by, with the number of algorithms that have it."""

    option: str
    value: str
    label: str
    n: int
    chosen: bool

    @property
    def count(self) -> int:
        return self.n

    @property
    def checked(self) -> bool:
        return self.chosen


class AlgorithmsPage(HuedPage):
    """Candidate algorithms of one analysis."""

    network: NetworkView
    scope: ScopeView
    items: list[AlgorithmItem]
    totals: Totals = Field(description="Of the algorithms that the filters let through.")
    of: Totals = Field(description="Of all algorithms of the analysis.")
    n_candidates: BigInt = Field(description="Algorithms that compute the task, stored or not.")
    search: Literal["listed", "by_support"] = Field(
        description="Whether each candidate was tried, or trees were grown only where the network supports their "
        "variables; then the simplest ones and every one that can be placed are stored, and the others fail."
    )
    every: Totals = Field(description="Of all candidates, stored or not.")
    truncated_at: int | None
    placements_untried: bool = Field(
        description="Whether some algorithm's placements were not searched, there being too many of them."
    )
    facets: list[Facet]
    filtered: bool = Field(description="Whether any filter is chosen.")
    sort: Sort
    q: str
    emptiness: Emptiness = Field(
        description="Why the list is empty: these are never the same; empty text if it is not."
    )
    after: str
    next: str | None = Field(description="Cursor of the next page.")
    next_url: str | None
    first_url: str
    bare_url: str = Field(description="The list without any filter.")
    analyse_url: str = Field(description="POST here to run the analysis.")
    url: str

    @property
    def sorts(self) -> dict[Sort, str]:
        """The orders to choose from, in words."""
        return SORT_LABELS

    def options_of(self, option: str) -> list[Facet]:
        """The facets of one option, for the form."""
        return [facet for facet in self.facets if facet.option == option]


def build_algorithms(
    session: Session, addresses: Addresses, network: str, options: AlgorithmsOptions
) -> AlgorithmsPage:
    """The list that an address names.

    Raises:
        NotFound: no such network, output, protocol or data record.
        BadQuery: a cursor that no page gave out.
    """
    place, scope = locate_with_scope(session, addresses, network, options)
    slug, view = place.row.slug, options.view()
    rows: list[AlgorithmRow] = []
    totals = of = reads.AlgorithmTotals(0, 0, 0, 0)
    facets, cursor = [], None
    if place.analysis is not None:
        after = read_cursor(options.after, _order(options)) if options.after else None
        rows, cursor = reads.algorithms_after(
            session, place.analysis.id, options.wanted, sort=options.sort, after=after, limit=options.limit
        )
        of = reads.algorithm_totals(session, place.analysis, reads.AlgorithmFilter())
        totals = reads.algorithm_totals(session, place.analysis, options.wanted)
        facets = _facets(reads.algorithm_facets(place.analysis), options)
    first_alignments = reads.first_alignments(session, rows)
    following = None if cursor is None else write_cursor(_order(options), cursor)
    return AlgorithmsPage(
        network=network_view(place.row, addresses, place.network),
        scope=scope,
        hue_tables=frequent_tables(session, place),
        items=[_item(row, first_alignments.get(row.id), place, addresses) for row in rows],
        totals=_totals(totals),
        of=_totals(of),
        n_candidates=0 if place.analysis is None else place.analysis.algorithms_candidates,
        search="by_support" if place.analysis and place.analysis.distributions.get("candidates") else "listed",
        every=_every(place.analysis),
        truncated_at=None if place.analysis is None else place.analysis.algorithms_truncated_at,
        placements_untried=place.analysis is not None and reads.placements_untried(session, place.analysis),
        facets=facets,
        filtered=options.wanted != reads.AlgorithmFilter(),
        sort=options.sort,
        q=options.q,
        emptiness="" if rows else _emptiness(place, scope, of.algorithms),
        after=options.after,
        next=following,
        next_url=None if following is None else addresses.algorithms(slug, place.scope, **view, after=following),
        first_url=addresses.algorithms(slug, place.scope, **view),
        bare_url=addresses.algorithms(slug, place.scope),
        analyse_url=addresses.analyses(slug),
        url=addresses.algorithms(slug, place.scope, **view, after=options.after),
    )


class AlgorithmOptions(ScopeOptions):
    """Options of one algorithm's page."""

    place: list[str] = Field(
        [],
        max_length=64,
        description="A placement of every variable, PATH:LAYER.NEURON+NEURON each, e.g. 0:1.0+2: leads to that "
        "alignment, stored or not. One option for each variable.",
    )
    minimal: bool = Field(False, description="Only minimal alignments.")
    after: str = Field("", max_length=16, description="Cursor: id of the last alignment of the page before.")
    limit: int = Field(50, ge=1, le=500, description="Alignments on a page.")


class MissView(PageModel):
    """One variable of a failing alignment that does not keep to its interchange interventions."""

    path: str
    formula: str
    site: str
    score: FractionView
    source: str = Field(description="Source input of the first failing pair.")
    base: str = Field(description="Base input of the first failing pair.")
    expected: int = Field(description="What the algorithm says there.")
    output: float = Field(description="What the network puts out there.")


class AlignmentItem(PageModel):
    """One kept alignment of an algorithm."""

    id: str
    url: str
    ref: str
    places: list[PlacedView]
    iia: FractionView
    valid: bool
    minimal: bool
    n_neurons: int
    margin: float | None = Field(
        description="Smallest distance of a tested output from the edge; None: nothing tested."
    )
    misses: list[MissView] = Field(description="Why it fails, by variable; empty if it is valid.")


class AlgorithmPage(HuedPage):
    """One candidate algorithm of one analysis and its kept alignments."""

    network: NetworkView
    scope: ScopeView
    algorithm: AlgorithmView
    tree: FormulaNode
    ref: str
    position: int = Field(description="Its place in the protocol's order, from 0.")
    of_algorithms: int
    verdicts: list[VerdictView]
    input_names: str = Field(description="The inputs' letters, in the order of their bits.")
    inputs: list[str] = Field(description="Every input as its bits, in binary order: the rows of all truth tables.")
    n_valid: BigInt
    n_minimal: BigInt
    n_kept: int
    truncated_at: int | None
    items: list[AlignmentItem]
    minimal_only: bool
    every_url: str = Field(description="The page with all kept alignments.")
    minimal_url: str = Field(description="The page with minimal alignments only.")
    emptiness: Literal["", "none_exist", "truncated", "filtered_out"]
    after: str
    next: str | None
    next_url: str | None
    first_url: str
    url: str


def build_algorithm(
    session: Session, addresses: Addresses, network: str, algorithm_id: str, options: AlgorithmOptions
) -> AlgorithmPage:
    """The page of an algorithm of a stored analysis.

    Raises:
        NotFound: the analysis has no such algorithm, or the cursor names none of its alignments.
    """
    place, scope = locate_with_scope(session, addresses, network, options)
    row = find_algorithm_row(session, addresses, place, algorithm_id)
    algorithm = algorithm_of(row, place)
    slug = place.row.slug
    after = None
    if options.after:
        after = reads.find_alignment(session, row, options.after)
        if after is None:
            raise NotFound(
                f"after {options.after!r}",
                "is no kept alignment of this algorithm",
                "start from the first page",
                field="after",
                parent=addresses.algorithm(slug, row.algorithm_id, place.scope),
                parent_label=f"algorithm {row.algorithm_id}",
            )
    rows, more = reads.alignments_after(session, row, after=after, limit=options.limit, minimal_only=options.minimal)
    view = {"minimal": 1 if options.minimal else None, "limit": options.limit if options.limit != 50 else None}
    following = rows[-1].alignment_id if more else None
    return AlgorithmPage(
        network=network_view(place.row, addresses, place.network),
        scope=scope,
        hue_tables=frequent_tables(session, place),
        algorithm=algorithm_view(algorithm),
        tree=formula_tree(algorithm),
        ref=str(ExplanationRef("algorithm", row.algorithm_id)),
        position=row.position,
        of_algorithms=0 if place.analysis is None else reads.algorithm_facets(place.analysis).total,
        verdicts=verdicts_of(row),
        input_names=INPUT_NAMES[: place.network.n_inputs],
        inputs=[input_text(number, place.network.n_inputs) for number in range(1 << place.network.n_inputs)],
        n_valid=row.n_valid,
        n_minimal=row.n_minimal,
        n_kept=row.n_kept,
        truncated_at=row.truncated_at,
        every_url=addresses.algorithm(slug, row.algorithm_id, place.scope),
        minimal_url=addresses.algorithm(slug, row.algorithm_id, place.scope, minimal=1),
        items=[alignment_item(alignment, algorithm, place, addresses) for alignment in rows],
        minimal_only=options.minimal,
        emptiness="" if rows else _kept_emptiness(row),
        after=options.after,
        next=following,
        next_url=None
        if following is None
        else addresses.algorithm(slug, row.algorithm_id, place.scope, **view, after=following),
        first_url=addresses.algorithm(slug, row.algorithm_id, place.scope, **view),
        url=addresses.algorithm(slug, row.algorithm_id, place.scope, **view, after=options.after),
    )


def locate_with_scope(
    session: Session, addresses: Addresses, network: str, options: ScopeOptions
) -> tuple[Place, ScopeView]:
    """What an address's scope names, and how far its analysis is."""
    place = locate(session, addresses, network, options.scope)
    jobs = [] if place.analysis is not None else jobs_for(session, [place.row.digest])
    job = latest_job(jobs, place.scope, place.network.n_inputs)
    return place, scope_view(place, job, addresses)


def frequent_tables(session: Session, place: Place) -> list[str]:
    """Which variables take the five hues: those most frequent among the algorithms with most alignments."""
    if place.analysis is None or place.network.n_inputs <= 2:
        return []
    rows, _ = reads.algorithms_after(
        session, place.analysis.id, reads.AlgorithmFilter(), sort="valid", limit=N_FOR_HUES
    )
    views = [algorithm_view(algorithm_of(row, place)) for row in rows]
    return hue_tables(variable.truth_table for view in views for variable in view.variables)


def find_algorithm_row(session: Session, addresses: Addresses, place: Place, algorithm_id: str) -> AlgorithmRow:
    """The row of an algorithm that an address names; one that no row stores is found among the task's candidates.

    Raises:
        NotFound: it is no candidate, or there are too many candidates to look for it in a page.
    """
    slug = place.row.slug
    row = None if place.analysis is None else reads.find_algorithm(session, place.analysis.id, algorithm_id)
    if row is None:
        row = _computed_row(place, algorithm_id)
    if row is None:
        protocol = place.protocol.name
        raise NotFound(
            f"algorithm {algorithm_id[:40]!r}",
            f"output {place.scope.output} of {slug} has not been analysed under {protocol}, so no algorithm is listed"
            if place.analysis is None and place.network.n_inputs > MAX_COMPUTED_INPUTS
            else f"is no candidate of {slug}, output {place.scope.output}, under {protocol}; an id is the hash of a "
            "formula and cannot be read back",
            "choose it from the list of algorithms",
            field="algorithm",
            parent=addresses.algorithms(slug, place.scope),
            parent_label=f"algorithms of {slug}",
        )
    return row


def _computed_row(place: Place, algorithm_id: str) -> AlgorithmRow | None:
    """A row, in no session, for a candidate that is not stored; its placements count as not searched."""
    if place.network.n_inputs > MAX_COMPUTED_INPUTS or place.network.n_hidden_layers < 1:
        return None
    candidates = _candidates(place.task.truth_table, place.protocol, place.network.n_hidden_layers)
    found = candidates.get(algorithm_id)
    if found is None:
        return None
    position, algorithm = found
    passed = irredundancy(algorithm)
    return AlgorithmRow(
        algorithm_id=algorithm.id,
        position=position,
        form=algorithm.form,
        text=algorithm.text,
        formula=algorithm.formula,
        depth=algorithm.depth,
        n_gates=algorithm.n_gates,
        n_variables=len(algorithm.variables),
        **{key.replace("-", "_"): passed.get(key) for key in IRREDUNDANT_LABELS},
        n_valid=0,
        n_minimal=0,
        n_kept=0,
        truncated_at=0,
    )


@lru_cache(maxsize=32)
def _candidates(
    truth_table: tuple[int, ...], protocol: Protocol, n_hidden_layers: int
) -> dict[str, tuple[int, HighLevelModel]]:
    """Every candidate for a task by id, with its position: some ten thousand in a tenth of a second."""
    found = candidate_algorithms(Task(truth_table), protocol, n_hidden_layers).algorithms
    return {algorithm.id: (position, algorithm) for position, algorithm in enumerate(found)}


def algorithm_of(row: AlgorithmRow, place: Place) -> HighLevelModel:
    """The algorithm's tree, read from its identity text."""
    return read_algorithm(row.text, cast("Form", row.form), place.network.n_inputs)


def verdicts_of(row: AlgorithmRow) -> list[VerdictView]:
    """The three redundancy classes of an algorithm."""
    values = (row.irredundant_gates, row.irredundant_functions, row.irredundant_literals)
    return [
        VerdictView(
            criterion=key,
            label=label,
            verdict="not_tested" if value is None else "passed" if value else "failed",
        )
        for (key, label), value in zip(IRREDUNDANT_LABELS.items(), values, strict=True)
    ]


def alignment_item(row: AlignmentRow, algorithm: HighLevelModel, place: Place, addresses: Addresses) -> AlignmentItem:
    """A kept alignment as lists show it; the reasons of a failing one are computed on the spot."""
    alignment = alignment_of(row, algorithm.text).alignment
    placed = placed_views(algorithm, alignment)
    return AlignmentItem(
        id=row.alignment_id,
        url=addresses.alignment(place.row.slug, algorithm.id, row.alignment_id, place.scope),
        ref=str(ExplanationRef("alignment", algorithm.id, row.alignment_id)),
        places=placed,
        iia=FractionView(agreed=row.agreed, of=row.of),
        valid=row.valid,
        minimal=row.minimal,
        n_neurons=row.n_neurons,
        margin=row.margin,
        misses=[] if row.valid else misses_of(algorithm, alignment, placed, place),
    )


def interchange_score(place: Place, algorithm: HighLevelModel, alignment: Alignment) -> IIA:
    """The IIA of any placement, one variable at a time; unlike a full score it asks for no smaller placement.

    Raises:
        InvalidAlignment: places that do not fit the algorithm or the network.
    """
    check_alignment(place.cut, algorithm, alignment, place.protocol)
    agreed = of = 0
    for path, site in alignment.places:
        matrix = interchange_matrix(place.cut, algorithm, path, site, place.protocol, place.data)
        agreed, of = agreed + int((matrix.tested & matrix.agreed).sum()), of + int(matrix.tested.sum())
    return IIA(agreed, of)


def misses_of(
    algorithm: HighLevelModel, alignment: Alignment, placed: list[PlacedView], place: Place
) -> list[MissView]:
    """Which variables of an alignment fail, with the first pair on which each does."""
    misses = []
    for view, (path, site) in zip(placed, sorted(alignment.places, key=lambda p: (len(p[0]), p[0])), strict=True):
        matrix = interchange_matrix(place.cut, algorithm, path, site, place.protocol, place.data)
        failing = (matrix.tested & ~matrix.agreed).nonzero()
        if not len(failing[0]):
            continue
        source, base = int(failing[0][0]), int(failing[1][0])
        tested = int(matrix.tested.sum())
        misses.append(
            MissView(
                path=path,
                formula=view.formula,
                site=view.site,
                score=FractionView(agreed=tested - len(failing[0]), of=tested),
                source=input_text(source, place.network.n_inputs),
                base=input_text(base, place.network.n_inputs),
                expected=int(matrix.expected[source, base]),
                output=float(matrix.outputs[source, base]),
            )
        )
    return misses


def input_text(row: int, n_inputs: int) -> str:
    """An input as its bits, e.g. 01."""
    return f"{row:0{n_inputs}b}"


def _order(options: AlgorithmsOptions) -> str:
    return f"algorithms {options.sort}"


def _item(row: AlgorithmRow, first: AlignmentRow | None, place: Place, addresses: Addresses) -> AlgorithmItem:
    algorithm = algorithm_of(row, place)
    return AlgorithmItem(
        algorithm=algorithm_view(algorithm),
        url=addresses.algorithm(place.row.slug, row.algorithm_id, place.scope),
        ref=str(ExplanationRef("algorithm", row.algorithm_id)),
        verdicts=verdicts_of(row),
        n_valid=row.n_valid,
        n_minimal=row.n_minimal,
        n_kept=row.n_kept,
        truncated_at=row.truncated_at,
        best=None if row.best_of is None else FractionView(agreed=row.best_agreed or 0, of=row.best_of),
        best_places=[] if first is None else placed_views(algorithm, alignment_of(first, algorithm.text).alignment),
        best_url=""
        if first is None
        else addresses.alignment(place.row.slug, row.algorithm_id, first.alignment_id, place.scope),
    )


def _totals(totals: reads.AlgorithmTotals) -> Totals:
    return Totals(algorithms=totals.algorithms, aligned=totals.aligned, valid=totals.valid, minimal=totals.minimal)


def _every(analysis: AnalysisRow | None) -> Totals:
    """Totals of all candidates, as they were kept with the analysis."""
    if analysis is None:
        return Totals(algorithms=0, aligned=0, valid=0, minimal=0)
    return Totals(
        algorithms=analysis.algorithms_candidates,
        aligned=analysis.algorithms_aligned,
        valid=analysis.alignments_valid,
        minimal=analysis.alignments_minimal,
    )


def _facets(facets: reads.AlgorithmFacets, options: AlgorithmsOptions) -> list[Facet]:
    found = [
        Facet(option="aligned", value="1", label="with a valid alignment", n=facets.aligned, chosen=options.aligned),
        Facet(option="minimal", value="1", label="with a minimal one", n=facets.minimal, chosen=options.minimal),
    ]
    found += [
        Facet(
            option="irredundant", value=key, label=label, n=facets.irredundant[key], chosen=key in options.irredundant
        )
        for key, label in IRREDUNDANT_LABELS.items()
    ]
    found += [
        Facet(option="variables", value=str(number), label=str(number), n=n, chosen=number == options.variables)
        for number, n in facets.variables.items()
    ]
    return found


def _kept_emptiness(row: AlgorithmRow) -> Literal["none_exist", "truncated", "filtered_out"]:
    """Why no alignment of an algorithm is listed."""
    if row.n_kept:
        return "filtered_out"
    return "none_exist" if row.truncated_at is None else "truncated"


def _emptiness(place: Place, scope: ScopeView, n_stored: int) -> Emptiness:
    """Why a list is empty: the three kinds of spec §7, and that filters let nothing through."""
    if place.analysis is None:
        return {"computing": "computing", "failed": "failed"}.get(scope.state, "not_analysed")  # type: ignore[return-value]
    if n_stored:
        return "filtered_out"
    return "truncated" if place.analysis.algorithms_truncated_at is not None else "none_exist"
