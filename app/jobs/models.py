"""The work on stored models of other kinds than the networks: their circuits, and the analyses beside these."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.circuit_sets.judged_masks import judged_circuits
from analysis.circuit_sets.masks import CircuitsFound, find_circuits
from analysis.circuit_sets.one_reader import find as find_by_reader
from analysis.circuit_sets.rivals import compare
from analysis.discovery.audit import audit
from analysis.discovery.method import RULES
from analysis.discovery.registry import MODEL_METHOD_BY_KEY, default_methods
from analysis.discovery.report import MethodsReport, methods_report
from analysis.discovery.sweep import sweep
from analysis.explanations.explanation import REF, Frame
from analysis.lenses.report import LensesReport, find_on_model
from analysis.planting.report import PlantedReport, report_of_model
from analysis.report import Report
from analysis.subjects.perceptron.circuit import EdgeLayout
from analysis.subjects.registry import read_subject
from analysis.subjects.subject import Rules
from analysis.work import Work
from app.db.job_tables import JobRow
from app.db.models import CircuitSearch as ModelSearch
from app.db.models import (
    find_model,
    model_of,
    save_beside,
    save_circuits,
    searched_circuits,
    searches_of,
    stored_beside,
    stored_circuits,
    stored_landscape,
)
from app.jobs.definitions import DEFINITIONS
from app.jobs.handlers import Arguments, Compute, Handler, Saved
from app.jobs.queue import enqueue_of_model, was_asked
from app.jobs.stages import BESIDE_CIRCUITS, follows
from pluriscope.address import Addresses
from pluriscope.analyses.registry import LENSES, METHODS, ONE_READER, PLANTED, RIVALS, Analysis
from pluriscope.naming import RulesScope

SWEPT_MILLISECONDS: Final = 100.0
"""What a run of one circuit of a model may take for methods to be asked under more than their default settings, some
thousand runs."""


def _load_circuits(session: Session, arguments: Arguments) -> Compute[CircuitsFound]:
    """Read the model.

    Raises:
        NotFound: it is not stored any more.
        InvalidProtocol: its kind has no such rules.
    """
    row = find_model(session, arguments["model"])
    kind, _ = model_of(row)
    return partial(_find_circuits, row.document, kind.rules(arguments["rules"]))


def _find_circuits(document: bytes, rules: Rules, work: Work) -> CircuitsFound:
    """Find them all, and judge them."""
    kind, model = read_subject(document)
    return judged_circuits(kind, model, rules, find_circuits(model, rules, work), work)


def _save_circuits(session: Session, arguments: Arguments, outcome: CircuitsFound) -> Saved:
    """Store them beside their model."""
    row = find_model(session, arguments["model"])
    kind, _ = model_of(row)
    rules = kind.rules(arguments["rules"])
    save_circuits(session, row, kind, rules, outcome)
    asked = was_asked(session, "model-circuits", arguments)
    for name, job in BESIDE_CIRCUITS.items():  # another search replaces what they found
        if follows(name, row):
            enqueue_of_model(session, job, row, kind.write_rules(rules), asked=asked, again=True)
    words = f"{outcome.valid:,} of {outcome.possible:,} circuits are valid"
    if not outcome.complete:
        words += f"; the {len(outcome.circuits):,} with the fewest edges are listed"
    url = Addresses().circuits(row.slug, RulesScope.of(kind.write_rules(rules)))
    result = {"url": url, "model": row.digest, "rules": arguments["rules"], "found": outcome.valid}
    return Saved(result, words, truncated=not outcome.complete)


def _load_methods(session: Session, arguments: Arguments) -> Compute[MethodsReport]:
    """The model and its circuits.

    Raises:
        NotFound: it is not stored any more, or its circuits are not.
        InvalidProtocol: its kind has no such rules.
    """
    row, search, frame = searched_circuits(session, arguments["model"], arguments["rules"])
    kind, _ = model_of(row)
    return partial(ask_methods, row.document, kind.rules(arguments["rules"]), search, frame)


def ask_methods(document: bytes, rules: Rules, search: ModelSearch, frame: Frame, work: Work) -> MethodsReport:
    """Ask every method under its settings, all of which run the model some hundred times.

    Args:
        document: the model's file.
        rules: that its circuits were searched under.
        search: what the search says of itself.
        frame: the circuits that it listed, as columns.
        work: told how far it is.
    """
    kind, model = read_subject(document)
    landscape = stored_landscape(kind, model, rules, search, frame, work)
    own, every = landscape.cut(""), list(MODEL_METHOD_BY_KEY.values())
    ablations = [RULES, *(name for name, cut in landscape.cuts.items() if cut is not own)]
    asked = default_methods(every)
    if landscape.space.run_milliseconds <= SWEPT_MILLISECONDS:
        asked = [one for one in sweep(every, ablations[1:]) if one[1].get("ablation", RULES) in ablations]
    answers = audit(landscape, asked, work=work)
    return methods_report(landscape, answers, MODEL_METHOD_BY_KEY, refused={}, thorough=False)


def _load_rivals(session: Session, arguments: Arguments) -> Compute[Report]:
    """How different the circuits of a model are; for the errors see :func:`_load_methods`."""
    _, search, frame = searched_circuits(session, arguments["model"], arguments["rules"])
    masks = np.array(sorted(int(mask, 16) for mask in frame[REF].tolist()), dtype=np.uint64)
    layout = EdgeLayout((len(search.bit_use), 1))
    complete = search.listed == search.valid
    return partial(compare, layout, masks, complete=complete)


def _load_lenses(session: Session, arguments: Arguments) -> Compute[Report]:
    """What lenses say of a model, whatever is searched; for the errors see :func:`_load_circuits`."""
    row = find_model(session, arguments["model"])
    kind, _ = model_of(row)
    frame = stored_circuits(session, row.id, arguments["rules"], kind)
    found = [] if frame is None else frame[REF].tolist()
    masks = np.array(sorted(int(mask, 16) for mask in found), dtype=np.uint64)
    jobs = {
        rules: session.get(JobRow, DEFINITIONS["model-lenses"].job_id({"model": row.digest, "rules": rules}))
        for _, rules in searches_of(session, [row.id])
        if rules != arguments["rules"]
    }
    made = (rules for rules, job in jobs.items() if job is not None and job.state == "done")  # by this version
    known = next(filter(None, (stored_beside(session, row, rules, LENSES.key, LensesReport) for rules in made)), None)
    return partial(_look, row.document, kind.rules(arguments["rules"]), masks, known)


def _look(document: bytes, rules: Rules, masks: NDArray[np.uint64], known: LensesReport | None, work: Work) -> Report:
    _, model = read_subject(document)
    return find_on_model(model, model.space(rules), masks, work, known)


def _load_planted(session: Session, arguments: Arguments) -> Compute[PlantedReport]:
    """Where what was planted in a model stands; for the errors see :func:`_load_methods`."""
    row, search, frame = searched_circuits(session, arguments["model"], arguments["rules"])
    return partial(_locate_planted, row.document, arguments["rules"], search, frame)


def _locate_planted(document: bytes, rules: str, search: ModelSearch, frame: Frame, work: Work) -> PlantedReport:
    kind, model = read_subject(document)
    if model.planted is None:
        raise ValueError("nothing was planted in this model")
    landscape = stored_landscape(kind, model, kind.rules(rules), search, frame, work)
    return report_of_model(landscape, model.planted.under(landscape.graph))


def _load_one_reader(session: Session, arguments: Arguments) -> Compute[Report]:
    """A model by its finest edges, whatever is searched; for the errors see :func:`_load_circuits`."""
    row = find_model(session, arguments["model"])
    kind, _ = model_of(row)
    finest = {name: values[0] for name, values in kind.settings.items() if name == "granularity"}
    return partial(_by_reader, row.document, {**kind.rules(arguments["rules"]), **finest})


def _by_reader(document: bytes, rules: Rules, work: Work) -> Report:
    _, model = read_subject(document)
    return find_by_reader(model, model.space(rules), work)


def _beside(analysis: Analysis, load: Callable[[Session, Arguments], Compute[Report]]) -> Handler[Report]:
    """An analysis of the circuits of a model, whose report is kept beside them."""

    def save(session: Session, arguments: Arguments, outcome: Report) -> Saved:
        row, rules = find_model(session, arguments["model"]), arguments["rules"]
        save_beside(session, row, rules, analysis.key, outcome)
        url = Addresses().analysis(row.slug, analysis.key, RulesScope.of(rules))
        kind, model = model_of(row)
        words = outcome.findings(None, model.space(kind.rules(rules)).graph.cut[:-1])
        return Saved({"url": url, "model": row.digest, "rules": rules}, " ".join(words))

    return Handler(load, save)


MODEL_CIRCUITS: Final = Handler(_load_circuits, _save_circuits)
MODEL_METHODS: Final = _beside(METHODS, _load_methods)
MODEL_RIVALS: Final = _beside(RIVALS, _load_rivals)
MODEL_LENSES: Final = _beside(LENSES, _load_lenses)
MODEL_PLANTED: Final = _beside(PLANTED, _load_planted)
MODEL_ONE_READER: Final = _beside(ONE_READER, _load_one_reader)
