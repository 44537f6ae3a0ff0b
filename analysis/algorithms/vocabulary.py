"""The record of a vocabulary: named variables that algorithms of some tasks may have, and how answers come of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pluriscope.analysis.subjects.question import SubjectQuestion


@dataclass(frozen=True)
class Words:
    """Variables with their definitions, of which algorithms are made.

    Args:
        text: statements of the grammar of causal models, each of inputs and of names before it; a name that begins
            with ``_`` is never a variable.
        answers: expressions for the answer.
        reads: how many variables and inputs, at least one of them a variable, a table for the answer may read, whose
            entries are what is right on the rows, and none on what no row has. No variable that it reads is made of
            another that it reads.
        together: beginnings of names; those with the same one are variables all at once, or none of them.
    """

    text: str
    answers: tuple[str, ...] = ()
    reads: int = 0
    together: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """A vocabulary of algorithms.

    Args:
        key: stable name, lower case.
        title: for people.
        applies: whether it has words for a question's task.
        variables: its words; algorithms are made within each of these.
        most: how many variables an algorithm has at most, those that go together counted once.
    """

    key: str
    title: str
    applies: Callable[[SubjectQuestion], bool]
    variables: Callable[[SubjectQuestion], Sequence[Words]]
    most: int = 2
