"""The question of an analysis of any kind of subject: one output of it, under rules, on rows.

What lists, pages, jobs and methods need to know of a question, whichever kind its subject is of, is here. Perceptrons
have :class:`pluriscope.analysis.subjects.perceptron.question.Question`; :class:`GraphQuestion` is about subjects whose
circuits are a :class:`~pluriscope.analysis.subjects.subject.Space`, such as transformers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.questions.decision import Decision
from pluriscope.analysis.questions.decisions import FRAGILE_MARGIN
from pluriscope.analysis.subjects.enumeration import read_mask, refuse_if_too_large
from pluriscope.analysis.subjects.graph import Graph, Masks
from pluriscope.analysis.subjects.subject import Rules, RulesProtocol, Space, Subject, SubjectKind, Table
from pluriscope.analysis.values.described import Described
from pluriscope.analysis.values.digest import canonical_json, sha256_hex


@dataclass(frozen=True)
class CircuitVerdict:
    """The verdict whether a circuit is valid, and by how much.

    Args:
        valid: whether the rules look at such circuits and enough rows are decided right.
        reason: why, or why not, one clause.
        n_right: rows decided right.
        n_rows: rows that circuits are judged on.
        threshold: the share of right rows must be above this.
        in_space: whether the rules look at such circuits at all.
        margin: smallest distance of any row, right or wrong, from where its decision would turn.
        worst: the least that speaks for the right decision on any row; below 0 if one is wrong.
    """

    valid: bool
    reason: str
    n_right: int
    n_rows: int
    threshold: float
    in_space: bool
    margin: float
    worst: float

    @property
    def fragile(self) -> bool:
        """Whether another order of sums might turn the verdict around."""
        return self.margin < FRAGILE_MARGIN


@dataclass(frozen=True, eq=False)
class Examples:
    """The rows of a task and what is right on them.

    Args:
        name: by which algorithms read the inputs.
        inputs: ``[rows, …]``.
        rows: for people.
        answers: ``[rows]`` a class of each.
        classes: for people.
    """

    name: str
    inputs: NDArray[Any]
    rows: tuple[str, ...]
    answers: NDArray[np.int64]
    classes: tuple[str, ...]


class QuestionProtocol(Protocol):
    """The rules of a question."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def document(self) -> Mapping[str, Any]:
        """Name, settings and digest, as files have them."""


