"""Stories: which irredundant algorithms the circuits of one analysis carry, beside those of the whole network."""

from __future__ import annotations

from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.parsing import parse_algorithm
from analysis.alignments.alignment import Alignment
from analysis.alignments.search import align_with
from analysis.errors import BeyondLimits
from analysis.interventions.neuron_set import NeuronSet
from analysis.limits import Limits
from analysis.networks.circuit import Circuit, mask_array
from analysis.stories.relation import RELATIONS, Relation
from analysis.stories.search import SweepOfSites, Unasked, all_stories, circuit_decisions
from analysis.work import Work
from app.addressing import Addresses
from app.db.reports import report_of, report_row
from app.db.stories import (
    STORIES,
    StoredContrast,
    StoredGrain,
    StoredGrainAlgorithm,
    StoredStory,
    StoriesReport,
)
from app.figures.numbers import noun
from app.options import BigInt, PageModel, ScopeOptions
from app.pages.candidates import input_texts
from app.pages.formulas import AlgorithmLink, AlgorithmView, FractionView, PlacedView, algorithm_view, placed_views
from app.pages.place import Place, locate_boolean
from app.pages.placements import site_label
from app.pages.reports.state import ReportPage, report_fields
from app.pages.shared import ScopeView, scope_now
from pluriscope.naming import ExplanationRef

RELATION_WORDS: Final[dict[Relation, tuple[str, str]]] = {
    "same": ("same", "exactly the algorithms that the whole network carries"),
    "narrower": ("narrower", "some of them, not all"),
    "wider": ("wider", "all of them and more"),
    "opposite": ("opposite", "others only"),
    "none": ("none", "no algorithm, although the whole network carries some"),
    "overlapping": ("overlapping", "some of them, and others"),
}
"""What pages call each relation, and what the circuits carry."""


class RelationCount(PageModel):
    """Circuits whose story has one relation to the whole network's."""

    relation: Relation
    label: str
    meaning: str
    circuits: FractionView = Field(description="Of those asked.")
    interval: tuple[float, float] | None = Field(
        description="Bounds on its share among all valid circuits; null if all were asked, or they are no sample."
    )
    url: str = Field(description="The list of these circuits.")


class SizeRow(PageModel):
    """Circuits with so many edges, by relation, in the order of ``relations``."""

    edges: int
    circuits: list[int]
    urls: list[str] = Field(description="The list of these circuits; empty where there is none.")
    relations: list[Relation] = Field(description="Those that occur, in the same order.")


class StoryCircuit(PageModel):
    """A circuit that tells a story."""

    mask: str
    url: str
    ref: str


class StoryView(PageModel):
    """One set of algorithms, and some of the circuits that carry exactly these."""

    algorithms: list[AlgorithmLink]
    relation: Relation
    circuits: int
    examples: list[StoryCircuit] = Field(description="The smallest.")


class ContrastView(PageModel):
    """A circuit with another story beside the most similar usual one, and an interchange on which they part."""

    relation: Relation
    story: list[AlgorithmLink]
    circuit: StoryCircuit
    usual: StoryCircuit
    usual_is_same: bool = Field(description="Whether the other one tells the network's story, else the commonest.")
    algorithm: AlgorithmLink
    carried_by_usual: bool = Field(description="Which of the two carries it.")
    variable: str
    site: str
    source: str
    base: str
    expected: int = Field(description="What the algorithm says, and the circuit that carries it decides.")
    decided: int = Field(description="What the other circuit decides.")
    compare_url: str


class GrainAlgorithmView(PageModel):
    """An irredundant algorithm that the whole network carries."""

    algorithm: AlgorithmView
    url: str = Field(description='Its page; "" of one with a shared gate, which these rules have no page for.')
    minimal: BigInt = Field(description="Minimal alignments.")
    places: list[PlacedView] = Field(description="Its smallest alignment.")
    refines: bool = Field(description="Whether it shares a gate and is finer than all that are carried and share none.")


class GrainsView(PageModel):
    """At which grain the whole network carries its algorithms; without ``considered`` the reason says why not."""

    considered: int
    reason: str
    carried: list[GrainAlgorithmView]
    words: str

    @property
    def shared(self) -> list[GrainAlgorithmView]:
        """Those that share a gate."""
        return [one for one in self.carried if one.algorithm.form == "shared_gates" and not one.url]


class StoriesPage(ReportPage):
    """The page of stories."""

    scope: ScopeView
    told: bool = Field(description="Whether circuits were asked; if not, the reason says why.")
    arises: bool = Field(description="Whether the question arises for this task.")
    reason: str
    algorithms: list[AlgorithmLink]
    whole: list[AlgorithmLink] = Field(description="What the whole network carries.")
    asked: int
    of: BigInt = Field(description="Circuits that they stand for.")
    exact: bool = Field(description="Whether all valid circuits were asked.")
    drawn: bool = Field(description="Whether those asked are a uniform sample of all valid ones.")
    confidence: float
    relations: list[RelationCount]
    by_edges: list[SizeRow]
    stories: list[StoryView]
    contrasts: list[ContrastView]
    grain: GrainsView | None = Field(None, description="Null of other algorithms than trees, and of older reports.")
    request_url: str = Field(description="A form sent here asks for the stories.")
    request_fields: list[tuple[str, str]]
    circuits_url: str


