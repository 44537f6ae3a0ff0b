"""A study's design from JSON values or a file: whole, and without contradictions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

from pydantic import ValidationError

from pluriscope.analysis.discovery.method import settings_digest
from pluriscope.analysis.discovery.registry import METHODS, read_method
from pluriscope.analysis.errors import AnalysisError, InvalidStudy
from pluriscope.analysis.plugins import plugins
from pluriscope.analysis.questions.tasks import task_of_text
from pluriscope.analysis.subjects.perceptron.activations import DEFAULT_NEGATIVE_SLOPE
from pluriscope.analysis.values.strict_json import read_object
from pluriscope_edits.planting.disguises import read_disguise
from pluriscope_methods.drawing import MATCHED
from pluriscope_studies.analysis.cells import Cell, cells_of
from pluriscope_studies.analysis.design import (
    ANY_GATE,
    FACTORS,
    FILES,
    GRID_FACTORS,
    MAX_DESIGN_BYTES,
    MAX_NETWORKS,
    Comparison,
    Factor,
    StudyDesign,
    TrainingRules,
)
from pluriscope_studies.analysis.measures.measure import Measure
from pluriscope_studies.analysis.measures.registry import MEASURES, answer_measures, measures_of
from pluriscope_studies.analysis.rows import NAMES
from pluriscope_studies.analysis.sources import (
    BOOLEAN,
    DRAWN,
    PLANTED,
    SOURCES,
    compiled,
    options_of,
    planted_algorithms,
    prior_of,
)

PUBLISHED_BY: Final = "pluriscope-methods"
"""Plugin of the published methods that a study may ask."""
_OF_NUMBERS: Final = ("mann-whitney", "kruskal-wallis", "spearman", "wilcoxon", "friedman", "page")
_OF_SHARES: Final = ("chi-squared", "fisher", "mcnemar", "stuart-maxwell")
_WORDS: Final = {
    "int_parsing": "VALUE is no whole number",
    "float_parsing": "VALUE is no number",
    "too_short": "give one entry or more",
    "missing": "fill this in",
    "extra_forbidden": "is unknown",
    "model_type": "VALUE is no object of settings",
    "tuple_type": "VALUE is no list",
}
_UNREAD: Final = "VALUE was not read; `pluriscope study run` reads files beside a study file"


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
        raise refusal(_problems(error)) from None
    problems = contradictions(design)
    if problems:
        raise refusal([*problems, *_unknown(design)])
    return design


def _problems(error: ValidationError, *place: str) -> list[str]:
    """Describe what is wrong with the values at a place."""
    # a list whose entries are all wrong is called empty, too
    every = [one for one in error.errors() if one["type"] != "too_short" or not one["input"]]
    return [f"{'.'.join(map(str, (*place, *one['loc']))) or 'design'}: {_words_of(one)}" for one in every]


def _words_of(error: Any) -> str:
    unread = error["type"] == "model_type" and FILES in error["loc"]
    words = _UNREAD if unread else _WORDS.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    return words.replace("VALUE", repr(error["input"]))


def read_design(raw: bytes) -> StudyDesign:
    """A design from the bytes of a study file; raises as :func:`design_from_mapping`."""
    cure = "hand in a study file, see its schema"
    return design_from_mapping(read_object(raw, "study file", InvalidStudy, MAX_DESIGN_BYTES, cure))


def runnable(design: StudyDesign, files: Mapping[int, bytes] | None = None) -> StudyDesign:
    """A design whose networks can be made and whose measures can all be taken; tables may have others.

    Args:
        files: seed → content, of a source whose networks are files; None where nobody read them.

    Raises:
        InvalidStudy: a source, measures or tests that are unknown, or files that nobody read, all named at once.
    """
    problems = _unknown(design)
    if absent := _absent(design):
        named = ", ".join(dict.fromkeys(repr(_key(text)) for text in absent))
        problems.append(f"methods: {named} need {PUBLISHED_BY}; install it, and let PLURISCOPE_PLUGINS name it")
    if design.source == FILES and files is None:
        problems.append(f"source {FILES!r}: `pluriscope study run` alone reads files and makes networks of them")
    if problems:
        raise refusal(problems)
    return design


def _absent(design: StudyDesign) -> list[str]:
    """List methods that are unknown where the plugin is not in use that brings most; a table may name them."""
    if any(one.name == PUBLISHED_BY and not one.refused for one in plugins()):
        return []
    return [text for text in design.methods if _key(text) not in METHODS.by_key]


def _key(method: str) -> str:
    return method.partition("(")[0].strip()


def _unknown(design: StudyDesign) -> list[str]:
    """List what a run is refused for, and the reading of a table is not."""
    known: Mapping[str, tuple[Sequence[str], Collection[str]]]
    known = {
        "source": ((design.source,), SOURCES),
        "measures": (design.measures, MEASURES),
        "criteria": (design.criteria, ()),
        "planting": ([one for one in _disguises(design) if [*_refused(read_disguise, one)]], ()),
        "tests": ([one.test for one in design.comparisons], (*_OF_NUMBERS, *_OF_SHARES)),
    }
    unknown = {what: [repr(key) for key in dict.fromkeys(keys) if key not in of] for what, (keys, of) in known.items()}
    return [
        f"{what}: {', '.join(keys)} {'is' if len(keys) == 1 else 'are'} unknown; "
        + (f"use {', '.join(known[what][1])}" if known[what][1] else "leave them out")
        for what, keys in unknown.items()
        if keys
    ]


def _disguises(design: StudyDesign) -> Iterator[str]:
    """The disguises of all levels of planting."""
    for level in design.planting:
        yield from (one.strip() for one in level.split(",")[1:])


def refusal(problems: Sequence[str]) -> InvalidStudy:
    """The refusal of a design for several reasons."""
    return InvalidStudy(
        "study design", "; ".join(one.rstrip(".") for one in problems), "correct it; nothing was started"
    )


# --- every reason why a design is refused


_OF_SOURCES: Final[Mapping[Factor, str]] = {"planting": PLANTED, "prior": DRAWN, "regularisation": BOOLEAN}


def contradictions(design: StudyDesign) -> list[str]:
    """Every reason why a design is refused, each once, [] if there is none."""
    known = [key for key in dict.fromkeys(design.measures) if key in MEASURES]
    measured = measures_of(known, design.methods)
    problems = [*_levels(design), *_source(design), *_methods(design, known), *_measures(design, measured)]
    for comparison in design.comparisons:
        name = f"comparison of {comparison.measure} by {comparison.factor}"
        problems += [f"{name}: {problem}" for problem in _comparison(design, comparison, measured)]
    for field, text in (("name", design.name), ("question", design.question)):
        if not text.strip() or any(ord(c) < 32 for c in text):
            problems.append(f"{field}: must be text without control characters")
    return list(dict.fromkeys(problems))


def _refused(read: Callable[..., Any], *given: Any) -> Iterator[str]:
    """Errors of a reader, if it refuses its input."""
    try:
        read(*given)
    except AnalysisError as problem:
        yield str(problem)
    except ValidationError as error:
        yield "; ".join(map(_words_of, error.errors()))


def _levels(design: StudyDesign) -> Iterator[str]:
    for factor, label in FACTORS.items():
        labels = design.labels(factor)
        twice = sorted({text for text in labels if labels.count(text) > 1})
        if twice:
            yield f"{factor}: the level {', '.join(map(repr, twice))} is there twice; say each {label} once"
    if design.n_networks > MAX_NETWORKS:
        yield (
            f"the grid has {design.n_cells:,} cells of {design.seeds.count:,} networks, {design.n_networks:,} in all; "
            f"at most {MAX_NETWORKS:,} are one study"
        )


def _source(design: StudyDesign) -> Iterator[str]:
    source = SOURCES.get(design.source)
    if source is None:  # open, as measures are
        return
    try:
        source.options.model_validate(design.source_options)
        own = {BOOLEAN: _gates, PLANTED: _planting, DRAWN: _prior, FILES: _files}.get(design.source)
        problems = [*own(design)] if own else []
    except ValidationError as error:
        problems = _problems(error, "source_options")
        if set(design.source_options) - set(source.options.model_fields):
            problems.append(f"source {design.source!r}: its options are {', '.join(source.options.model_fields)}")
    yield from problems
    for factor, key in _OF_SOURCES.items():
        if design.source != key and design.levels(factor) != ("",):
            yield f"{factor}: source {design.source!r} has none; leave it out, or use the source {key!r}"
    drawn = any(ANY_GATE in level for level in design.tasks)
    if design.source != BOOLEAN and drawn:
        yield f"tasks: source {design.source!r} draws no gates; use the source {BOOLEAN!r}"
    if design.source != FILES and () in design.tasks:
        yield f"tasks: a level names none; only networks of the source {FILES!r} bring their own"
    if design.source != FILES and not (problems if design.source == BOOLEAN else drawn):  # a spec needs its tasks
        yield from _training(design)


def _gates(design: StudyDesign) -> Iterator[str]:
    """Tasks that are to be drawn without gates to draw them from, and gates that nothing is drawn from."""
    drawn = [level for level in design.tasks if ANY_GATE in level]
    gates = options_of(design).gates
    if len(set(gates)) < len(gates):
        yield "source_options.gates: one is there twice; say each once"
    for gate in gates:
        yield from (f"source_options.gates: {problem}" for problem in _refused(task_of_text, gate, design.n_inputs))
    if gates and not drawn:
        yield f"source_options.gates: no level of tasks has {ANY_GATE!r}; leave them out"
    for level in drawn:
        if set(level) != {ANY_GATE}:
            yield f"tasks {' + '.join(level)}: a level is drawn as a whole or not at all"
        elif len(level) > len(gates):
            yield f"tasks: {len(level)} are to be drawn of {len(gates)} gates; give as many as source_options.gates"


def _planting(design: StudyDesign) -> Iterator[str]:
    problems = [*_refused(planted_algorithms, design)]
    yield from (f"source_options: {problem}" for problem in problems)
    for cell, algorithm in product(cells_of(design), () if problems else planted_algorithms(design)):
        yield from (f"planting: {problem}" for problem in _refused(compiled, cell, algorithm))


def _prior(design: StudyDesign) -> Iterator[str]:
    if options_of(design).moments and MATCHED not in design.prior:
        yield f"source_options.moments: no level of prior is {MATCHED!r}; leave them out"
    for level, hidden in product({*design.prior} - {""}, design.hidden):
        yield from _refused(prior_of, design, level, hidden)


def _files(design: StudyDesign) -> Iterator[str]:
    """List what is wrong with networks that are files, and what such networks are not made by."""
    named: dict[str, list[str]] = {}
    for file in options_of(design).files:
        named.setdefault(file.sha256, []).append(repr(file.name))
    for names in (names for names in named.values() if len(names) > 1):
        yield f"source_options.files: {' and '.join(names)} hold the same network; name one of them"
    if design.seeds.first + design.seeds.count > sum(map(len, named.values())):
        yield f"seeds: there are {sum(map(len, named.values()))} files, one for each seed from 0 on"
    usual = {factor: StudyDesign.model_fields[factor].default for factor in GRID_FACTORS} | {"tasks": design.tasks[:1]}
    for factor in GRID_FACTORS:
        if design.levels(factor) != usual[factor]:
            yield f"{factor}: networks that are files have their own; leave it out"
    if design.training != TrainingRules():
        yield "training: networks that are files are not trained; leave it out"


def _training(design: StudyDesign) -> Iterator[str]:
    """Combinations that no network can be trained with; each level is tried once with the first of the others."""
    first = {factor: design.levels(factor)[0] for factor in GRID_FACTORS}
    every: list[tuple[Factor, Any]] = [(one, level) for one in GRID_FACTORS for level in design.levels(one)]
    for factor, level in every:
        levels: dict[Any, Any] = {**first, factor: level}
        try:
            Cell(design, levels).spec(0)
        except AnalysisError as problem:
            yield f"tasks {levels['tasks']!r}: {problem}"
        except ValidationError as error:
            for one in error.errors():
                field = str(one["loc"][0]) if one["loc"] else factor
                yield f"{field} {levels.get(field, '')!r}: {_words_of(one)}"
    of_grid = {*design.activation, *design.output_activation}
    if design.training.negative_slope != DEFAULT_NEGATIVE_SLOPE and "leaky_relu" not in of_grid:
        yield "training.negative_slope: no activation of the grid is leaky_relu; leave it out"


def _methods(design: StudyDesign, known: Sequence[str]) -> Iterator[str]:
    """Methods that cannot be asked, that are there twice, or that no measure is about."""
    said, absent = dict[str, str](), _absent(design)
    for text in design.methods:
        if text in absent:
            continue
        if problems := [*_refused(read_method, text)]:
            yield from (f"methods: {problem}" for problem in problems)
            continue
        method, settings = read_method(text)
        same = said.setdefault(settings_digest(method.key, settings), text)
        if same != text:
            yield f"methods: {text!r} has the same settings as {same!r}; keep one"
    needed = [key for key in known if "answers" in MEASURES[key].needs]
    if design.methods and not needed and len(known) == len(set(design.measures)):
        yield "methods: no measure is about their answers; leave them out, or measure some"
    if needed and not design.methods:
        about = next(iter(answer_measures(known)), needed[0])
        yield f"measures: {about!r} is about answers of methods; name some in methods"


def _measures(design: StudyDesign, measured: Mapping[str, Measure]) -> Iterator[str]:
    keys = [key.lower() for key in design.measures]
    for key in dict.fromkeys(design.measures):
        if key.lower() in NAMES:
            yield f"measures: {key!r} is the name of another column; use another one"
        if keys.count(key.lower()) > 1:
            yield f"measures: {key!r} is there twice"
    named = [(f"ladders {ladder.label!r}", key) for ladder in design.ladders for key in ladder.measures]
    for name, key in named:
        if key in measured and measured[key].kind in ("category", "set"):
            yield f"{name}: {key!r} is {_article(measured[key].kind)}, which has no bar"
    named += [("references", reference.measure) for reference in design.references if reference.measure]
    for name, key in named:
        if key not in measured and not _is_open(design, key):
            yield f"{name}: {key!r} is not among the study's measures"


def _is_open(design: StudyDesign, key: str) -> bool:
    """Whether a key is of a measure of the study that is unknown here, and so of any kind."""
    key = key.partition(":")[0]
    return (key in design.measures and key not in MEASURES) or (key == "passes" and bool(design.criteria))


def _comparison(design: StudyDesign, comparison: Comparison, measured: Mapping[str, Measure]) -> Iterator[str]:
    factor, test, label = comparison.factor, comparison.test, FACTORS[comparison.factor]
    known = (answer_measures(design.measures) if factor == "method" else measured).get(comparison.measure)
    if known is None and not _is_open(design, comparison.measure):
        yield "the measure is not among the study's measures"
    if known is not None:
        if test in _OF_NUMBERS and not known.numeric and not (test == "friedman" and known.kind == "yes-no"):
            yield f"{test} compares numbers, and the measure is {_article(known.kind)}"
        if test in _OF_SHARES and known.kind not in ("yes-no", "category"):
            yield f"{test} compares shares, and the measure is {_article(known.kind)}"
        if test == "mcnemar" and known.kind == "category":
            yield f"{test} compares yes and no, and the measure is a word"
    for level in set(comparison.levels) - set(design.labels(factor)):
        yield f"{level!r} is no level of {label}"
    n_compared = len(comparison.compared(design))
    if n_compared < 2:
        where = "comparison" if comparison.levels else "grid"
        yield f"the {where} has one level of {label}, so there is nothing to compare"
    if test in ("friedman", "page") and n_compared == 2:
        yield f"{test} needs three levels; use wilcoxon for two"
    if test in ("spearman", "page") and factor not in ("loss_target", "noise_std", "hidden", "tasks"):
        yield f"{test} needs levels that have an order"
    protocols = design.labels("protocol")
    if comparison.protocol and comparison.protocol not in protocols:
        yield f"protocol {comparison.protocol!r} is not one of {', '.join(protocols)}"
    if comparison.protocol and factor == "protocol":
        yield "protocols cannot be compared under one protocol"
    for other, level in comparison.where.items():
        if other == factor:
            yield f"{other} cannot be compared and held fixed"
        elif other == "method":
            yield "networks differ in no method; name the measure of that method"
        elif level not in design.labels(other):
            yield f"{other} has no level {level!r}; there are {', '.join(design.labels(other))}"


def _article(kind: str) -> str:
    return {"yes-no": "yes or no", "set": "a set", "category": "a word"}.get(kind, f"a {kind}")
