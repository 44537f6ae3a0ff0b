"""The record of a rule by which a subject is edited, and what came of an edit.

An edited subject is a subject of its own. What was done to which one stands in its file, which is no part of its
digest. Everything here is the same on every machine: sums are taken in one order, draws are seeded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.errors import InvalidEdit, InvalidMethod, InvalidNetwork
from pluriscope.analysis.methods.settings import Setting, Settings, Value, filled, read_values
from pluriscope.analysis.numerics.fixed_order import length
from pluriscope.analysis.subjects.edited import EditRecord
from pluriscope.analysis.subjects.names import checked_name
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.analysis.values.late_functions import function_at

Array = NDArray[np.float64]
Parameters = Mapping[str, Array]
"""Weight matrices and bias vectors of a subject by their names."""
Numbers = NDArray[np.intp]
Backward = Callable[[Array], Parameters]
"""A loss's derivatives by outputs → by every parameter."""


class Named(NamedTuple):
    """The things that texts of settings name: a subject, or the bytes of a file."""

    subject: Callable[[str], Any]
    content: Callable[[str], bytes]


def _nothing(text: str) -> Any:
    raise InvalidEdit(f"{text[:40]!r}", "names nothing that is known here", "leave it out")


NOTHING: Final = Named(_nothing, _nothing)


class Editable(Protocol):
    """A question about a subject of any kind, as far as rules of editing use it."""

    @property
    def kind(self) -> SubjectKind: ...

    @property
    def subject(self) -> Any: ...

    @property
    def output(self) -> int:
        """The output of the question, from 0."""

    @property
    def names(self) -> Sequence[str]:
        """The name of each row, as settings write it."""

    @property
    def adaptive(self) -> bool:
        """Whether steps of a descent are those of Adam (Kingma and Ba 2015), which scales each number's by itself."""

    def answers(self, subject: Any) -> list[int]:
        """Return the answer of a subject of the same shape on each row; negative for nothing."""

    def answer_named(self, text: str) -> int:
        """The answer of a text.

        Raises:
            InvalidEdit: there is none.
        """

    @property
    def row_milliseconds(self) -> float:
        """About how long a step of a descent takes for each row; 0 where that is never long."""

    @property
    def tokens(self) -> list[str] | None:
        """The token that each number of an answer stands for; None where answers are bits."""

    def other_answer(self, row: int) -> int:
        """Return what the subject answers on a row if not what it answers now."""

    @property
    def parameters(self) -> Parameters:
        """The parameters of the subject, cut to the output of the question."""

    def remade(self, parameters: Parameters) -> Any:
        """Return the whole subject with other numbers, its own or those of :attr:`parameters`; its task is then what it
        answers.

        Raises:
            InvalidNetwork: numbers that leave float64.
        """

    def tasks(self, subject: Any) -> list[dict[str, Any]]:
        """Return the task that each output of a remade subject computes, as JSON values."""

    def run(self, parameters: Parameters, rows: Numbers) -> tuple[Array, Backward]:
        """Outputs ``[rows, …]`` on some rows, and what goes from derivatives by them back to the parameters."""

    def slopes(self, outputs: Array, answers: Numbers) -> Array:
        """Derivatives by the outputs of each row's loss, which is least where it gives the wanted answer."""

    def lacks(self, outputs: Array, answers: Numbers) -> str:
        """Return what outputs lack of being well within the wanted answers, as a clause; "" for nothing."""

    def leaving(self, outputs: Array, answer: int) -> tuple[Array, str]:
        """Derivatives by one row's outputs of a loss that falls the farther they are from an answer, and what they lack
        of being well away from it; "" for nothing.
        """


