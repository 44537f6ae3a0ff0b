"""The work of a "model-circuits" job: every valid circuit of one stored model under one set of rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from analysis.models.circuits import CircuitsFound, find_circuits
from analysis.models.judging import judged_circuits
from analysis.models.model import Rules
from analysis.models.registry import read_model
from analysis.work import DEFAULT_WORK, Work
from app.addressing import Addresses
from app.db.models import find_model, model_of, save_circuits
from app.jobs.handlers import Handler, Saved
from app.jobs.queue import enqueue_of_model
from app.jobs.stages import BESIDE_CIRCUITS
from pluriscope.naming import RulesScope


@dataclass(frozen=True)
class CircuitInputs:
    """What is searched: the model as its file, and the rules."""

    document: bytes
    rules: Rules


def load_circuit_inputs(session: Session, arguments: Mapping[str, Any]) -> CircuitInputs:
    """Read the model.

    Raises:
        NotFound: it is not stored any more.
        InvalidProtocol: its kind has no such rules.
    """
    row = find_model(session, arguments["model"])
    kind, _ = model_of(row)
    return CircuitInputs(row.document, kind.rules(arguments["rules"]))


def compute_circuits(inputs: CircuitInputs, work: Work = DEFAULT_WORK) -> CircuitsFound:
    """Find them all, and judge them."""
    kind, model = read_model(inputs.document)
    return judged_circuits(kind, model, inputs.rules, find_circuits(model, inputs.rules, work), work)


def save_found_circuits(session: Session, arguments: Mapping[str, Any], outcome: CircuitsFound) -> Saved:
    """Store them beside their model."""
    row = find_model(session, arguments["model"])
    kind, _ = model_of(row)
    rules = kind.rules(arguments["rules"])
    save_circuits(session, row, kind, rules, outcome)
    for job in BESIDE_CIRCUITS.values():  # another search replaces what they found
        enqueue_of_model(session, job, row, kind.write_rules(rules), again=True)
    words = f"{outcome.valid:,} of {outcome.possible:,} circuits are valid"
    if not outcome.complete:
        words += f"; the {len(outcome.circuits):,} with the fewest edges are listed"
    url = Addresses().circuits(row.slug, RulesScope.of(kind.write_rules(rules)))
    result = {"url": url, "model": row.digest, "rules": arguments["rules"], "found": outcome.valid}
    return Saved(result, words, truncated=not outcome.complete)


MODEL_CIRCUITS: Final[Handler[CircuitInputs, CircuitsFound]] = Handler(
    load_circuit_inputs, compute_circuits, save_found_circuits
)
