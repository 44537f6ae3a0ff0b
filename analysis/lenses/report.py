"""What lenses say about a network, as it is stored, told and shown: default answers, and functions on layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from analysis.lenses.functions import FunctionOnLayer, function_rows, functions_asked
from analysis.lenses.lens import Attribution, Bands, Bar, Lens, LensAnswer, Table, view_json
from analysis.lenses.on_models import Grid, Grids, OnModels, parts_kept, words_of, words_on
from analysis.lenses.registry import LENS_BY_KEY, LENSES
from analysis.lenses.roles import ROLES_LENS, in_circuits
from analysis.method_settings import Settings as Chosen
from analysis.method_settings import filled
from analysis.question import Question
from analysis.report import Analysed, Part, Report, Settings
from analysis.subjects.subject import Space, Subject
from analysis.subjects.transformer.space import ROLES
from analysis.subjects.transformer.weights import Transformer
from analysis.work import DEFAULT_WORK, Work

MAX_ROWS: Final = 1_000
"""Rows up to which a table is stored whole; a longer one is computed at its own address, and its counts are stored."""
MAX_FORMULAS: Final = 12


class ViewFound(Part):
    """What one lens answered; see :class:`analysis.lenses.lens.LensAnswer`."""

    lens: str
    settings: dict[str, Any] = Field(description="All that take part.")
    outcome: str
    notes: list[str] = Field(description="To be read first.")
    says: str = Field(description="A sentence made from the numbers; empty where there is no answer.")
    view: dict[str, Any] | None = Field(description="Null without an answer or a long table.")
    bars: tuple[Bar, ...]
    bands: Bands | None = None
    grids: tuple[Grid, ...] = ()
    stands: str = Field("", description="Whether what it shows of parts stands in every valid circuit.")


class FunctionFound(Part):
    """See :class:`analysis.lenses.functions.FunctionRow`."""

    truth_table: list[int]
    label: str
    is_task: bool
    layers: tuple[FunctionOnLayer, ...]


class AlgorithmFound(Part):
    """An irredundant algorithm with variables."""

    id: str
    formula: str


class CarriedFound(Part):
    """Which irredundant algorithms with variables have a valid alignment."""

    known: bool = Field(description="Whether the search for alignments came to its end and decided redundancy.")
    of: int = Field(description="Irredundant algorithms with variables.")
    n_carried: int
    carried: list[AlgorithmFound] = Field(description=f"The first {MAX_FORMULAS}.")


class LensesReport(Report):
    """What every lens answered under its default settings."""

    thorough: bool = Field(description="Whether lenses that learn were asked too.")
    lenses: list[ViewFound]
    carried: CarriedFound
    functions: list[FunctionFound]
    kept: dict[str, int] = Field({}, description="How many valid circuits have each neuron, or part of a transformer.")
    circuits: int = Field(0, description="How many valid circuits were looked at.")

    def findings(self, question: Question | None, part: str = "edge") -> list[str]:
        """How many functions can be read from layers, how many are used, and how many are carried."""
        cells = [cell for function in self.functions for cell in function.layers]
        if question is None:
            stands = [f"{LENS_BY_KEY[one.lens].label}: {one.stands}" for one in self.lenses if one.stands]
            if not self.circuits:
                maps = sum(bool(one.grids) for one in self.lenses)
                return [f"{maps} lenses have heat maps; no valid circuit is known to hold beside them."]
            return stands[:1] or ["No lens shows parts that circuits can have."]
        if not cells:
            return ["The network has no hidden layer, so only lenses about inputs apply."]
        decodable = [cell for cell in cells if cell.margin > 0]
        used = sum(bool(cell.changed) for cell in decodable)
        told = (
            f"Of {len(cells)} pairs of a Boolean function and a hidden layer {len(decodable)} are decodable. "
            f"Interchanging the read-out changes some answer in {used} of them"
        )
        if not self.carried.known or not self.carried.of:
            return [f"{told}."]
        held = sum(bool(cell.carried) for cell in cells)
        verb = "is" if held == 1 else "are"
        return [f"{told}, and {held or 'none'} {verb} carried by a valid alignment of an irredundant algorithm."]


def view_found(
    question: Question, lens: Lens, answer: LensAnswer, kept: Mapping[str, int] | None = None, n: int = 0
) -> ViewFound:
    """The stored form of one answer, beside what valid circuits keep, see :class:`LensesReport`."""
    view = answer.view
    table = view if isinstance(view, Table) else None
    stored = view is not None and (isinstance(view, Attribution) or len(view.rows) <= MAX_ROWS)
    bars = () if table is None or lens.bars is None else lens.bars(table)
    shares = {bar.label: bar.n / bar.of for bar in bars if bar.of}
    return ViewFound.showing(
        answer,
        lens=lens.key,
        says="" if view is None else lens.says(question, view),
        view=view_json(view) if view is not None and stored else None,
        bars=bars,
        stands=words_of(shares, kept or {}, n, "an effect in half of its patches"),
        bands=None if table is None or lens.bands is None else lens.bands(table),
    )


def find(of: Analysed, settings: Settings, work: Work = DEFAULT_WORK) -> LensesReport:
    """Ask every lens; only those that learn load torch, and are asked where all is asked for."""
    question, carried, thorough = of.question, of.carried, settings.thorough
    if carried is None:
        raise ValueError("lenses are set beside what is carried, which was not read")
    asked = [lens for lens in LENSES if thorough or not _trains(lens, question)]
    spread = of.circuits.distribution
    uses = enumerate(spread.neuron_use, start=1)
    kept = {f"{layer}.{neuron}": n for layer, some in uses for neuron, n in enumerate(some)}
    views = [
        view_found(
            question, lens, lens.answer(question, _settings(lens, question, thorough=thorough), work), kept, spread.of
        )
        for lens in work.each("lenses", asked, "lenses")
    ]
    functions = functions_asked(question, (*carried.carried, *carried.others))
    rows = function_rows(question, functions, carried.places if carried.known else None, work)
    return LensesReport(
        thorough=thorough,
        lenses=views,
        carried=CarriedFound(
            known=carried.known,
            of=carried.of,
            n_carried=len(carried.carried),
            carried=[AlgorithmFound.showing(one) for one in carried.carried[:MAX_FORMULAS]],
        ),
        functions=[FunctionFound.showing(row, truth_table=_bits(row.function, question)) for row in rows],
        kept=kept,
        circuits=spread.of,
    )


def _bits(function: int, question: Question) -> list[int]:
    return [function >> row & 1 for row in range(1 << question.cut.n_inputs)]


def _settings(lens: Lens, question: Question, *, thorough: bool) -> Chosen:
    degenerate = lens.fit(question, lens.defaults).status == "degenerate"
    return lens.filled(lens.on_request if thorough and degenerate else {})


def _trains(lens: Lens, question: Question) -> bool:
    """Whether an answer under default settings would be fitted by gradient descent."""
    return lens.learns and lens.fit(question, lens.defaults).answered


# --- transformers

MAX_MILLISECONDS: Final = 120_000.0
"""What one lens may be expected to take to be asked of a transformer."""


def find_on_model(
    model: Subject,
    space: Space,
    masks: NDArray[np.uint64],
    work: Work = DEFAULT_WORK,
    known: LensesReport | None = None,
) -> LensesReport:
    """Ask every lens about a model, of which only transformers are answered about.

    Args:
        space: of its circuits.
        masks: of the valid ones, as numbers; none where they are not known.
        work: told how far it is; may cancel.
        known: the same under other rules, of which only what circuits say of it is made anew.
    """
    kept, views = parts_kept(space, masks) if len(masks) else {}, list[ViewFound]()
    answers = {one.lens: one for one in known.lenses} if known is not None else {}
    for lens in work.each("lenses", LENSES, "lenses"):
        on_models = lens.on_models
        if on_models is None or not isinstance(model, Transformer):
            views.append(silent(lens, "It is of perceptrons: it reads neurons and Boolean inputs."))
            continue
        settings = filled(on_models.settings, {}, lens.key)
        before = answers.get(lens.key)
        minutes = on_models.milliseconds(model, settings) / 60_000.0
        if minutes * 60_000.0 > MAX_MILLISECONDS:
            views.append(silent(lens, f"On this network it would take about {minutes:.0f} minutes."))
        elif before is not None and before.settings == settings and lens is not ROLES_LENS:
            stands = words_on(before.grids, kept, len(masks), effects=on_models.effects)
            views.append(before.model_copy(update={"stands": stands}))
        else:
            views.append(view_on_model(lens, on_models, model, settings, kept, len(masks), work))
        played = in_circuits(space, ROLES, masks) if lens is ROLES_LENS else None
        if played is not None:
            more = {"grids": (*views[-1].grids, played[0]), "stands": played[1]}
            views[-1] = views[-1].model_copy(update=more)
    nothing = CarriedFound(known=False, of=0, n_carried=0, carried=[])
    return LensesReport(thorough=True, lenses=views, carried=nothing, functions=[], kept=kept, circuits=len(masks))


def silent(lens: Lens, why: str) -> ViewFound:
    """The answer of a lens that has none."""
    return ViewFound(lens=lens.key, settings={}, outcome="undefined", notes=[why], says="", view=None, bars=())


def view_on_model(
    lens: Lens,
    on_models: OnModels,
    model: Transformer,
    settings: Chosen,
    kept: Mapping[str, int],
    n: int,
    work: Work = DEFAULT_WORK,
) -> ViewFound:
    """What a lens says of a transformer, and whether it stands in the circuits that have some parts.

    Args:
        on_models: the lens on transformers.
        settings: all of them.
        kept: see :class:`LensesReport`.
        n: valid circuits that were looked at.
        work: told how far it is; may cancel.
    """
    refused = on_models.refuses(model, settings)
    found: Grids | None = None if refused else on_models.answer(model, settings, work)
    if found is None:
        view = silent(lens, refused or "Fitting came to no numbers.")
        return view.model_copy(update={"settings": dict(settings), "outcome": "undefined" if refused else "diverged"})
    return ViewFound(
        lens=lens.key,
        settings=dict(settings),
        outcome="found",
        notes=list(found.notes),
        says=found.says,
        view=dict(found.weights) or None,
        bars=(),
        grids=found.grids,
        stands=words_on(found.grids, kept, n, effects=on_models.effects),
    )