@dataclass(frozen=True, eq=False)
class Change:
    """The change that a rule made.

    Args:
        parameters: all of the subject's, or all of :attr:`Editable.parameters`; changed or not.
        row: whose answer was to change, from 0; None where no row was chosen.
        target: what it was to answer.
        settings: those that the record writes otherwise than they were given.
        remarks: what else there is to say, one sentence each.
        meant: rows beside that one whose answers were to change.
        lacks: of its end, as a clause, where its steps ran out before; "" for nothing.
    """

    parameters: Parameters
    row: int | None = None
    target: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    meant: tuple[int, ...] = ()
    lacks: str = ""


class EditedRecord(EditRecord):
    """The result of an edit of a network."""

    network: str = Field(description="Digest of the edited network.")
    name: str = ""
    tasks: list[dict[str, Any]] = Field(description="What each output computes now.")
    rows: list[str] = Field(description="Names of the rows.")
    before: list[int] = Field(description="The answer on each row; -1 for none.")
    after: list[int]
    row: str | None = Field(description="Whose answer was to change; null where none was asked for.")
    target: int | None
    as_asked: bool | None
    broken: list[str] = Field(description="Rows that were to be kept and answer otherwise.")
    l2: float = Field(description="Euclidean length of the change of all weights and biases.")
    changed: int = Field(description="Weights and biases that changed.")
    parameters: int
    remarks: list[str]
    answers: list[str] | None = Field(None, description="What each number of an answer stands for; null for bits.")

    def words(self, answer: int) -> str:
        """An answer for people."""
        return "nothing" if answer < 0 else str(answer) if self.answers is None else self.answers[answer]


@dataclass(frozen=True, eq=False)
class Edited:
    """A subject after an edit.

    Args:
        subject: the whole of it.
        record: what was done.
        meant: names of rows whose answers were to change, beside the chosen one.
        outcome: what came of it.
    """

    subject: Any
    record: EditRecord
    meant: tuple[str, ...]
    outcome: EditedRecord

    def named(self, base: str, name: str = "") -> str:
        """Return the name of the edited subject: ``name``, or that of the subject before with the rule behind it.

        Raises:
            InvalidNetwork: a name that is none.
        """
        return checked_name(name) if name else f"{base[:150]}, {self.record.rule}"

    def file(self, name: str = "") -> Any:
        """Return the subject with its name and record, where it has these itself.

        Raises:
            InvalidNetwork: a name that is none.
        """
        return replace(self.subject, name=self.named(self.subject.name, name), edited=self.record)


@dataclass(frozen=True)
class Way:
    """The way in which a rule is applied.

    Args:
        settings: everything that may be set.
        apply: does it; given what is edited, a value for each setting, and what texts name. Or its dotted path.
        descends: on what each of its ``steps`` takes a loss: "" for nothing, one "row", or all "rows".
        milliseconds: about how long it takes at most, where that is not what such a descent takes.
    """

    settings: tuple[Setting, ...]
    apply: Callable[[Any, Settings, Named], Change] | str
    descends: Literal["", "row", "rows"] = ""
    milliseconds: Callable[[Any, Settings], float] | None = None


