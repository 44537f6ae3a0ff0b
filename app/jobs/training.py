"""The work of "train" jobs: many networks in step; how they learned is stored with them. Of "train-model": one
transformer, whose losses stay with the job.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.orm import Session

from analysis.errors import BeyondLimits
from analysis.network_files.files import NetworkFile
from analysis.protocol import Protocol
from analysis.subjects.enumeration import refuse_if_too_large
from analysis.subjects.perceptron.network import Network
from analysis.subjects.perceptron.training_course import TrainingOutcome, points_each, training_json
from analysis.subjects.perceptron.training_spec import TrainingSpec, training_spec
from analysis.subjects.transformer.files import attention_document
from analysis.subjects.transformer.kind import TRANSFORMER
from analysis.subjects.transformer.training_spec import AttentionSpec, attention_spec
from analysis.work import Work
from app.db.models import save_model
from app.db.reads.networks import known_as
from app.db.tables import NetworkRow
from app.db.writes import save_network
from app.jobs import queue
from app.jobs.handlers import Arguments, Compute, Handler, Saved
from pluriscope.address import Addresses

if TYPE_CHECKING:
    from analysis.subjects.transformer.training import AttentionOutcome


def load_training(_session: Session, arguments: Arguments) -> Compute[tuple[TrainingOutcome, ...]]:
    """Read the specs; of the store nothing is needed.

    Raises:
        InvalidTraining: options that are unknown or out of range.
    """
    specs = tuple(training_spec(options) for options in arguments["specs"])
    return partial(compute_training, specs)


def compute_training(specs: tuple[TrainingSpec, ...], work: Work) -> tuple[TrainingOutcome, ...]:
    """Train; the only job that loads torch."""
    from analysis.subjects.perceptron.training import train_networks

    return train_networks(specs, work)


def save_training_outcome(session: Session, arguments: Arguments, outcomes: Sequence[TrainingOutcome]) -> Saved:
    """Store the networks that converged and ask for their analyses; the others are told of in the job's result."""
    protocols = [Protocol.model_validate(settings) for settings in arguments["protocols"]]
    told: list[dict[str, Any]] = []
    rows: list[NetworkRow] = []
    for outcome in outcomes:
        entry: dict[str, Any] = {"name": outcome.spec.label, **training_json(outcome, points_each(len(outcomes)))}
        if outcome.converged and outcome.network is not None:
            file = _file_of(arguments["name"], len(outcomes) > 1, outcome, outcome.network)
            row = save_network(session, file, origin="trained", training=training_json(outcome))
            entry |= {"name": file.name, "network": row.digest, "url": Addresses().network(row.slug)}
            entry["known_as"] = known_as(session, row, file.name)
            rows.append(row)
        told.append(entry)
    for row in rows:
        queue.enqueue_analyses(session, row, protocols, asked=queue.was_asked(session, "train", arguments))
    result: dict[str, Any] = {"outcomes": told, "networks": [row.digest for row in rows]}
    if rows:
        result["url"] = Addresses().network(rows[0].slug) if len(rows) == 1 else Addresses().gallery()
    return Saved(result, f"{len(rows)} of {len(outcomes)} networks converged")


def _file_of(name: str, several: bool, outcome: TrainingOutcome, network: Network) -> NetworkFile:
    spec = outcome.spec
    name = f"{name}, seed {spec.seed}" if name and several else name or spec.label
    return NetworkFile(name, network, spec.resolved_tasks())


def _load_model(_session: Session, arguments: Arguments) -> Compute[AttentionOutcome]:
    """Read the options, without the store; for the errors see
    :func:`analysis.subjects.transformer.training_spec.attention_spec`.
    """
    return partial(_train_model, attention_spec(arguments["spec"]))


def _train_model(spec: AttentionSpec, work: Work) -> AttentionOutcome:
    from analysis.subjects.transformer.training import train_attention

    return train_attention(spec, work)


def _save_model(session: Session, _arguments: Arguments, outcome: AttentionOutcome) -> Saved:
    """Store the transformer if it converged, and ask for its circuits where they are not too many."""
    model = outcome.model
    if model is None or not outcome.converged:
        return Saved({}, f"not converged: {outcome.words}; allow more steps, or try another seed or learning rate")
    row, _ = save_model(session, json.dumps(attention_document(model)).encode(), origin="trained")
    with suppress(BeyondLimits):
        refuse_if_too_large(model, model.space(TRANSFORMER.default_rules))
        queue.enqueue_of_model(session, "model-circuits", row, "", asked=True)
    return Saved({"url": Addresses().network(row.slug), "model": row.digest}, f"converged: {outcome.words}")


TRAIN_MODEL: Final = Handler(_load_model, _save_model)
TRAIN: Final = Handler(load_training, save_training_outcome)
