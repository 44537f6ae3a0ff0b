"""Errors that the engine raises for bad input; each names the item, the cause and the cure.

A scientific negative (nothing found, not converged, not valid) is a result, never an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass
class ExplainedError(Exception):
    """An error that names what is wrong, why, and what to do about it: the base of the three trees of errors.

    Args:
        item: what is wrong, as the user knows it ("weights[1]", "mask 3fz").
        cause: why it is refused, one clause without a final stop.
        cure: what to do about it, one clause without a final stop.
    """

    item: str
    cause: str
    cure: str

    def __str__(self) -> str:
        return f"{self.item}: {self.cause}. {self.cure[:1].upper()}{self.cure[1:]}."


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that was probably meant; "" where none is near."""
    return next(iter(get_close_matches(name[:40], [*known], 1)), "")


def one_of(name: str, known: Iterable[str]) -> str:
    """Return the cure for an unknown name: all that are known, and the nearest."""
    every = [*known]
    near = nearest(name, every)
    return f"use one of {', '.join(every)}" + (f"; did you mean {near}" if near else "")


class AnalysisError(ExplainedError):
    """Bad input to the engine; ``parts`` are the errors of which one that names several problems was made."""

    parts: tuple[AnalysisError, ...] = ()


class InvalidNetwork(AnalysisError):
    """The network cannot be read or does not hold together."""


class InvalidTask(AnalysisError):
    """The task is unknown or its truth table does not fit the network."""


class InvalidData(AnalysisError):
    """The data record does not fit the network or its own schema."""


class InvalidProtocol(AnalysisError):
    """The protocol is unknown or its settings contradict each other."""


class InvalidTraining(AnalysisError):
    """The training options are unknown, out of range or do not fit together."""


class InvalidMask(AnalysisError):
    """The mask is malformed or is no structurally possible circuit of the network."""


class InvalidIndex(AnalysisError):
    """The index lies outside 0 … count − 1."""


class InvalidAlgorithm(AnalysisError):
    """The text is no algorithm of the protocol's form."""


class InvalidPlacement(AnalysisError):
    """The alignment names a variable, layer or neuron that does not exist."""


class InvalidCriterion(AnalysisError):
    """No criterion has that key, or it does not apply to that kind, or a parameter is unknown or out of range."""


class InvalidMethod(AnalysisError):
    """No discovery method has that key, or a setting is unknown, not allowed, or does not fit the task."""


class InvalidClaim(AnalysisError):
    """An answer of a discovery method cannot be read, or is about another network, output or edge."""


class InvalidPlanting(AnalysisError):
    """An algorithm does not fit the layers that it is to be planted in, or a record of a planted one cannot be read."""


class InvalidEdit(AnalysisError):
    """No rule of editing has that key, or a setting is unknown, not allowed or does not fit; or it changes nothing."""


class InvalidIntervention(AnalysisError):
    """A changed neuron, edge, source or value does not exist, is out of range, or there are too many."""


class InvalidStudy(AnalysisError):
    """The design of a study contradicts itself or names what is unknown, or its result file cannot be read."""


class InvalidProof(AnalysisError):
    """A file is no proof, is about another question, or a step of it does not follow."""


class BeyondLimits(AnalysisError):
    """The work is too large to start; the cause carries the estimate and the limit."""


class NotOffered(AnalysisError):
    """The kind of network does not offer the method or the edit; the cause says why."""


class MissingLibrary(AnalysisError, ImportError):
    """A library is needed that comes with an extra, and is not installed."""


class NotInstalledYet(ExplainedError, ImportError):
    """A library is needed that is still being installed, or could not be; nobody is refused for good."""

    def __str__(self) -> str:
        return f"{self.item} {self.cause}; {self.cure}."


@contextmanager
def needing(library: str, needed_for: str, extra: str) -> Iterator[None]:
    """The import of a library that comes with an extra.

    Args:
        library: its name.
        needed_for: what cannot be done without it.
        extra: what pip installs, such as "pluriscope[onnx]".

    Raises:
        MissingLibrary: it is not installed.
        NotInstalledYet: it is being installed.
    """
    try:
        yield
    except NotInstalledYet:
        raise
    except ImportError:
        cause, cure = f"needs {library}, which is not installed", f"install it: pip install '{extra}'"
        raise MissingLibrary(needed_for, cause, cure) from None


class Cancelled(AnalysisError):
    """The caller's progress callback stopped the engine."""

    def __init__(self, stage: str = "analysis") -> None:
        super().__init__(stage, "stopped on request", "start it again to go on")
