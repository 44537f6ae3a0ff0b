"""The record of a rule by which a network is edited, and what came of an edit.

An edited network is a network of its own. What was done to which network stands in its file, which is no part of its
digest. Everything here is the same on every machine: sums are taken in one order, draws are seeded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from analysis.answers import answers
from analysis.errors import InvalidEdit, InvalidMethod, InvalidNetwork
from analysis.fixed_order import length
from analysis.method_settings import Setting, Settings, Value, filled, read_values
from analysis.question import Question
from analysis.subjects.perceptron.mlp import MAX_ACTIVATION, activation_bound, forward
from analysis.subjects.perceptron.network import Network
from analysis.tasks import Task, name_of

Array = NDArray[np.float64]


class Named(NamedTuple):
    """What texts of settings name: a network, or the bytes of a file."""

    network: Callable[[str], Network]
    content: Callable[[str], bytes]


@dataclass(frozen=True, eq=False)
class Change:
    """What a rule did.

    Args:
        weights: ``W_l [n_l, n_(l-1)]``, of the whole network or of the one cut to the asked output.
        biases: ``b_l [n_l]`` likewise.
        row: whose answer was to change, from 0; None where none was asked for.
        target: what it was to answer.
        settings: those that the record writes otherwise than they were given.
        remarks: what else there is to say, one sentence each.
        meant: rows beside that one whose answers were to change.
    """

    weights: Sequence[Array]
    biases: Sequence[Array]
    row: int | None = None
    target: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    meant: tuple[int, ...] = ()


class EditRecord(BaseModel):
    """What was done to a network, as its file says it.

    {"base": DIGEST, "rule": "fine-tune", "settings": {"row": "11", "target": "1", …}, "output": 0}

    Settings are those with which the edit can be done again: of ``transplant`` ``source`` is the digest of the network
    that the circuit was taken from, of ``manual`` ``file`` is the list of changes.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    base: str = Field(pattern="^[0-9a-f]{64}$", description="Digest of the network before.")
    rule: str
    settings: dict[str, Any] = Field(description="With which it can be done again.")
    output: int = Field(ge=0)


class EditedRecord(EditRecord):
    """What came of an edit of a network."""

    network: str = Field(description="Digest of the edited network.")
    name: str = ""
    tasks: list[dict[str, Any]] = Field(description="What each output computes now.")
    rows: list[str] = Field(description="Names of the rows.")
    before: list[int] = Field(description="The answer on each row.")
    after: list[int]
    row: str | None = Field(description="Whose answer was to change; null where none was asked for.")
    target: int | None
    as_asked: bool | None
    broken: list[str] = Field(description="Rows that were to be kept and answer otherwise.")
    l2: float = Field(description="Euclidean length of the change of all weights and biases.")
    changed: int = Field(description="Weights and biases that changed.")
    parameters: int
    remarks: list[str]


@dataclass(frozen=True, eq=False)
class Edited:
    """A network after an edit.

    Args:
        network: all outputs.
        tasks: what each output computes now.
        record: what was done.
        meant: names of rows whose answers were to change, beside the one asked for.
        told: what came of it.
    """

    network: Network
    tasks: tuple[Task, ...]
    record: EditRecord
    meant: tuple[str, ...]
    told: EditedRecord


@dataclass(frozen=True)
class Edit:
    """A rule by which a network is edited.

    Args:
        key: stable name.
        label: short name for people.
        says: one sentence: what it does.
        source: where it comes from.
        settings: everything that may be set.
        apply: does it; given the question, a value for each setting, and what texts name.
    """

    key: str
    label: str
    says: str
    source: str
    settings: tuple[Setting, ...]
    apply: Callable[[Question, Settings, Named], Change]

    def filled(self, given: Mapping[str, object]) -> dict[str, Value]:
        """A value for every setting.

        Args:
            given: values, or texts that say them.

        Raises:
            InvalidEdit: an unknown setting, with the list, or a value that is not allowed.
        """
        item = f"edit {self.key}"
        try:
            texts = {name: value for name, value in given.items() if isinstance(value, str)}
            return filled(self.settings, {**given, **read_values(self.settings, texts, item)}, item)
        except InvalidMethod as error:
            raise InvalidEdit(error.item, error.cause, error.cure) from None

    def edited(self, question: Question, given: Mapping[str, object], named: Named) -> Edited:
        """The network of a question after the edit.

        Args:
            question: which network, and which of its outputs; its task is not asked for.
            given: settings, as values or texts.
            named: what their texts name.

        Raises:
            InvalidEdit: a setting that is unknown, not allowed or does not fit the network; an edit that diverges, or
                changes nothing.
            AnalysisError: what ``named`` raises.
        """
        settings, base, rows = self.filled(given), question.subject, question.method_rows[0]
        done = self.apply(question, settings, named)
        network = _remade(question, done, self.key)
        if network == base:
            cause, cure = "changes nothing; the network stays as it is", "give other settings, or another row"
            raise InvalidEdit(f"edit {self.key}", cause, cure)
        old, new = (np.concatenate([a.reshape(-1) for a in (*one.weights, *one.biases)]) for one in (base, network))
        moved = new - old
        largest = float(np.abs(moved).max())
        names = [row_text(question, row) for row in range(len(rows))]
        row = None if done.row is None else names[done.row]
        told = {**settings, **done.settings}
        told |= {"row": row} if row is not None else {}
        told |= {"target": str(done.target)} if "target" in told else {}
        record = EditRecord(base=base.digest, rule=self.key, settings=told, output=question.output)
        column = question.output if base.n_outputs > 1 else 0
        before, after = (answers(forward(one, rows)[:, column]).tolist() for one in (base, network))
        tables = answers(forward(network, question.clean_rows)).T.tolist()
        tasks = tuple(Task(tuple(table), name_of(table)) for table in tables)
        meant = tuple(names[number] for number in done.meant)
        pairs = zip(names, before, after, strict=True)
        outcome = EditedRecord(
            **dict(record),
            network=network.digest,
            tasks=[{"name": task.name, "truth_table": list(task.truth_table)} for task in tasks],
            rows=names,
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
        )
        return Edited(network, tasks, record, meant, outcome)


def row_text(question: Question, row: int) -> str:
    """A row as a setting writes it: its bits, or its number where rows stand for no Boolean inputs."""
    return f"{row:0{question.cut.n_inputs}b}" if question.data.boolean else str(row)


def _remade(question: Question, done: Change, key: str) -> Network:
    """The whole network with what a rule made of it."""
    model, weights, biases = question.subject, list(done.weights), list(done.biases)
    if len(biases[-1]) < model.n_outputs:
        here = np.arange(model.n_outputs) == question.output
        weights[-1] = np.where(here[:, None], weights[-1], model.weights[-1])
        biases[-1] = np.where(here, biases[-1], model.biases[-1])
    kinds = {"activation": model.activation, "output_activation": model.output_activation}
    try:
        network = Network.from_arrays(weights, biases, **kinds, negative_slope=model.negative_slope)
    except InvalidNetwork:  # a number that is not finite
        network = None
    if network is None or activation_bound(network) > MAX_ACTIVATION:
        raise InvalidEdit(f"edit {key}", "diverges: numbers leave float64", "make the change smaller")
    return network
