"""What lenses say about one analysis beside what is known of it, and each lens by itself under any settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.errors import InvalidMethod
from analysis.explanations.explanation import Claim
from analysis.explanations.lens_claims import LENS
from analysis.interpretations.gates import gate_name
from analysis.lenses.lens import Fit, Lens, LensAnswer, Table, view_json
from analysis.lenses.registry import LENS_BY_KEY
from analysis.lenses.registry import LENSES as REGISTERED
from analysis.method_settings import Setting, Settings, read_values, settings_text, written
from analysis.tasks import INPUT_NAMES
from app.addressing import Addresses
from app.db.lenses import (
    LENSES,
    LensesReport,
    StoredBands,
    StoredBar,
    StoredCarried,
    StoredField,
    StoredFunction,
    StoredFunctionOnLayer,
    StoredLatent,
    StoredNeurons,
    StoredView,
    stored_view,
)
from app.db.reports import report_of, report_row
from app.errors import BadQuery, NotFound
from app.options import PageModel, ScopeOptions
from app.pages.candidates import input_texts
from app.pages.place import Place, locate_boolean
from app.pages.reports.lens_population import population_words
from app.pages.reports.state import ReportPage, report_fields
from app.pages.shared import LinkedPage, ScopeView, linked, neuron_name, scope_now
from pluriscope.naming import ExplanationRef

MAX_MILLISECONDS: Final = 2_000.0
"""What an answer may be expected to take to be computed at its own address."""
POPULATION_STUDY: Final = "who-can-tell"
"""The chapter of the findings about lenses."""
MAX_LABELS: Final = 2_000
"""Characters of typed labels."""
MAX_SHOWN: Final = 400
"""Rows of a table on a page and in its twin; the download has all."""


class LensOptions(ScopeOptions):
    """Options of the page of one lens: its settings, as commands take them."""

    background: str = Field("", max_length=40, description="Of shapley: uniform or zero.")
    baseline: str = Field("", max_length=40, description="Of integrated-gradients: zero.")
    steps: str = Field("", max_length=40, description="Of integrated-gradients: points on the line; of das: at most.")
    path: str = Field("", max_length=40, description="Of integrated-gradients: mid, left or gauss.")
    times_input: str = Field("", max_length=40, description="Of gradient-corners: true or false.")
    draws: str = Field("", max_length=40, description="Of lime: flips or gaussian.")
    copies: str = Field("", max_length=40, description="Of lime by flips: how often each counts.")
    samples: str = Field("", max_length=40, description="Of lime by draws: how many.")
    seed: str = Field("", max_length=40, description="Of lime by draws, of sae and of das.")
    ridge: str = Field("", max_length=40, description="Of lime: what the squared slopes cost.")
    width: str = Field("", max_length=40, description="Of lime: of the kernel.")
    sites: str = Field(
        "", max_length=40, description="Of patching-table: neurons; of path-patching: paths, edges or neurons."
    )
    budget: str = Field("", max_length=40, description="Of feature-pictures: boxes where there are no polygons.")
    labels: str = Field("", max_length=MAX_LABELS, description="Of labels: such as 1.0: A and not B; 2.1: A or B.")
    latents: str = Field("", max_length=40, description="Of sae: of each layer.")
    sparsity: str = Field("", max_length=40, description="Of sae: l1 or top-k.")
    penalty: str = Field("", alias="lambda", max_length=40, description="Of sae by l1: what the latents' sum costs.")
    k: str = Field("", max_length=40, description="Of sae by top-k: latents of each row that are kept.")
    seeds: str = Field("", max_length=40, description="Of sae: trained, from seed on.")
    dimension: str = Field("", max_length=40, description="Of das: of each variable's subspace.")
    force: str = Field("", max_length=40, description="Of sae: whether to train on fewer than eight rows.")

    def settings(self) -> dict[str, str]:
        """What was set."""
        given = self.model_dump(by_alias=True, exclude=set(ScopeOptions.model_fields), exclude_defaults=True)
        return {name: str(value) for name, value in given.items()}


class LensView(PageModel):
    """One lens and what it says."""

    key: str
    label: str
    kind: Literal["attribution", "table"]
    definition: str
    source: str
    text: str = Field(description="The lens with the settings that differ from its defaults, as commands take it.")
    settings: dict[str, Any]
    outcome: str = Field(description="found, undefined (it does not apply), degenerate or diverged.")
    notes: list[str] = Field(description="To be read first: why it is degenerate, kinks, units without a gradient.")
    says: str = Field(description="What it says; empty where there is no answer.")
    can_know: str = Field(description="What such an answer can show, and what it cannot.")
    population: str = Field(
        description="How well it tells, over many networks, which algorithm one carries; empty where that is not known."
    )
    population_url: str = Field(description="The study that found it.")
    scores: list[list[float]] | None = Field(description="A number for each input, row by row; null of tables.")
    bars: list[StoredBar]
    counted: str = Field(description="What the bars count.")
    latents: list[StoredLatent]
    bands: StoredBands | None = Field(description="Of tables with a number for each row of inputs.")
    fields: list[StoredField] = Field([], description="Of tables with numbers over the square of two inputs.")
    url: str


class AlgorithmLink(PageModel):
    """An irredundant algorithm with variables."""

    formula: str
    url: str


class CarriedView(PageModel):
    """Which irredundant algorithms with variables have a valid alignment."""

    known: bool
    of: int
    n_carried: int
    carried: list[AlgorithmLink] = Field(description="The first of them.")
    others: list[AlgorithmLink] = Field(description="The first of those that are not carried.")
    words: str


class FunctionCell(PageModel):
    """What is known of one function on one layer."""

    layer: int
    margin: float = Field(description="Of the best read-out, columns scaled to [0, 1]; 0 where there is none.")
    decodable: bool
    changed: int | None = Field(description="Pairs of inputs on which the decision follows the interchanged read-out.")
    of: int = Field(description="Pairs of inputs on which the function differs.")
    carried: bool | None = Field(description="Whether a valid alignment has it there; null where that is not known.")


class FunctionView(PageModel):
    """One function, which counts together with its negation, on every hidden layer."""

    truth_table: list[int]
    label: str
    is_task: bool
    layers: list[FunctionCell]


class NeuronFunction(PageModel):
    """One function that interpretations give a neuron."""

    truth_table: list[int]
    label: str
    circuits: int = Field(description="In which some interpretation gives it.")


class NeuronView(PageModel):
    """What interpretations of valid circuits take one hidden neuron for."""

    name: str
    n: int = Field(description="Different functions.")
    functions: list[NeuronFunction] = Field(description="The first of them, most circuits first.")


class NeuronsView(PageModel):
    """What interpretations of valid circuits take neurons for."""

    of: int = Field(description="Circuits that were looked at.")
    exact: bool = Field(description="Whether these are all; else numbers are lower bounds.")
    neurons: list[NeuronView]
    words: str


class LensesPage(ReportPage):
    """The page of lenses."""

    scope: ScopeView
    thorough: bool = Field(description="Whether lenses that learn were asked too.")
    lenses: list[LensView]
    not_asked: list[str] = Field(description="Lenses that are asked on request, by name.")
    row_names: list[str] = Field(description="Of all scores.")
    input_names: list[str]
    carried: CarriedView | None
    functions: list[FunctionView]
    neurons: NeuronsView | None = Field(description="Null where no circuit is valid, or there are too many readings.")
    request_url: str = Field(description="A form sent here asks the lenses; thorough=true for those that learn too.")
    request_fields: list[tuple[str, str]]
    methods_url: str


class SettingView(PageModel):
    """One setting of a lens."""

    name: str
    value: str = Field(description="As it was used; empty where it takes no part.")
    meaning: str
    allowed: str
    choices: list[str]
    only_with: str = Field(description="The setting and value that it takes part with; empty if it always does.")
    switches: list[tuple[str, str]] = Field(
        description="Of a setting with which others take part: its values, and where each leads."
    )


class LensPage(LinkedPage):
    """One lens under the settings of its address."""

    state: Literal["answered", "too_long"]
    lens: LensView
    carried: CarriedView | None = Field(description="What is known, where lenses were asked.")
    row_names: list[str]
    input_names: list[str]
    base: float | None
    interactions: list[list[list[float]]] | None
    intercepts: list[float] | None
    r2: list[float | None] | None
    gap: list[float] | None
    columns: dict[str, str] = Field(description="Of a table, with what each figure is.")
    table: list[dict[str, Any]] = Field(description=f"The first {MAX_SHOWN} rows.")
    n_rows: int
    settings: list[SettingView]
    command: str = Field(description="What computes the same answer on a command line.")
    form_url: str
    lenses_url: str
    beside_url: str = Field(
        description="Where it stands beside explanations; empty if it says nothing of neurons or directions."
    )


def build_lenses(session: Session, addresses: Addresses, network: str, options: ScopeOptions) -> LensesPage:
    """What lenses say about one analysis.

    Raises:
        NotFound: no such network, output, protocol or data record, or rows that stand for no Boolean inputs.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    row = report_row(session, place.analysis, LENSES)
    report = None if row is None else report_of(row, LensesReport)
    slug, scope = place.row.slug, place.scope
    functions = [] if report is None else [_function(one) for one in report.functions]
    carried = None if report is None else carried_view(report.carried, place, addresses)
    return LensesPage(
        **report_fields(session, place, addresses, LENSES, row),
        scope=scope_now(session, place, addresses),
        thorough=report is not None and report.thorough,
        lenses=[] if report is None else [lens_view(one, place, addresses) for one in report.lenses],
        not_asked=[] if report is None else [lens.label for lens in REGISTERED if _waits(lens, report)],
        row_names=input_texts(place),
        input_names=list(INPUT_NAMES[: place.question.model.n_inputs]),
        carried=carried,
        functions=functions,
        neurons=None if report is None else neurons_view(report.neurons, place),
        findings=[] if carried is None else findings_of(functions, carried),
        url=addresses.lenses(slug, scope),
        request_url=addresses.lenses(slug),
        request_fields=scope.fields,
        methods_url=addresses.analysis(slug, "methods", scope),
    )