def build_stories(session: Session, addresses: Addresses, network: str, options: ScopeOptions) -> StoriesPage:
    """The stories of one analysis.

    Raises:
        NotFound: no such network, output, protocol or data record, or rows that stand for no Boolean inputs.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    row = report_row(session, place.analysis, STORIES)
    report = StoriesReport(arises=True) if row is None else report_of(row, StoriesReport)
    view = _Viewer(place, addresses, report)
    slug, scope = place.row.slug, place.scope
    shown = [relation for relation in RELATIONS if report.counts.get(relation) or relation != "overlapping"]
    return StoriesPage.showing(
        report,
        **report_fields(session, place, addresses, STORIES, row),
        scope=scope_now(session, place, addresses),
        algorithms=view.algorithms,
        whole=[view.algorithms[one] for one in report.whole],
        relations=[view.relation(relation) for relation in shown] if report.told else [],
        by_edges=[view.size(edges, row, shown) for edges, row in report.by_edges],
        stories=[view.story(one) for one in report.stories],
        contrasts=[view.contrast(one) for one in report.contrasts],
        grain=None if report.grain is None else view.grain(report.grain),
        findings=[] if row is None else findings_of(report, view),
        url=addresses.stories(slug, scope),
        request_url=addresses.stories(slug),
        request_fields=scope.fields,
        circuits_url=addresses.circuits(slug, scope),
    )


class _Viewer:
    """Makes the parts of the page of one report."""

    def __init__(self, place: Place, addresses: Addresses, report: StoriesReport) -> None:
        self._place, self._addresses, self._report = place, addresses, report
        form, n_inputs = place.question.protocol.algorithm_form, place.question.model.n_inputs
        self._values: list[HighLevelModel] = [parse_algorithm(text, form, n_inputs) for text in report.algorithms]
        self.algorithms = [
            AlgorithmLink(id=one.id, formula=one.formula, url=addresses.algorithm(place.row.slug, one.id, place.scope))
            for one in self._values
        ]
        self._inputs = input_texts(place)

    def relation(self, relation: Relation) -> RelationCount:
        label, meaning = RELATION_WORDS[relation]
        report = self._report
        return RelationCount(
            relation=relation,
            label=label,
            meaning=meaning,
            circuits=FractionView(agreed=report.counts[relation], of=report.asked),
            interval=report.intervals.get(relation),
            url=self._list(relation),
        )

    def size(self, edges: int, row: list[int], shown: list[Relation]) -> SizeRow:
        numbers = [row[RELATIONS.index(relation)] for relation in shown]
        urls = [
            self._list(relation, edges_min=edges, edges_max=edges) if n else ""
            for relation, n in zip(shown, numbers, strict=True)
        ]
        occurring = [relation for relation, n in zip(shown, numbers, strict=True) if n]
        return SizeRow(edges=edges, circuits=numbers, urls=urls, relations=occurring)

    def _list(self, relation: Relation, **more: int) -> str:
        slug, scope = self._place.row.slug, self._place.scope
        return self._addresses.explanations(slug, scope, kind="circuit", story=relation, **more)

    def circuit(self, mask: str) -> StoryCircuit:
        url = self._addresses.circuit(self._place.row.slug, mask, self._place.scope)
        return StoryCircuit(mask=mask, url=url, ref=str(ExplanationRef("circuit", mask)))

    def story(self, one: StoredStory) -> StoryView:
        return StoryView.showing(
            one,
            algorithms=[self.algorithms[number] for number in one.algorithms],
            examples=[self.circuit(mask) for mask in one.examples],
        )

    def grain(self, told: StoredGrain) -> GrainsView:
        carried = [self._carried_whole(one) for one in told.carried]
        trees, refining = sum(bool(one.url) for one in carried), sum(one.refines for one in carried)
        if len(carried) == trees:
            words = "It carries no algorithm with a shared gate."
            if trees > 1:
                words += " So what it carries beside each other is not one explanation at two grains."
        elif refining and trees > 1:
            words = (
                f"What it carries does not contradict itself: the {trees} trees follow from "
                f"{'the finer algorithm' if refining == 1 else f'each of the {refining} finer algorithms'} that it "
                "carries too."
            )
        else:
            words = f"It carries {noun(len(carried) - trees, 'algorithm')} with a shared gate."
        return GrainsView.showing(told, carried=carried, words=words)

    def _carried_whole(self, one: StoredGrainAlgorithm) -> GrainAlgorithmView:
        algorithm = parse_algorithm(one.text, "shared_gates", self._place.question.model.n_inputs)
        places = [(path, NeuronSet(layer, tuple(neurons))) for path, layer, neurons in one.places]
        url = next((link.url for link in self.algorithms if link.id == algorithm.id), "")
        return GrainAlgorithmView.showing(
            one,
            algorithm=algorithm_view(algorithm),
            url=url,
            places=placed_views(algorithm, Alignment.of(algorithm.text, places)),
        )

    def contrast(self, one: StoredContrast) -> ContrastView:
        told = next(story for story in self._report.stories if one.mask in story.examples)
        usual = self._report.counts["same"] > 0
        variable = next(v for v in self._values[one.algorithm].variables if v.path == one.path)
        refs = [ExplanationRef("circuit", mask) for mask in (one.usual, one.mask)]
        return ContrastView(
            relation=told.relation,
            story=[self.algorithms[number] for number in told.algorithms],
            circuit=self.circuit(one.mask),
            usual=self.circuit(one.usual),
            usual_is_same=usual,
            algorithm=self.algorithms[one.algorithm],
            carried_by_usual=one.carrier == one.usual,
            variable=variable.shown,
            site=site_label(NeuronSet(one.layer, tuple(one.neurons))),
            source=self._inputs[one.source],
            base=self._inputs[one.base],
            expected=one.expected,
            decided=one.decided,
            compare_url=self._addresses.compare(self._place.row.slug, refs, self._place.scope),
        )


def findings_of(report: StoriesReport, view: _Viewer) -> list[str]:
    """What the numbers say, and of how many circuits."""
    if not report.told:
        return []
    whole = " and ".join(view.algorithms[one].formula for one in report.whole)
    network = f"The whole network carries {whole}." if whole else "The whole network carries no irredundant algorithm."
    if not report.asked:
        return [network, "No circuit is valid, so there is none to ask."]
    same = report.counts["same"]
    circuits = f"{report.asked:,} valid circuit{'' if report.asked == 1 else 's'}"
    if report.exact:
        told = f"Of its {circuits}, {same:,} tell{'s' if same == 1 else ''} the same story."
        if same == report.asked:
            told = f"{'Its' if report.asked == 1 else f'All {report.asked:,}'} valid circuit" + (
                " tells the same story." if report.asked == 1 else "s tell the same story."
            )
    elif report.drawn:
        low, high = report.intervals["same"]
        told = (
            f"Of {circuits} drawn uniformly from {report.of:,}, {same:,} tell the same story: with "
            f"{report.confidence:.0%} confidence between {low:.1%} and {high:.1%} of all."
        )
    else:
        told = f"Of the {report.asked:,} valid circuits that are listed, {same:,} tell the same story; others exist."
    opposite = report.counts["opposite"]
    rest = "" if not opposite else f" {opposite:,} tell{'s' if opposite == 1 else ''} the opposite one."
    return [network, told + rest]


# --- one circuit at its own address


MAX_CANDIDATES_ON_PAGES: Final = 2_000
MAX_PRODUCTS_ON_PAGES: Final = 50_000_000  # a quarter of a second
N_PLACEMENTS: Final = 3


class CarriedView(PageModel):
    """An irredundant algorithm that a circuit carries."""

    algorithm: AlgorithmLink
    n_minimal: BigInt = Field(description="Minimal alignments on the ablated network.")
    placements: list[list[PlacedView]] = Field(description=f"The first {N_PLACEMENTS} of them.")


class CircuitStory(PageModel):
    """What one circuit carries; without a relation the reason says why that is not known."""

    relation: Relation | None
    meaning: str
    reason: str
    carried: list[CarriedView]
    whole: list[AlgorithmLink] = Field(description="What the whole network carries.")
    stories_url: str


def circuit_story(place: Place, circuit: Circuit, addresses: Addresses) -> CircuitStory:
    """What one circuit carries, found out from the weights."""
    question, slug, scope = place.question, place.row.slug, place.scope
    url = addresses.stories(slug, scope)

    def unknown(reason: str) -> CircuitStory:
        return CircuitStory(relation=None, meaning="", reason=reason, carried=[], whole=[], stories_url=url)

    if question.data.boolean and question.cut.hidden_sizes:
        try:
            too_large = SweepOfSites(question).products > MAX_PRODUCTS_ON_PAGES
        except BeyondLimits:
            too_large = True
        if too_large:
            return unknown("The network is too large to find that out on a page.")
    work = Work(limits=Limits(max_candidates=MAX_CANDIDATES_ON_PAGES))
    found = all_stories(question, mask_array([circuit.mask], question.layout), work)
    if isinstance(found, Unasked):
        return unknown(found.reason)

    def link(algorithm: HighLevelModel) -> AlgorithmLink:
        return AlgorithmLink(
            id=algorithm.id, formula=algorithm.formula, url=addresses.algorithm(slug, algorithm.id, scope)
        )

    algorithms = [found.algorithms[number] for number in sorted(found.stories[0])]
    results = align_with(circuit_decisions(question, circuit), algorithms, question.protocol) if algorithms else ()
    return CircuitStory(
        relation=found.relations[0],
        meaning=RELATION_WORDS[found.relations[0]][1],
        reason="",
        carried=[
            CarriedView(
                algorithm=link(result.algorithm),
                n_minimal=result.n_minimal,
                placements=[
                    placed_views(result.algorithm, scored.alignment) for scored in result.alignments if scored.minimal
                ][:N_PLACEMENTS],
            )
            for result in results
        ],
        whole=[link(found.algorithms[number]) for number in sorted(found.whole)],
        stories_url=url,
    )
