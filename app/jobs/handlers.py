"""The record of a job's steps: load from the store, compute without it, save in the transaction that ends the job.

What is computed runs in another process, knows no database and must pickle; ``save`` runs in the one transaction that
ends the job, so what was found and the job's end are seen together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, TypeVar, cast

from sqlalchemy.orm import Session

from pluriscope.analysis.running.work import Work

Outcome = TypeVar("Outcome")
Arguments = Mapping[str, Any]
Compute = Callable[[Work], Outcome]


@dataclass(frozen=True)
class Saved:
    """Result of a job that has ended well.

    Args:
        result: JSON values for the job's row; "url" leads to what was made.
        found: one line for people, also the last of the job's log.
        truncated: whether a search stopped at a limit.
    """

    result: Mapping[str, Any]
    found: str
    truncated: bool = False


@dataclass(frozen=True)
class Handler(Generic[Outcome]):
    """The parts of one kind of job.

    Args:
        load: arguments → what is to be computed, with all that it needs of the store: a module-level function without
            side effects, its inputs bound to it.
        save: outcome → stored, in the transaction that ends the job.
        keep: stores a part of the outcome, from a report, while the job goes on; None where there are no parts.
    """

    load: Callable[[Session, Arguments], Compute[Outcome]]
    save: Callable[[Session, Arguments, Outcome], Saved]
    keep: Callable[[Session, Arguments, Outcome], object] | None = None


def handler_at(path: str) -> Handler[Any]:
    """The handler that a definition names as "module:name"."""
    module, _, name = path.partition(":")
    return cast(Handler[Any], getattr(import_module(module), name))