def _waits(lens: Lens, report: LensesReport) -> bool:
    """Whether an answer is still to be had on request."""
    outcome = next((one.outcome for one in report.lenses if one.lens == lens.key), "")
    return not report.thorough and (not outcome or (bool(lens.on_request) and outcome == "degenerate"))


def lens_view(one: StoredView, place: Place, addresses: Addresses) -> LensView:
    """One answer as pages show it."""
    lens = LENS_BY_KEY[one.lens]
    shown = "" if lens.shown is None else lens.shown(place.question)
    text, url = _named(lens, one.settings, place, addresses)
    return LensView.showing(
        lens,
        text=text,
        settings=one.settings,
        outcome=one.outcome,
        notes=one.notes,
        says=one.says,
        can_know=f"{lens.can_know} {shown}".strip(),
        population=population_words(lens.key, place.question),
        population_url=addresses.findings(POPULATION_STUDY),
        scores=None if one.view is None else one.view.get("scores"),
        bars=one.bars,
        latents=one.latents,
        bands=one.bands,
        fields=one.fields,
        url=url,
    )


def _changed(lens: Lens, settings: Settings, place: Place) -> Settings:
    """The settings that differ from the defaults for this network."""
    usual, _ = lens.fit(place.question, lens.defaults)
    return {name: value for name, value in settings.items() if usual.get(name) != value}


