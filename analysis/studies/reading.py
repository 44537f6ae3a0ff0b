"""A study's design from JSON values or a file: whole, and without contradictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

from pydantic import ValidationError

from analysis.criteria.steps import CriterionStep
from analysis.discovery.method import settings_digest
from analysis.discovery.registry import read_method
from analysis.errors import AnalysisError, InvalidStudy
from analysis.network_files.intake import Declaration
from analysis.networks.activations import DEFAULT_NEGATIVE_SLOPE, OF_PERCEPTRONS
from analysis.networks.drawing import MATCHED
from analysis.strict_json import read_object
from analysis.studies.cells import GRID_FACTORS, Cell, cells_of
from analysis.studies.design import (
    ANY_GATE,
    FACTORS,
    MAX_DESIGN_BYTES,
    MAX_NETWORKS,
    SHARED,
    Comparison,
    StudyDesign,
    TrainingRules,
)
from analysis.studies.measures.measure import Measure
from analysis.studies.measures.registry import MEASURES, answer_measures, measures_of
from analysis.studies.rows import NAMES
from analysis.studies.source_options import compiled, most_draws, planted_algorithms, planted_steps, prior_of
from analysis.studies.sources import BOOLEAN, DRAWN, FILES, PLANTED, SOURCES
from analysis.tasks import task_of_text

_DECLARED: Final = ("encoding", "output_is")
REFUSED: Final = "study design"
"""What refusals of contradictions are about; their causes are the contradictions, with semicolons."""


_WORDS: Final = {
    "int_parsing": "VALUE is no whole number",
    "float_parsing": "VALUE is no number",
    "too_short": "give one entry or more",
    "missing": "fill this in",
}


def design_from_mapping(settings: Mapping[str, Any]) -> StudyDesign:
    """A design from JSON values, whole and without contradictions.

    Raises:
        InvalidStudy: unknown settings, values out of range or contradictions, all named at once.
    """
    if settings.get("source") == FILES:
        settings = {"tasks": [[]], **settings}
    try:
        design = StudyDesign.model_validate(dict(settings))
    except ValidationError as error:
        # one whose entries are all wrong is told to be empty, too
        told = [e for e in error.errors() if e["type"] != "too_short" or not e["input"]]
        problems = [f"{'.'.join(map(str, e['loc'])) or 'design'}: {words_of(e)}" for e in told]
        raise _refusal(problems) from None
    problems = contradictions(design)
    if problems:
        raise _refusal([*problems, *_unknown(design)])
    return design


def words_of(error: Any) -> str:
    """What is wrong with a value, in words."""
    words = _WORDS.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    return words.replace("VALUE", repr(error["input"]))


def read_design(raw: bytes) -> StudyDesign:
    """A design from the bytes of a study file.

    Raises:
        InvalidStudy: see :func:`design_from_mapping`; or it is not JSON.
    """
    cure = "hand in a study file, see its schema"
    return design_from_mapping(read_object(raw, "study file", InvalidStudy, MAX_DESIGN_BYTES, cure))


def runnable(design: StudyDesign, files: Mapping[int, bytes] | None = None) -> StudyDesign:
    """A design whose networks can be made and whose measures can all be taken; tables may have others.

    Args:
        files: seed → content, of a source whose networks are files; None where nobody read them.

    Raises:
        InvalidStudy: measures that are unknown, or files that nobody read, all named at once.
    """
    problems = _unknown(design)
    if design.source == FILES and files is None:
        problems.append(f"source {FILES!r}: `pluriscope study run` alone reads files and makes networks of them")
    if problems:
        raise _refusal(problems)
    return design


def _unknown(design: StudyDesign) -> list[str]:
    """What a run is refused for, and the reading of a table is not."""
    unknown = [repr(key) for key in dict.fromkeys(design.measures) if key not in MEASURES]
    is_or_are = "is" if len(unknown) == 1 else "are"
    return [f"measures: {', '.join(unknown)} {is_or_are} unknown; use some of {', '.join(MEASURES)}"] if unknown else []


def _refusal(problems: Sequence[str]) -> InvalidStudy:
    return InvalidStudy(REFUSED, "; ".join(problems), "correct it; nothing was started")


# --- every reason why a design is refused


_OF_SHARES: Final = ("chi-squared", "fisher", "mcnemar", "stuart-maxwell", "cochran-mantel-haenszel")


def contradictions(design: StudyDesign) -> list[str]:
    """Every reason why a design is refused, [] if there is none."""
    measured = _measured(design)
    return [
        *_levels(design),
        *_source(design),
        *_files(design),
        *_gates(design),
        *_planting(design),
        *_prior(design),
        *_regularisation(design),
        *_training(design),
        *_methods(design),
        *_measures(design, measured),
        *(problem for comparison in design.comparisons for problem in _comparison(design, comparison, measured)),
        *_texts(design),
    ]


def _measured(design: StudyDesign) -> dict[str, Measure]:
    """What it measures as far as that is known; what is not may be of any kind."""
    criteria = [text for text in design.criteria if not _criterion_problem(text)]
    return measures_of(_known(design), criteria, design.methods)


def _known(design: StudyDesign) -> list[str]:
    return [key for key in dict.fromkeys(design.measures) if key in MEASURES]


def _criterion_problem(text: str) -> str:
    try:
        CriterionStep.parse(text)
    except AnalysisError as problem:
        return str(problem)
    return ""


def _levels(design: StudyDesign) -> Iterator[str]:
    for factor, label in FACTORS.items():
        labels = design.labels(factor)
        twice = sorted({text for text in labels if labels.count(text) > 1})
        if twice:
            yield f"{factor}: the level {', '.join(map(repr, twice))} is there twice; say each {label} once"
    digests = [protocol.digest for protocol in design.protocols]
    if len(set(digests)) < len(digests) and len(set(design.labels("protocol"))) == len(digests):
        yield "protocols: two of them have the same settings under different names; keep one"
    if design.n_networks > MAX_NETWORKS:
        yield (
            f"the grid has {design.n_cells:,} cells of {design.seeds.count:,} networks, {design.n_networks:,} in all; "
            f"at most {MAX_NETWORKS:,} are one study"
        )


def _source(design: StudyDesign) -> Iterator[str]:
    source = SOURCES.get(design.source)
    if source is None:
        yield f"source {design.source!r}: is unknown; use {' or '.join(SOURCES)}"
        return
    for name in sorted(set(design.source_options) - set(source.options)):
        allowed = ", ".join(source.options) or "none"
        yield f"source_options.{name}: is unknown to source {design.source!r}; allowed are {allowed}"


def _files(design: StudyDesign) -> Iterator[str]:
    """What is wrong with networks that are files, and what nothing is made of where they are."""
    if design.source != FILES:
        if () in design.tasks:
            yield f"tasks: a level names none; only networks of the source {FILES!r} bring their own"
        return
    files = design.source_options.get("files")
    if not isinstance(files, list) or not files or not all(map(_is_file, files)):
        yield "source_options.files: `pluriscope study run` reads files beside a study file; these were not read"
    else:
        several = Counter(file["sha256"] for file in files)
        for content in (content for content, n in several.items() if n > 1):
            names = " and ".join(repr(file["name"]) for file in files if file["sha256"] == content)
            yield f"source_options.files: {names} hold the same network; name one of them"
        if design.seeds.first + design.seeds.count > len(files):
            yield f"seeds: there are {len(files)} files, one for each seed from 0 on"
    for factor in GRID_FACTORS:
        usual = StudyDesign.model_fields[factor].default
        if len(design.levels(factor)) > 1 or (factor != "tasks" and design.levels(factor) != usual):
            yield f"{factor}: networks that are files have their own; leave it out"
    if design.training != TrainingRules():
        yield "training: networks that are files are not trained; leave it out"
    try:
        Declaration(**{key: design.source_options[key] for key in _DECLARED if key in design.source_options})
    except ValidationError as error:
        yield from (f"source_options.{'.'.join(map(str, e['loc']))}: {words_of(e)}" for e in error.errors())


def _is_file(told: Any) -> bool:
    texts = isinstance(told, dict) and all(isinstance(text, str) for text in told.values())
    return texts and told.keys() == {"name", "sha256"}


def _gates(design: StudyDesign) -> Iterator[str]:
    """Tasks that are to be drawn without gates to draw them from, and gates that nothing is drawn from."""
    drawn = [level for level in design.tasks if ANY_GATE in level]
    gates = design.source_options.get("gates", [])
    if design.source != BOOLEAN:
        if drawn:
            yield f"tasks: source {design.source!r} draws no gates; use the source {BOOLEAN!r}"
        return
    if not isinstance(gates, list) or not all(isinstance(gate, str) for gate in gates) or len(set(gates)) < len(gates):
        yield "source_options.gates: are no list of different names of tasks"
        return
    for gate in gates:
        try:
            task_of_text(gate, design.n_inputs)
        except AnalysisError as problem:
            yield f"source_options.gates: {problem}"
    if gates and not drawn:
        yield f"source_options.gates: no level of tasks has {ANY_GATE!r}; leave them out"
    for level in drawn:
        if set(level) != {ANY_GATE}:
            yield f"tasks {' + '.join(level)}: a level is drawn as a whole or not at all"
        elif len(level) > len(gates):
            yield f"tasks: {len(level)} are to be drawn of {len(gates)} gates; give as many as source_options.gates"


def _planting(design: StudyDesign) -> Iterator[str]:
    """Recipes that cannot be read, or that no source asks for."""
    if design.source != PLANTED:
        if design.planting != ("",):
            yield f"planting: source {design.source!r} plants nothing; leave it out, or use the source {PLANTED!r}"
        return
    said: set[str] = set()
    try:
        algorithms, _ = planted_algorithms(design), planted_steps(design)
    except AnalysisError as problem:
        yield f"source_options: {problem}"
        return
    for cell in cells_of(design):
        for algorithm in algorithms:
            try:
                compiled(cell, algorithm)
            except AnalysisError as problem:
                if str(problem) not in said:
                    said.add(str(problem))
                    yield f"planting: {problem}"


def _regularisation(design: StudyDesign) -> Iterator[str]:
    """Regularisation of a source that knows none."""
    if design.source != BOOLEAN and design.regularisation != ("",):
        yield f"regularisation: source {design.source!r} knows none; leave it out, or use the source {BOOLEAN!r}"


def _prior(design: StudyDesign) -> Iterator[str]:
    """Priors that cannot be read, or that no source asks for."""
    if design.source != DRAWN:
        if design.prior != ("",):
            yield f"prior: source {design.source!r} draws nothing; leave it out, or use the source {DRAWN!r}"
        return
    try:
        most_draws(design)
    except AnalysisError as problem:
        yield f"source_options: {problem}"
    if "moments" in design.source_options and MATCHED not in design.prior:
        yield f"source_options.moments: no level of prior is {MATCHED!r}; leave them out"
    said: set[str] = set()
    for level, hidden in product(filter(None, design.prior), design.hidden):
        try:
            prior_of(design, level, hidden)
        except AnalysisError as problem:
            if str(problem) not in said:
                said.add(str(problem))
                yield str(problem)


def _training(design: StudyDesign) -> Iterator[str]:
    """Combinations that no network can be trained with; each level is tried once with the first of the others."""
    source = SOURCES.get(design.source)
    if source is None or not source.boolean or any(_gates(design)):
        return
    first = {factor: design.levels(factor)[0] for factor in GRID_FACTORS}
    said: set[str] = set()
    for factor in GRID_FACTORS:
        for level in design.levels(factor):
            problem = _refused({**first, factor: level}, design)
            if problem and problem not in said:
                said.add(problem)
                yield f"{factor} {level!r}: {problem}"
    sloped = {one.name for one in OF_PERCEPTRONS.values() if one.sloped}
    of_grid = {*design.activation, *design.output_activation}
    if design.training.negative_slope != DEFAULT_NEGATIVE_SLOPE and not sloped & of_grid:
        yield f"training.negative_slope: no activation of the grid is {' or '.join(sorted(sloped))}; leave it out"


def _refused(levels: dict[Any, Any], design: StudyDesign) -> str:
    try:
        Cell(design, levels).spec(0)
    except ValidationError as error:
        return "; ".join(e["msg"].removeprefix("Value error, ") for e in error.errors())
    return ""


def _methods(design: StudyDesign) -> Iterator[str]:
    """Methods that cannot be asked, that are there twice, or that no measure is about."""
    said: dict[str, str] = {}
    for text in design.methods:
        try:
            method, settings = read_method(text)
        except AnalysisError as problem:
            yield f"methods: {str(problem).rstrip('.')}"
            continue
        same = said.setdefault(settings_digest(method.key, settings), text)
        if same != text:
            yield f"methods: {text!r} has the same settings as {same!r}; keep one"
    of_answers = answer_measures(_known(design))
    needed = [key for key in _known(design) if "answers" in MEASURES[key].needs]
    if design.methods and not needed and len(_known(design)) == len(set(design.measures)):
        yield "methods: no measure is about their answers; leave them out, or measure some"
    if needed and not design.methods:
        yield f"measures: {next(iter(of_answers), needed[0])!r} is about answers of methods; name some in methods"


def _measures(design: StudyDesign, measured: Mapping[str, Measure]) -> Iterator[str]:
    for key in dict.fromkeys(design.measures):
        if key.lower() in NAMES:
            yield f"measures: {key!r} is the name of another column; use another one"
        if [one.lower() for one in design.measures].count(key.lower()) > 1:
            yield f"measures: {key!r} is there twice"
    for text in design.criteria:
        if problem := _criterion_problem(text):
            yield f"criteria: {problem}"
    for ladder in design.ladders:
        for key in ladder.measures:
            if key not in (*measured, *design.measures):
                yield f"ladders {ladder.label!r}: {key!r} is not among the study's measures"
            elif key in measured and measured[key].kind not in ("count", "number", "share", "yes-no"):
                yield f"ladders {ladder.label!r}: {key!r} is {_article(measured[key].kind)}, which has no bar"
    for reference in design.references:
        if reference.measure and reference.measure not in (*measured, *design.measures):
            yield f"references: {reference.measure!r} is not among the study's measures"


def _comparison(design: StudyDesign, comparison: Comparison, measured: Mapping[str, Measure]) -> Iterator[str]:
    name = f"comparison of {comparison.measure} by {comparison.factor}"
    known = measured.get(comparison.measure)
    if comparison.factor == "method":
        known = answer_measures(_known(design)).get(comparison.measure)
    if known is None and (comparison.measure in MEASURES or comparison.measure not in design.measures):
        yield f"{name}: the measure is not among the study's measures"
    if known is not None:
        rank_test = comparison.test not in _OF_SHARES
        if rank_test and not known.numeric and not (comparison.test == "friedman" and known.kind == "yes-no"):
            yield f"{name}: {comparison.test} compares numbers, and the measure is {_article(known.kind)}"
        if not rank_test and known.kind not in ("yes-no", "category"):
            yield f"{name}: {comparison.test} compares shares, and the measure is {_article(known.kind)}"
        if comparison.test in ("mcnemar", "cochran-mantel-haenszel") and known.kind == "category":
            yield f"{name}: {comparison.test} compares yes and no, and the measure is a word"
    for level in set(comparison.levels) - set(design.labels(comparison.factor)):
        yield f"{name}: {level!r} is no level of {FACTORS[comparison.factor]}"
    n_compared = len(comparison.compared(design))
    if n_compared < 2:
        where = "comparison" if comparison.levels else "grid"
        yield f"{name}: the {where} has one level of {FACTORS[comparison.factor]}, so there is nothing to compare"
    if comparison.test in ("friedman", "page") and n_compared == 2:
        yield f"{name}: {comparison.test} needs three levels; use wilcoxon for two"
    if comparison.test == "cochran-mantel-haenszel" and comparison.factor in SHARED:
        yield f"{name}: {comparison.test} compares other networks, and {comparison.factor}s share them; use mcnemar"
    ordered = comparison.factor in ("loss_target", "noise_std", "hidden", "tasks")
    if comparison.test in ("spearman", "page") and not ordered:
        yield f"{name}: {comparison.test} needs levels that have an order"
    yield from _named(design, name, comparison)


def _named(design: StudyDesign, name: str, comparison: Comparison) -> Iterator[str]:
    protocols = design.labels("protocol")
    if comparison.protocol and comparison.protocol not in protocols:
        yield f"{name}: protocol {comparison.protocol!r} is not one of {', '.join(protocols)}"
    if comparison.protocol and comparison.factor == "protocol":
        yield f"{name}: protocols cannot be compared under one protocol"
    for factor, label in comparison.where.items():
        if factor == comparison.factor:
            yield f"{name}: {factor} cannot be compared and held fixed"
        elif factor == "method":
            yield f"{name}: networks differ in no method; name the measure of that method"
        elif label not in design.labels(factor):
            yield f"{name}: {factor} has no level {label!r}; there are {', '.join(design.labels(factor))}"


def _texts(design: StudyDesign) -> Iterator[str]:
    texts: Sequence[tuple[str, str]] = (("name", design.name), ("question", design.question))
    for field, text in texts:
        if not text.strip() or any(ord(c) < 32 for c in text):
            yield f"{field}: must be text without control characters"


def _article(kind: str) -> str:
    return {"yes-no": "yes or no", "set": "a set", "category": "a word"}.get(kind, f"a {kind}")
