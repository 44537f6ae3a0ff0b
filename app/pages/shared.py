"""States and words of analyses, jobs and parts of networks that several pages share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from sqlalchemy.orm import Session

from pluriscope.addresses.naming import Scope, protocol_key
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.running.progress import KnownCircuits
from pluriscope.analysis.subjects.perceptron.activations import activation_of
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.analyses import clean_key
from pluriscope.app.db.reads.jobs import UNFINISHED
from pluriscope.app.db.reads.networks import jobs_for
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.pages.place import AnyPlace
from pluriscope.figures.svg.layout import shape_text

State = Literal["done", "truncated", "computing", "failed", "cancelled", "not_analysed"]
WorkState = Literal["computing", "failed", "cancelled", "not_asked"]


def activation_words(network: Any) -> str:
    """The activations of a network in words, with their parameters."""
    written = (network.activation, network.output_activation)
    hidden, output = (activation_of(text, network.negative_slope).label for text in written)
    return hidden if hidden == output else f"{hidden}, output {output}"


def shape_words(network: Network) -> str:
    """The sizes and activations of a network in words."""
    return f"{shape_text(network.sizes)}, {activation_words(network)}"


def work_state(job: JobRow | None) -> WorkState:
    """State of the work on something that is not stored, by the latest job for it."""
    if job is None:
        return "not_asked"
    if job.state in UNFINISHED:
        return "computing"
    if job.state == "failed":
        return "failed"
    return "cancelled" if job.state == "cancelled" else "not_asked"


def state_of(analysis: AnalysisRow | None, job: JobRow | None) -> State:
    """State of an analysis; the three kinds of emptiness of spec §7 are never confused.

    A stored analysis speaks for itself even while a job runs it again; without one the latest job does.
    """
    if analysis is not None:
        return "done" if analysis.exhaustive else "truncated"
    state = work_state(job)
    return "not_analysed" if state == "not_asked" else state


def latest_job(jobs: Iterable[JobRow], scope: Scope, network: Any) -> JobRow | None:
    """The newest of a network's analysis jobs, given newest first, for one output, protocol and data record; of the
    network its kind and sizes are looked at.
    """
    for job in jobs:
        asked = job.arguments
        if not network.sizes:  # its file is kept
            rules = asked["protocol"]
            to_logits = rules.get("granularity") == "edges" and "circuit_decision" not in rules  # their name at first
            made = Scope(asked["output"], rules["name"].replace("edges", "logit-edges") if to_logits else rules["name"])
        else:
            protocol = _protocol_key_of(json.dumps(asked["protocol"], sort_keys=True))
            made = Scope(asked["output"], protocol, asked["data"][:12] or clean_key(network))
        if made == scope:
            return job
    return None


@lru_cache(maxsize=256)  # thousands of jobs have few protocols
def _protocol_key_of(written: str) -> str:
    return protocol_key(Protocol.model_validate_json(written))


def job_now(session: Session, place: AnyPlace) -> JobRow | None:
    """The latest job for an analysis where none is stored."""
    jobs = [] if place.analysis is not None else jobs_for(session, [place.row.digest])
    return latest_job(jobs, place.scope, place.row)


def known_of(job: JobRow | None) -> KnownCircuits | None:
    """Valid circuits that a job has found by now; None where it has found nothing yet."""
    so_far = {} if job is None else job.so_far
    return KnownCircuits.of_json(so_far["circuits"]) if "circuits" in so_far else None


def finite(value: float) -> float | None:
    """JSON has no infinity: None where nothing was tested."""
    return float(value) if np.isfinite(value) else None