def carried_view(one: StoredCarried, place: Place, addresses: Addresses) -> CarriedView:
    """Which algorithms are carried, in links and in a sentence."""

    def links(algorithms: list[Any]) -> list[AlgorithmLink]:
        return [
            AlgorithmLink(formula=it.formula, url=addresses.algorithm(place.row.slug, it.id, place.scope))
            for it in algorithms
        ]

    if not one.known:
        words = "Which irredundant algorithms are carried is not known in full: the search for alignments stopped."
    elif not one.of:
        words = "The task has no irredundant algorithm with a variable, so there is nothing to be carried."
    else:
        noun = "algorithm" if one.of == 1 else "algorithms"
        verb = "has" if one.n_carried == 1 else "have"
        words = f"{one.n_carried or 'None'} of {one.of:,} irredundant {noun} {verb} a valid alignment"
        words += "." if not one.n_carried else ":"
    return CarriedView.showing(one, carried=links(one.carried), others=links(one.others), words=words)


def neurons_view(stored: StoredNeurons | None, place: Place) -> NeuronsView | None:
    """The functions of neurons as pages show them."""
    if stored is None:
        return None
    n_inputs, sizes = place.question.cut.n_inputs, place.question.cut.sizes
    neurons = [
        NeuronView(
            name=neuron_name(sizes, one.layer, one.neuron),
            n=one.n,
            functions=[
                NeuronFunction(
                    truth_table=table,
                    label=gate_name(sum(bit << row for row, bit in enumerate(table)), n_inputs),
                    circuits=circuits,
                )
                for table, circuits in one.functions
            ],
        )
        for one in stored.neurons
    ]
    return NeuronsView.showing(stored, neurons=neurons, words=neurons_words(stored, sizes))


