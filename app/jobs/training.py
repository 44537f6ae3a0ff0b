"""The work of "train" jobs: many networks in step; how they learned is stored with them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy.orm import Session

from analysis.network_files.files import NetworkFile
from analysis.networks.network import Network
from analysis.networks.training_course import TrainingOutcome, points_each, training_json
from analysis.networks.training_spec import TrainingSpec, training_spec
from analysis.protocol import Protocol
from analysis.work import Work
from app.addressing import Addresses
from app.db.reads.networks import known_as
from app.db.tables import NetworkRow
from app.db.writes import save_network
from app.jobs import queue
from app.jobs.handlers import Arguments, Compute, Handler, Saved


def load_training(_session: Session, arguments: Arguments) -> Compute[tuple[TrainingOutcome, ...]]:
    """Read the specs; of the store nothing is needed.

    Raises:
        InvalidTraining: options that are unknown or out of range.
    """
    specs = tuple(training_spec(options) for options in arguments["specs"])
    return partial(compute_training, specs)


def compute_training(specs: tuple[TrainingSpec, ...], work: Work) -> tuple[TrainingOutcome, ...]:
    """Train; the only job that loads torch."""
    from analysis.networks.training import train_networks

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


TRAIN: Final = Handler(load_training, save_training_outcome)