@dataclass(frozen=True)
class Edit:
    """A rule by which a subject is edited.

    Args:
        key: stable name.
        label: short name for people.
        says: one sentence: what it does.
        source: where it comes from.
        ways: how it is done, by the key of the kind of subject; under "" how on every other kind.
        needs: trait that kinds without a way lack.
        plain: settings of a record and the network's layer sizes → the settings that are values, the others checked.
    """

    key: str
    label: str
    says: str
    source: str
    ways: Mapping[str, Way]
    needs: str = "edits"
    plain: Callable[[dict[str, Any], Sequence[int]], dict[str, Any]] = lambda settings, _: settings

    def way(self, kind: SubjectKind) -> Way:
        """Return the way in which the rule is applied to a kind of subject.

        Raises:
            NotOffered: not at all.
        """
        kind.require(self.needs, f"edit {self.key}")
        return self.ways[kind.key if kind.key in self.ways else ""]

    def filled(self, values: Mapping[str, object], kind: SubjectKind) -> dict[str, Value]:
        """A value for every setting.

        Args:
            values: of settings, or texts of these.
            kind: of the subject.

        Raises:
            NotOffered: the rule is not for such subjects.
            InvalidEdit: an unknown setting, with the list, or a value that is not allowed.
        """
        item, settings = f"edit {self.key}", self.way(kind).settings
        try:
            texts = {name: value for name, value in values.items() if isinstance(value, str)}
            return filled(settings, {**values, **read_values(settings, texts, item)}, item)
        except InvalidMethod as error:
            raise InvalidEdit(error.item, error.cause, error.cure) from None

    def milliseconds(self, question: Editable, values: Mapping[str, object]) -> float:
        """Predict how long the descent takes at most, in milliseconds; for the errors see :meth:`filled`."""
        way = self.way(question.kind)
        if way.milliseconds is not None:
            return way.milliseconds(question, self.filled(values, question.kind))
        rows = {"": 0, "row": 1, "rows": len(question.names)}[way.descends]
        return rows and rows * float(self.filled(values, question.kind)["steps"]) * question.row_milliseconds

    def edited(self, question: Editable, values: Mapping[str, object], named: Named) -> Edited:
        """The subject of a question after the edit.

        Args:
            question: about the subject to edit; its task is not read.
            values: of settings, or texts of these.
            named: what their texts name.

        Raises:
            NotOffered: the rule is not for such subjects.
            InvalidEdit: a setting that is unknown, not allowed or does not fit the subject; an edit that diverges, does
                not come to its end, or changes nothing.
            AnalysisError: what ``named`` raises.
        """
        settings, base, names = self.filled(values, question.kind), question.subject, question.names
        apply = self.way(question.kind).apply
        done: Change = (function_at(apply) if isinstance(apply, str) else apply)(question, settings, named)
        if done.lacks:
            cause = f"did not come to its end in {settings['steps']:,} steps: {done.lacks}"
            others = [each.name for each in self.way(question.kind).settings if isinstance(each.default, float)]
            raise InvalidEdit(f"edit {self.key}", cause, f"give more steps, or another {' or '.join(others)}")
        try:
            found = question.remade(done.parameters)
        except InvalidNetwork:  # a number that is not finite, or too large
            cause, cure = "diverges: numbers leave float64", "make the change smaller"
            raise InvalidEdit(f"edit {self.key}", cause, cure) from None
        if found.digest == base.digest:
            cause, cure = "changes nothing; the network stays as it is", "give other settings, or another row"
            raise InvalidEdit(f"edit {self.key}", cause, cure)
        old, new = (_in_a_row(subject.parameters) for subject in (base, found))
        moved = new - old
        largest = float(np.abs(moved).max())
        row = None if done.row is None else names[done.row]
        reply = {**settings, **done.settings}
        reply |= {"row": row} if row is not None else {}
        if done.target is not None and "target" in reply:
            reply["target"] = str(done.target) if question.tokens is None else question.tokens[done.target]
        record = EditRecord(base=base.digest, rule=self.key, settings=reply, output=question.output)
        before, after = (question.answers(subject) for subject in (base, found))
        meant = tuple(names[number] for number in done.meant)
        pairs = zip(names, before, after, strict=True)
        outcome = EditedRecord(
            **dict(record),
            network=found.digest,
            tasks=question.tasks(found),
            rows=list(names),
            before=before,
            after=after,
            row=row,
            target=done.target,
            as_asked=None if done.row is None else after[done.row] == done.target,
            broken=[name for name, old, new in pairs if old != new and name not in (row, *meant)],
            l2=largest * length(moved / largest),  # no square overflows
            changed=int(np.count_nonzero(moved)),
            parameters=len(moved),
            remarks=list(done.remarks),
            answers=question.tokens,
        )
        return Edited(found, record, meant, outcome)


def _in_a_row(parameters: Parameters) -> Array:
    """All numbers, those of matrices before those of biases."""
    return np.concatenate([a.reshape(-1) for axes in (2, 1) for a in parameters.values() if a.ndim == axes])
