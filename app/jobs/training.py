"""The work of "train" jobs: many perceptrons in step; how they learned is stored with them. Or one transformer, whose
losses stay with the job.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.training_course import TrainingOutcome, points_each, training_json
from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec, training_spec
from pluriscope.analysis.subjects.registry import kind_of
from pluriscope.analysis.subjects.transformer.training_spec import AttentionSpec, attention_spec
from pluriscope.analysis.values.digest import canonical_json
from pluriscope.app.db.reads.networks import known_as
from pluriscope.app.db.tables import PERCEPTRON, NetworkRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.handlers import Arguments, Compute, Handler, Saved

if TYPE_CHECKING:
    from pluriscope.analysis.subjects.transformer.training import AttentionOutcome


def load_training(_session: Session, arguments: Arguments) -> Compute[Sequence[Any]]:
    """Read the specs; of the store nothing is needed.

    Raises:
        InvalidTraining: options that are unknown or out of range.
    """
    if arguments.get("kind", PERCEPTRON) != PERCEPTRON:
        return partial(_train_transformers, tuple(map(attention_spec, arguments["specs"])))
    specs, checkpoints = tuple(map(training_spec, arguments["specs"])), arguments.get("checkpoints", ())
    return partial(compute_training, specs, checkpoints=checkpoints)


def compute_training(
    specs: tuple[TrainingSpec, ...], work: Work, checkpoints: Sequence[int] = ()
) -> tuple[TrainingOutcome, ...]:
    """Train; the only job that loads torch."""
    from pluriscope.analysis.subjects.perceptron.training import train_networks

    return train_networks(specs, work, checkpoints)


def _train_transformers(specs: tuple[AttentionSpec, ...], work: Work) -> tuple[AttentionOutcome, ...]:
    from pluriscope.analysis.subjects.transformer.training import train_attention

    return tuple(train_attention(spec, work) for spec in specs)


def save_training_outcome(session: Session, arguments: Arguments, outcomes: Sequence[Any]) -> Saved:
    """Store the networks that converged and queue their analyses; the job's result lists the others as well."""
    if arguments.get("kind", PERCEPTRON) != PERCEPTRON:
        return _save_transformers(session, arguments, outcomes)
    protocols = [Protocol.model_validate(settings) for settings in arguments["protocols"]]
    answer: list[dict[str, Any]] = []
    rows, kept = list[NetworkRow](), list[NetworkRow]()
    for outcome in outcomes:
        entry: dict[str, Any] = {"name": outcome.spec.label, **training_json(outcome, points_each(len(outcomes)))}
        if outcome.converged and outcome.network is not None:
            file = _file_of(arguments["name"], len(outcomes) > 1, outcome, outcome.network)
            row = save_network(session, file, origin="trained", training=training_json(outcome))
            entry |= {"name": file.name, "network": row.digest, "url": Addresses().network(row.slug)}
            entry["known_as"] = known_as(session, row, file.name)
            rows.append(row)
        for network, record in outcome.checkpoints:
            file = _file_of(arguments["name"], len(outcomes) > 1, outcome, network)
            file = replace(file, name=f"{file.name}, epoch {record.epoch}", training=record)
            kept.append(save_network(session, file, origin="trained"))
        answer.append(entry)
    for row in dict.fromkeys([*rows, *kept]):
        queue.enqueue_analyses(session, row, protocols, requested=queue.is_requested(session, "train", arguments))
    result: dict[str, Any] = {"outcomes": answer, "networks": [row.digest for row in rows]}
    if kept and len(outcomes) == 1:
        result["url"] = Addresses().network(kept[-1].slug)
    elif rows:
        result["url"] = Addresses().network(rows[0].slug) if len(rows) == 1 else Addresses().gallery()
    return Saved(result, f"{len(rows)} of {len(outcomes)} networks converged")


def _save_transformers(session: Session, arguments: Arguments, outcomes: Sequence[AttentionOutcome]) -> Saved:
    """Store the transformer of a training form if it converged, and queue its analyses. Its losses stay with the
    job.
    """
    [outcome] = outcomes
    if outcome.model is None or not outcome.converged:
        return Saved({}, f"not converged: {outcome.words}; allow more steps, or try another seed or learning rate")
    kind = kind_of(outcome.model)
    row = save_network(session, canonical_json(kind.write(outcome.model)), origin="trained")
    protocol = kind.protocol(kind.default_rules)
    queue.enqueue_analyses(session, row, [protocol], requested=queue.is_requested(session, "train", arguments))
    url = Addresses().network(row.slug)
    return Saved({"url": url, "networks": [row.digest]}, f"converged: {outcome.words}")


def _file_of(name: str, several: bool, outcome: TrainingOutcome, network: Network) -> NetworkFile:
    spec = outcome.spec
    name = f"{name}, seed {spec.seed}" if name and several else name or spec.label
    return NetworkFile(name, network, spec.resolved_tasks())


TRAIN: Final = Handler(load_training, save_training_outcome)
