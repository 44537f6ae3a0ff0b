"""Report of the lenses on a network: default answers, and functions on layers."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from pluriscope.analysis.methods.report import Analysed, Part, Report, Settings
from pluriscope.analysis.running.progress import LATE, Progress
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope_methods.lenses.functions import FunctionOnLayer, function_rows, functions_asked, without_sign
from pluriscope_methods.lenses.lens import (
    Attribution,
    Bands,
    Bar,
    Grid,
    Grids,
    Lens,
    LensAnswer,
    NullTest,
    Table,
    view_json,
)
from pluriscope_methods.lenses.parts import Parts, parts_kept, words_of
from pluriscope_methods.lenses.registry import LENSES

MAX_ROWS: Final = 1_000
"""Rows up to which a table is stored whole; a longer one is computed at its own address, and its counts are stored."""
_LITERALS: Final = "irredundant-literals"
MAX_FORMULAS: Final = 12
MAX_MILLISECONDS: Final = 120_000.0
"""What one lens may be expected to take to be asked with all others."""


class ViewFound(Part):
    """Answer of one lens; see :class:`pluriscope_methods.lenses.lens.LensAnswer`."""

    lens: str
    version: int = Field(1, description="Of the lens; a newer one answers otherwise.")
    settings: dict[str, Any] = Field(description="All that take part.")
    outcome: str
    notes: list[str] = Field(description="To be read first.")
    says: str = Field(description="A sentence made from the numbers; empty where there is no answer.")
    view: dict[str, Any] | None = Field(description="Null without an answer or a long table.")
    bars: tuple[Bar, ...]
    bands: Bands | None = None
    grids: tuple[Grid, ...] = ()
    tests: tuple[NullTest, ...] = Field((), description="Of structure, beside null networks.")
    stands: str = Field("", description="Whether what it shows of parts stands in every valid circuit.")


class FunctionFound(Part):
    """See :class:`pluriscope_methods.lenses.functions.FunctionRow`."""

    truth_table: list[int]
    label: str
    is_task: bool
    layers: tuple[FunctionOnLayer, ...]


class AlgorithmFound(Part):
    """An irredundant algorithm with variables."""

    id: str
    formula: str


class CarriedFound(Part):
    """Irredundant algorithms with variables that have a valid alignment."""

    known: bool = Field(description="Whether the search for placements came to its end and decided redundancy.")
    of: int = Field(description="Irredundant algorithms with variables.")
    n_carried: int
    carried: list[AlgorithmFound] = Field(description=f"The first {MAX_FORMULAS}.")


class LensesReport(Report):
    """Report of what every lens answers under its default settings."""

    thorough: bool = Field(description="Whether lenses that learn were asked too, or there are none.")
    lenses: list[ViewFound]
    carried: CarriedFound
    functions: list[FunctionFound]
    kept: dict[str, int] = Field({}, description="How many valid circuits have each neuron, or part of a transformer.")
    circuits: int = Field(0, description="How many valid circuits were looked at.")

    @property
    def all_there_is(self) -> bool:
        return self.thorough

    def outdated(self, kind: SubjectKind) -> list[str]:
        known = LENSES.of(kind)
        asked = [(one, known[one.lens]) for one in self.lenses if one.lens in known]
        return [lens.label for one, lens in asked if one.outcome == "found" and one.version < lens.version]

    def findings(self, question: SubjectQuestion) -> list[str]:
        """Sentences on how many functions can be read from layers, how many are used, and how many are carried."""
        cells = [cell for function in self.functions for cell in function.layers]
        if question.kind.refuses("formulas"):
            stands = [f"{LENSES.by_key[one.lens].label}: {one.stands}" for one in self.lenses if one.stands]
            maps = sum(bool(one.grids) for one in self.lenses)
            if maps and not self.circuits:
                return [f"{maps} lenses have heat maps; no valid circuit is known to hold beside them."]
            says = [one.says for one in self.lenses if one.says and not one.grids]
            return stands[:1] or says[:1] or ["No lens shows parts that circuits can have."]
        if not cells:
            return ["The network has no hidden layer, so only lenses about inputs apply."]
        decodable = [cell for cell in cells if cell.margin > 0]
        asked = f"the {len(cells)} pairs of a Boolean function and a hidden layer that are asked about"
        if not decodable:
            return [f"None of {asked} is decodable."]
        used = sum(bool(cell.changed) for cell in decodable)
        sentence = (
            f"Of {asked}, {len(decodable)} {'is' if len(decodable) == 1 else 'are'} decodable. "
            f"Interchanging the read-out changes some answer in {used} of them"
        )
        if not self.carried.known or not self.carried.of:
            return [f"{sentence}."]
        held = sum(bool(cell.carried) for cell in cells)
        verb = "is" if held == 1 else "are"
        return [f"{sentence}, and {held or 'none'} {verb} carried by a valid placement of an irredundant algorithm."]


def view_found(question: Any, lens: Lens, answer: LensAnswer, known: Parts = ({}, 0)) -> ViewFound:
    """The stored form of one answer, beside what valid circuits keep."""
    view = answer.view
    stored = view is not None and (not isinstance(view, Table) or len(view.rows) <= MAX_ROWS)
    bars = lens.bars(view) if isinstance(view, Table) and lens.bars is not None else ()
    return ViewFound.showing(
        answer,
        lens=lens.key,
        version=lens.version,
        says="" if view is None else lens.says(question, view),
        view=(view_json(view) or None) if view is not None and stored else None,
        bars=bars,
        bands=lens.bands(view) if isinstance(view, Table) and lens.bands is not None else None,
        grids=view.grids if isinstance(view, Grids) else (),
        tests=() if view is None or isinstance(view, Attribution) else view.tests,
        stands=words_of(lens.sizes(view), *known, lens.large) if view is not None else "",
    )


def silent(lens: str, why: str, version: int = 1) -> ViewFound:
    """The answer of a lens that has none."""
    fields = {"lens": lens, "version": version, "settings": {}, "outcome": "undefined", "notes": [why]}
    return ViewFound(**fields, says="", view=None, bars=())


def find(of: Analysed[SubjectQuestion], settings: Settings, work: Work = DEFAULT_WORK) -> LensesReport:
    """Ask every lens; only those that learn load torch, and are asked where all is asked for."""
    question, thorough, known = of.question, settings.thorough, parts_kept(of.question, of.search)
    refusals, asked = LENSES.refusals(question.kind), LENSES.of(question.kind)
    views = [silent(key, refusals[key]) for key in refusals]
    chosen = [lens for lens in asked.values() if thorough or not _trains(lens, question)]
    for number, lens in enumerate(chosen):
        work.report(Progress("lenses", number, len(chosen), "lenses"))
        late = silent(lens.key, LATE, lens.version)
        views.append(late if work.is_over else _view(lens, of, known, work, thorough=thorough))
    functions: list[FunctionFound] = []
    carried = CarriedFound(known=False, of=0, n_carried=0, carried=[])
    if (search := of.formulas) is not None and isinstance(question, Question):
        listed = [one for one in search.algorithms if one.algorithm.carriers]
        irredundant = sorted((one for one in listed if one.irredundant.get(_LITERALS)), key=lambda one: not one.n_valid)
        some = [one.algorithm for one in irredundant if one.n_valid]
        decided = all(_LITERALS in one.irredundant for one in listed) and search.truncated_at is None
        is_known = decided and all(one.truncated_at != 0 for one in search.algorithms)
        every = functions_asked(question, [one.algorithm for one in irredundant])
        n_inputs = question.network.n_inputs
        places = {
            (site.layer, without_sign(one.algorithm.responses[path].function, n_inputs))
            for one in irredundant
            for scored in one.alignments
            if scored.valid
            for path, site in scored.alignment.places
        }
        rows = function_rows(question, every, places if is_known else None, work)
        inputs = range(1 << n_inputs)
        functions = [FunctionFound.showing(row, truth_table=[row.function >> at & 1 for at in inputs]) for row in rows]
        carried = CarriedFound(
            known=is_known,
            of=len(irredundant),
            n_carried=len(some),
            carried=[AlgorithmFound.showing(one) for one in some[:MAX_FORMULAS]],
        )
    order = {key: place for place, key in enumerate(LENSES.by_key)}
    return LensesReport(
        thorough=len(chosen) == len(asked),
        lenses=sorted(views, key=lambda one: order[one.lens]),
        carried=carried,
        functions=functions,
        kept=known[0],
        circuits=known[1],
    )


def _view(lens: Lens, of: Analysed[SubjectQuestion], known: Parts, work: Work, *, thorough: bool) -> ViewFound:
    """Answer of one lens under its usual settings, taken over from other rules where they have no say in it."""
    question = of.question
    degenerate = thorough and lens.fit(question, lens.defaults).status == "degenerate"
    settings = lens.filled(lens.on_request if degenerate else {})
    minutes = lens.duration(question, settings) / 60_000.0
    if minutes * 60_000.0 > MAX_MILLISECONDS:
        return silent(lens.key, f"On this network it would take about {minutes:.0f} minutes.", lens.version)
    played = lens.in_circuits(of)
    before: ViewFound | None = (
        next((one for one in of.before.lenses if (one.lens, one.version) == (lens.key, lens.version)), None)
        if of.before is not None
        else None
    )
    if before is not None and before.settings == settings and played is None and LATE not in before.notes:
        sizes = lens.sizes(Grids(before.grids, ""))
        return before.model_copy(update={"stands": words_of(sizes, *known, lens.large)})
    found = view_found(question, lens, lens.answer(question, settings, work), known)
    return found.model_copy(update={"grids": (*found.grids, played[0]), "stands": played[1]}) if played else found


def _trains(lens: Lens, question: Any) -> bool:
    """Whether an answer under default settings would be fitted by gradient descent."""
    return lens.learns and lens.fit(question, lens.defaults).answered
