"""The work on stored models of other kinds than the networks: their circuits, and the analyses beside these."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from analysis.circuit_sets.judged_masks import judged_circuits
from analysis.circuit_sets.masks import CircuitsFound, find_circuits
from analysis.lenses.report import LensesReport
from analysis.report import Report, Settings
from analysis.subjects.question import GraphQuestion
from analysis.subjects.registry import read_subject
from analysis.subjects.subject import Rules
from analysis.work import Work
from app.db.errors import NotFound
from app.db.job_tables import JobRow
from app.db.models import find_model, model_of, read_analysed, save_beside, save_circuits, searches_of, stored_beside
from app.db.tables import ModelRow
from app.jobs.definitions import DEFINITIONS
from app.jobs.handlers import Arguments, Compute, Handler, Saved
from app.jobs.queue import enqueue_of_model, was_asked
from app.jobs.stages import BESIDE_CIRCUITS, follows
from pluriscope.address import Addresses
from pluriscope.analyses.registry import LENSES, METHODS, ONE_READER, PLANTED, RIVALS, Analysis
from pluriscope.naming import RulesScope


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


def _load(session: Session, arguments: Arguments, analysis: Analysis) -> Compute[Report]:
    """What an analysis looks at.

    Raises:
        NotFound: the model is not stored any more, or the circuits that are looked at are not.
        InvalidProtocol: its kind has no such rules.
    """
    row, rules = find_model(session, arguments["model"]), arguments["rules"]
    analysed = read_analysed(session, row, rules)
    if analysed.circuits is None and analysis.searched:
        raise NotFound(f"circuits of {row.slug}", "are not searched under these rules", "search them first")
    if analysis == LENSES:
        analysed = replace(analysed, before=_under_other_rules(session, row, rules))
    return partial(analysis.finds, analysed, Settings(thorough=analysis == LENSES))


def _under_other_rules(session: Session, row: ModelRow, own: str) -> LensesReport | None:
    """What lenses have said of a model under other rules, by this version."""
    others = [rules for _, rules in searches_of(session, [row.id]) if rules != own]
    ids = {rules: DEFINITIONS["model-lenses"].job_id({"model": row.digest, "rules": rules}) for rules in others}
    jobs = {rules: session.get(JobRow, one) for rules, one in ids.items()}
    made = (rules for rules, job in jobs.items() if job is not None and job.state == "done")
    return next(filter(None, (stored_beside(session, row, rules, LENSES.key, LensesReport) for rules in made)), None)


def _beside(analysis: Analysis) -> Handler[Report]:
    """An analysis of the circuits of a model, whose report is kept beside them."""

    def save(session: Session, arguments: Arguments, outcome: Report) -> Saved:
        row, rules = find_model(session, arguments["model"]), arguments["rules"]
        save_beside(session, row, rules, analysis.key, outcome)
        url = Addresses().analysis(row.slug, analysis.key, RulesScope.of(rules))
        kind, model = model_of(row)
        words = outcome.findings(GraphQuestion(kind, model, kind.rules(rules)))
        return Saved({"url": url, "model": row.digest, "rules": rules}, " ".join(words))

    return Handler(partial(_load, analysis=analysis), save)


MODEL_CIRCUITS: Final = Handler(_load_circuits, _save_circuits)
MODEL_METHODS: Final = _beside(METHODS)
MODEL_RIVALS: Final = _beside(RIVALS)
MODEL_LENSES: Final = _beside(LENSES)
MODEL_PLANTED: Final = _beside(PLANTED)
MODEL_ONE_READER: Final = _beside(ONE_READER)