def neurons_words(stored: StoredNeurons, sizes: Sequence[int]) -> str:
    """The neuron that is given most functions, and how many neurons are given a single one."""
    given = [one for one in stored.neurons if one.n]
    if not given:
        return "No interpretation gives a hidden neuron a function."
    most = max(given, key=lambda one: one.n)
    single = sum(one.n == 1 for one in given)
    bound = "" if stored.exact else "at least "
    times = "function" if most.n == 1 else "different functions"
    rest = f" {single} of {len(given)} neurons {'is' if single == 1 else 'are'} given a single one." if single else ""
    name = neuron_name(sizes, most.layer, most.neuron)
    told = f"Valid interpretations give neuron {name} {bound}{most.n} {times} of the inputs, the most of any neuron."
    return f"{told}{rest}"


def _function(one: StoredFunction) -> FunctionView:
    return FunctionView.showing(one, layers=[_cell(cell) for cell in one.layers])


def _cell(cell: StoredFunctionOnLayer) -> FunctionCell:
    return FunctionCell.showing(cell, decodable=cell.margin > 0)


def findings_of(functions: list[FunctionView], carried: CarriedView) -> list[str]:
    """How many functions can be read from layers, how many are used, and how many are carried."""
    cells = [cell for function in functions for cell in function.layers]
    if not cells:
        return ["The network has no hidden layer, so only lenses about inputs apply."]
    decodable = [cell for cell in cells if cell.decodable]
    used = sum(bool(cell.changed) for cell in decodable)
    told = (
        f"Of {len(cells)} pairs of a Boolean function and a hidden layer {len(decodable)} are decodable. Interchanging "
        f"the read-out changes some decision in {used} of them"
    )
    if not carried.known or not carried.of:
        return [f"{told}."]
    held = sum(bool(cell.carried) for cell in cells)
    verb = "is" if held == 1 else "are"
    return [f"{told}, and {held or 'none'} {verb} carried by a valid alignment of an irredundant algorithm."]


# --- one lens at its own address


def build_lens(session: Session, addresses: Addresses, network: str, lens: str, options: LensOptions) -> LensPage:
    """What one lens says under the settings of an address.

    Raises:
        NotFound: no such network, output, protocol or data record, no such lens, or rows that stand for no Boolean
            inputs.
        BadQuery: a setting that the lens does not have, or a value that is not allowed.
    """
    return whole_lens(session, addresses, network, lens, options)[0]


