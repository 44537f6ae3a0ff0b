"""Transformers trained here, as scripts ask for it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.training_spec import TransformerOptions, attention_spec
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.jobs import queue


def start_training(session: Session, request: TransformerOptions) -> JobRow:
    """Ask for the training; the same request again is the same job, tried again if it failed.

    Raises:
        InvalidTraining, InvalidTask: as the command line says of such options.
    """
    options = request.model_dump()
    title = f"Train {attention_spec(options).label}"
    arguments = {"kind": TRANSFORMER.key, "specs": [options], "name": "", "protocols": []}
    return queue.enqueue(session, "train", arguments, title, requested=True, again=queue.ENDED_BADLY)