class SubjectQuestion(Protocol):
    """A question about a subject: an output, its task, the rules and the rows."""

    def __hash__(self) -> int: ...

    @property
    def kind(self) -> SubjectKind: ...

    @property
    def subject(self) -> Any:
        """The whole network, all outputs: what ``kind`` reads; it has a ``digest``."""

    @property
    def output(self) -> int: ...

    @property
    def rules(self) -> Rules:
        """What circuits are made of, and what is left out carries; of some kinds more."""

    @property
    def protocol(self) -> QuestionProtocol: ...

    @property
    def digest(self) -> str:
        """The SHA-256 of the whole question; names are no part of it."""

    @property
    def decision(self) -> Decision:
        """The rule by which outputs are answers."""

    @property
    def share(self) -> float:
        """The share of rows that a valid circuit decides right must be above this."""

    def margins(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute by how much each row is right, ``[masks, rows]``; 0 or below where it is wrong.

        Args:
            outputs: ``[masks, rows, outputs]`` on the rows that circuits are judged on.
        """

    @property
    def decided(self) -> str:
        """By what rule rows are decided, as part of a sentence."""

    @property
    def task_document(self) -> Mapping[str, Any]:
        """The task as files have it, with its "name"."""

    @property
    def data_document(self) -> Mapping[str, Any]:
        """The rows as result files name them: "digest", "clean" and "description"."""

    @property
    def data_digest(self) -> str:
        """SHA-256 of the rows."""

    @property
    def n_rows(self) -> int:
        """Rows that circuits are judged on."""

    @property
    def examples(self) -> Examples:
        """What algorithms must compute: of a perceptron the task on every Boolean input."""

    @property
    def rows_in_words(self) -> str: ...

    @property
    def under(self) -> str:
        """The rules and, where there are several, the output, in words: ``protocol complete``."""

    @property
    def graph(self) -> Graph:
        """Nodes, edges and what bits of a mask stand for."""

    @property
    def refusal(self) -> str:
        """The reason why not every circuit is searched, a clause; "" if every one is."""

    @property
    def obstacle(self) -> str:
        """The reason why nothing is found of circuits, a clause; "" if they are searched or drawn."""

    def admitted(self) -> Sequence[SubjectQuestion]:
        """Return the question under all rules that have a name and fit, the usual ones first."""

    def refuses(self, trait: str) -> str:
        """Return why what needs a trait does not apply: the kind, these rows or this network lack it;
        "" where it does.
        """

    def read_mask(self, text: str) -> int:
        """The circuit that a mask means.

        Raises:
            InvalidMask: it is no circuit of this network.
        """

    def judge(self, mask: int) -> CircuitVerdict:
        """Judge whether a circuit is valid, from the weights."""

    def outputs(self, mask: int) -> NDArray[np.float64]:
        """Run a circuit with all else cut; its outputs, ``[rows, outputs]``: of a perceptron ``[2^n, 1]`` on the
        Boolean inputs.
        """

    def inside(self, mask: int) -> tuple[Table, ...]:
        """Return tables of what happens inside a circuit over all rows; none where other pages have it."""


Q_co = TypeVar("Q_co", bound=SubjectQuestion, covariant=True)
"""A kind of question, where a value holds one."""


def rules_of(question: SubjectQuestion) -> str:
    """The rules in words: the value of every setting, or the name of the protocol."""
    protocol = question.protocol
    return ", ".join(protocol.document[name] for name in question.kind.settings) or protocol.name


def part(question: SubjectQuestion) -> str:
    """Name what one bit of a mask stands for, in one word: a neuron, else a node or an edge."""
    return "neuron" if question.rules.get("granularity") == "neurons" else question.graph.cut[:-1]


@dataclass(frozen=True, eq=False, repr=False)
class GraphQuestion(Described):
    """The question about a subject whose circuits are a space: its one output, on the rows of its task.

    Args:
        rules: a value for each setting of the kind.
    """

    kind: SubjectKind
    subject: Subject
    rules: Rules

    output = 0
    record = None  # the rows, where they stand beside the network

    @cached_property
    def space(self) -> Space:
        """The circuits under the rules.

        Raises:
            InvalidProtocol: the rules do not fit the subject.
        """
        return self.subject.space(self.rules)

    @property
    def graph(self) -> Graph:
        return self.space.graph

    @cached_property
    def protocol(self) -> RulesProtocol:
        return self.kind.protocol(self.rules)

    @cached_property
    def digest(self) -> str:
        asked = [self.subject.digest, self.output, self.protocol.digest, self.data_digest]
        return sha256_hex(canonical_json(asked))

    @property
    def task_document(self) -> Mapping[str, Any]:
        return self.subject.task_document

    @cached_property
    def data_document(self) -> Mapping[str, Any]:
        """The description of the rows; its digest is that of the task without its name, as sorted-key JSON."""
        task = {key: value for key, value in self.task_document.items() if key != "name"}
        return {"digest": sha256_hex(canonical_json(task)), "clean": True, "description": "the rows of the task"}

    @property
    def data_digest(self) -> str:
        return str(self.data_document["digest"])

    @property
    def decision(self) -> Decision:
        return self.space.decision

    @property
    def share(self) -> float:
        return self.space.share

    def margins(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.space.margins(outputs)

    @property
    def decided(self) -> str:
        return self.decision.words(len(self.subject.outputs))

    @property
    def n_rows(self) -> int:
        return len(self.subject.rows)

    @cached_property
    def examples(self) -> Examples:
        one = self.subject
        return Examples(self.kind.inputs, one.inputs, one.rows, one.answers, one.outputs)

    @property
    def rows_in_words(self) -> str:
        return f"{self.n_rows:,} rows of {self.subject.task or 'an unnamed task'}"

    @property
    def under(self) -> str:
        return f"the rules {', '.join(self.rules.values())}"

    @cached_property
    def refusal(self) -> str:
        try:
            refuse_if_too_large(self.subject.name, self.space)
        except AnalysisError as error:
            return error.cause
        return ""

    @property
    def obstacle(self) -> str:
        return self.refusal if self.space.possible_by_bits is None else ""

    def refuses(self, trait: str) -> str:
        return self.kind.refuses(trait)

    def read_mask(self, text: str) -> int:
        return int(read_mask(self.space, text), 16)

    def outputs(self, mask: int) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self.space.run(self.graph.bits([mask]))[0]
        return found

    def inside(self, mask: int) -> tuple[Table, ...]:
        return self.space.inside(self.graph.bits([mask])[0])

    def judge(self, mask: int) -> CircuitVerdict:
        apart = self.margins(self.outputs(mask)[None])[0]
        right, n = int((apart > 0).sum()), self.n_rows
        valid = n - right <= self.space.most_wrong
        asked = "" if valid else f", and a share above {self.share:g} is asked for"
        return CircuitVerdict(
            valid=valid,
            reason=f"it answers {right} of {n} rows right{asked}",
            n_right=right,
            n_rows=n,
            threshold=self.share,
            in_space=True,
            margin=float(np.abs(apart).min()),
            worst=float(apart.min()),
        )

    def are_valid(self, circuits: Masks) -> NDArray[np.bool_]:
        """Decide which circuits ``[circuits, bits]``, at least one, are right on enough rows, ``[circuits]``."""
        if self.kind.counting:
            right = import_module(self.kind.counting).right_counts(self.space, circuits)
        else:
            parts = np.split(circuits, range(self.space.batch, len(circuits), self.space.batch))
            apart = [self.margins(self.space.run(part)) for part in parts]
            right = np.concatenate([(part > 0).sum(axis=1) for part in apart])
        return np.asarray(self.n_rows - right <= self.space.most_wrong)

    @cached_property
    def _admitted(self) -> list[GraphQuestion]:
        return [replace(self, rules=rules) for rules in self.kind.admitted_rules(self.subject)]

    def admitted(self) -> list[GraphQuestion]:
        """Return the question under all rules that fit, the usual ones first."""
        return [*self._admitted]