def whole_lens(
    session: Session, addresses: Addresses, network: str, lens: str, options: LensOptions
) -> tuple[LensPage, list[dict[str, Any]]]:
    """The same, with every row of a table.

    Raises:
        NotFound: as above.
        BadQuery: as above.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    slug, scope = place.row.slug, place.scope
    if lens not in LENS_BY_KEY:
        raise NotFound(
            f"lens {lens[:40]!r}",
            "is unknown",
            f"use one of {', '.join(LENS_BY_KEY)}",
            "lens",
            addresses.lenses(slug, scope),
            "all lenses",
        )
    record = LENS_BY_KEY[lens]
    settings = read_settings(record, options)
    known, fit = record.fit(place.question, settings)
    report = _report(session, place)
    answer, stored = answer_of(session, place, record, settings)
    shown = stored or _unanswered(lens, known, fit)
    shown_as, view = lens_view(shown, place, addresses), _whole(answer, shown)
    table = view.get("table", [])
    page = LensPage(
        **linked(place, addresses, scope_now(session, place, addresses)),
        state="too_long" if stored is None else "answered",
        lens=shown_as,
        carried=None if report is None else carried_view(report.carried, place, addresses),
        row_names=input_texts(place),
        input_names=list(INPUT_NAMES[: place.question.model.n_inputs]),
        base=view.get("base"),
        interactions=view.get("interactions"),
        intercepts=view.get("intercepts"),
        r2=view.get("r2"),
        gap=view.get("gap"),
        columns=dict(record.columns),
        table=table[:MAX_SHOWN],
        n_rows=len(table),
        settings=[_setting(one, known, record, place, addresses) for one in record.settings],
        command=f'pluriscope audit NETWORK.json --methods "{shown_as.text}" --output OUT.json',
        form_url=addresses.lens(slug, lens),
        lenses_url=addresses.lenses(slug, scope),
        beside_url=_compared(record, shown_as, place, addresses),
        url=shown_as.url,
    )
    return page, table


def answer_of(
    session: Session, place: Place, lens: Lens, settings: Settings
) -> tuple[LensAnswer | None, StoredView | None]:
    """What a lens answers, computed here, or taken from what is stored where that takes long; None where it is not."""
    known, fit = lens.fit(place.question, settings)
    if fit.answered and (lens.learns or _expected(lens, place, known) > MAX_MILLISECONDS):
        report = _report(session, place)
        return None, None if report is None else _stored(report, lens, known)
    answer = lens.answer(place.question, settings)
    return answer, stored_view(place.question, lens, answer)


def claiming_answer(
    session: Session, place: Place, lens: Lens, settings: Settings
) -> tuple[StoredView, tuple[Claim, ...]]:
    """The answer of a lens that says something of neurons or directions, and what it says of them.

    Raises:
        InvalidMethod: it says nothing of them, does not answer here, or learns and is not stored.
    """
    item = f"lens {lens.key}"
    if lens.claims is None:
        known = ", ".join(key for key, one in LENS_BY_KEY.items() if one.claims is not None)
        raise InvalidMethod(item, "says nothing of single neurons or directions", f"use {known}")
    answer, stored = answer_of(session, place, lens, settings)
    if stored is None:
        cure = "run the lenses that learn on this network's page of lenses, and choose among what they answered"
        raise InvalidMethod(item, "learns, and no answer under these settings is stored", cure)
    if stored.outcome != "found":
        raise InvalidMethod(item, " ".join(stored.notes).rstrip("."), "leave it out")
    return stored, lens.claims(place.question, Table(tuple(_whole(answer, stored)["table"])))


def offered(session: Session, place: Place, addresses: Addresses, lens: Lens) -> tuple[str, str] | None:
    """Text and address of a lens that comparisons can take; None where it claims nothing or has no answer here."""
    settings: Settings = lens.defaults
    if lens.claims is not None and lens.learns:
        report = _report(session, place)
        stored = () if report is None else report.lenses
        found = next((one for one in stored if one.lens == lens.key and one.outcome == "found"), None)
        if found is None:
            return None
        settings = found.settings
    elif lens.claims is None or not lens.fit(place.question, settings)[1].answered:
        return None
    return _named(lens, settings, place, addresses)


def _named(lens: Lens, settings: Settings, place: Place, addresses: Addresses) -> tuple[str, str]:
    """A lens under some settings as commands take it, and its address."""
    changed = _changed(lens, settings, place)
    texts = {name: written(value) for name, value in changed.items()}
    return settings_text(lens.key, changed), addresses.lens(place.row.slug, lens.key, place.scope, **texts)


def _compared(lens: Lens, shown: LensView, place: Place, addresses: Addresses) -> str:
    """Where a lens that says something of neurons or directions is compared."""
    if lens.claims is None or shown.outcome != "found":
        return ""
    return addresses.compare(place.row.slug, [ExplanationRef(LENS.key, shown.text)], place.scope)


def _unanswered(lens: str, settings: Mapping[str, Any], fit: Fit) -> StoredView:
    """What is shown where an answer takes too long: what is to be read first."""
    return StoredView(
        lens=lens,
        settings=dict(settings),
        outcome="",
        notes=[fit.reason] if fit.reason else [],
        says="",
        view=None,
        bars=[],
        latents=[],
    )


def read_settings(lens: Lens, options: LensOptions) -> dict[str, Any]:
    """The settings that options name.

    Raises:
        BadQuery: one that the lens does not have, or a value that is not allowed.
    """
    item = f"lens {lens.key}"
    given = options.settings()
    try:
        return lens.filled(read_values(lens.settings, given, item), item)
    except InvalidMethod as problem:
        field = next((name for name in given if name in problem.cause), "lens")
        raise BadQuery(problem.item, problem.cause, problem.cure, field) from None


def _expected(lens: Lens, place: Place, settings: Settings) -> float:
    return 0.0 if lens.milliseconds is None else lens.milliseconds(place.question, settings)


def _report(session: Session, place: Place) -> LensesReport | None:
    """What is stored of lenses about an analysis."""
    row = report_row(session, place.analysis, LENSES)
    return None if row is None else report_of(row, LensesReport)


def _stored(report: LensesReport, lens: Lens, settings: Settings) -> StoredView | None:
    """The stored answer under these settings, where they are the defaults and it was asked."""
    return next((one for one in report.lenses if one.lens == lens.key and one.settings == dict(settings)), None)


def _whole(answer: LensAnswer | None, stored: StoredView) -> Mapping[str, Any]:
    """Everything that was answered; a table that is not stored whole is in the answer alone."""
    if answer is not None and isinstance(answer.view, Table):
        return view_json(answer.view)
    return stored.view or {}


def _setting(one: Setting, known: Settings, lens: Lens, place: Place, addresses: Addresses) -> SettingView:
    value = known.get(one.name)
    needed, needed_value = one.only_with or ("", "")
    switches = any(other.only_with is not None and other.only_with[0] == one.name for other in lens.settings)
    return SettingView(
        name=one.name,
        value="" if value is None else written(value),
        meaning=one.meaning,
        allowed=one.allowed(),
        choices=["true", "false"] if isinstance(one.default, bool) else list(one.choices),
        only_with=f"{needed}={written(needed_value)}" if needed else "",
        switches=[
            (choice, addresses.lens(place.row.slug, lens.key, place.scope, **{one.name: choice}))
            for choice in one.choices
            if switches
        ],
    )


def polysemanticity_sentence(session: Session, place: Place) -> str:
    """What interpretations take neurons for, in a sentence; "" where that is not stored."""
    report = _report(session, place)
    return "" if report is None or report.neurons is None else neurons_words(report.neurons, place.question.cut.sizes)
