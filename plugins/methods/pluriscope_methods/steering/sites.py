"""A network that can be steered at one site: the values there, and what it answers when something is added to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.placements.interchange import read_place
from pluriscope.analysis.questions.answers import answers, largest
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.sites import Site, added, in_portions, on_all_rows, run, some_of
from pluriscope.analysis.subjects.subject import Subject
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope.analysis.subjects.transformer.runs import site_names
from pluriscope_methods.lenses.on_sites import encoded_sites

Array = NDArray[np.float64]
MOST_ROWS: Final = 256
"""Rows of a task that stand in a file; of more, so many, drawn."""


@dataclass(frozen=True, eq=False)
class Steerable:
    """Site of a network, on some rows.

    Args:
        place: the site.
        site: as it is written.
        rows: their names.
        of: how many rows the task has.
        values: ``[rows, d]`` at the site.
        classes: ``[rows]`` 1 where a row is of the one class, 0 of the other, −1 of neither.
        named: both classes, in words.
        aim: the answer of the class 1; None where the classes are not those of answers.
        wanted: ``[rows]`` the right answers.
        outputs: the names of answers.
        measure: what ``run`` measures.
        run: what is added, ``[k, d]`` → ``[k, rows]`` the measure, and the answers; −1 for none.
        cost: about how many multiplications a run takes.
    """

    place: Site
    site: str
    rows: tuple[str, ...]
    of: int
    values: Array
    classes: NDArray[np.int8]
    named: tuple[str, str]
    aim: int | None
    wanted: NDArray[np.int64]
    outputs: tuple[str, ...]
    measure: str
    run: Callable[[Array], tuple[Array, NDArray[Any]]]
    cost: float


def steerable(question: SubjectQuestion, at: str, of: str) -> Steerable:
    """The site of a question's network.

    Args:
        question: about a network of any kind.
        at: a hidden layer of a perceptron, from 1; else a site such as ``x1~3``, ``2.0~3`` or ``h2``, without ``~`` at
            the last position. "" for the last hidden layer; of a transformer the stream after the last layer but one,
            or after the only one.
        of: which rows are of which class: a truth table; of others than perceptrons the two answers, joined by a comma.
            "" for the task, or for its two most frequent answers.

    Raises:
        InvalidIntervention: there is no such site or class, or one class has no rows.
        NotOffered: the network has no hidden neurons.
    """
    if isinstance(question, Question):
        question.kind.require("neurons", "steering")
        found = _perceptron(question, at, of)
    else:
        found = _of_answers(question.subject, at, of)
    for value, name in enumerate(reversed(found.named)):
        if not (found.classes == value).any():
            raise InvalidIntervention(f"class {name!r}", "has no rows", "choose classes that each have a row")
    return found


def _with_added(subject: Any, data: NDArray[Any], site: Site, more: Array) -> Array:
    """``[k, rows, outputs]`` where what is added at a site is ``[k, d]``."""
    found = []
    for part in in_portions(subject, np.arange(len(more) * len(data))):
        shift, row = np.divmod(part, len(data))
        with np.errstate(over="ignore", invalid="ignore"):
            found.append(subject.run_sites(data[row], added(site, more[shift])))
    return np.concatenate(found).reshape(len(more), len(data), -1)


def _perceptron(question: Question, at: str, of: str) -> Steerable:
    network, (rows, labels) = question.network, question.method_rows
    hidden = len(network.hidden_sizes)
    if not hidden:
        raise InvalidIntervention(
            "steering", "needs a hidden layer, and the network has none", "choose another network"
        )
    layer = int(at) if at.isascii() and at.isdigit() and len(at) < 4 else 0 if at else hidden
    if not 1 <= layer <= hidden:
        raise InvalidIntervention(f"site {at[:40]!r}", "is no hidden layer of this network", f"use 1 to {hidden}")
    wanted = labels.astype(np.int64)
    table = of or "".join(map(str, wanted.tolist()))
    if len(table) != len(rows) or set(table) - {"0", "1"}:
        cure = f"write {len(rows)} digits 0 and 1, one for each row in order, such as {''.join(map(str, wanted))[:64]}"
        raise InvalidIntervention(f"classes {of[:40]!r}", "are no truth table over the rows", cure)
    classes, site = np.array([int(digit) for digit in table], dtype=np.int8), Site(f"h{layer}")

    def outputs(more: Array) -> tuple[Array, NDArray[Any]]:
        found = _with_added(question, rows, site, more)[..., 0]
        return found, answers(found)

    aim = next((bit for bit in (1, 0) if (classes == (wanted if bit else 1 - wanted)).all()), None)
    named = (f"1 in {table}", f"0 in {table}") if aim is None else (f"answer {aim}", f"answer {1 - aim}")
    width = network.n_inputs
    return Steerable(
        place=site,
        site=str(layer),
        rows=tuple(f"{row:0{width}b}" if question.data.boolean else f"row {row + 1}" for row in range(len(rows))),
        of=len(rows),
        values=activations(network, rows)[layer],
        classes=classes,
        named=named,
        aim=aim,
        wanted=wanted,
        outputs=("0", "1"),
        measure="output",
        run=outputs,
        cost=float(len(rows) * sum(one.size for one in network.weights[layer:])),
    )


def _of_answers(model: Subject, at: str, of: str) -> Steerable:
    site, n_all = _site_of(model, at), len(model.rows)
    some = some_of(n_all, MOST_ROWS)
    data, wanted, names = model.inputs[some], model.answers[some].astype(np.int64), model.outputs
    one, other = _two_answers(model, of)
    each, whole = model.n_multiplications // n_all, on_all_rows(model, site.name.__eq__)[site.name]

    def outputs(more: Array) -> tuple[Array, NDArray[Any]]:
        found = _with_added(model, data, site, more)
        return CLASSES.margins(found, wanted), largest(found)

    return Steerable(
        place=site,
        site=str(site) if whole.shape[1] > 1 or isinstance(model, AttentionModel) else site.name,
        rows=tuple(model.rows[row] for row in some.tolist()),
        of=n_all,
        values=whole[some, site.at],
        classes=np.where(wanted == one, 1, np.where(wanted == other, 0, -1)).astype(np.int8),
        named=(f"answer {names[one]}", f"answer {names[other]}"),
        aim=one,
        wanted=wanted,
        outputs=tuple(names),
        measure="right logit less the largest other",
        run=outputs,
        cost=float(len(some) * (each - (model.unembedding.size if isinstance(model, AttentionModel) else 0))),
    )


def _site_of(model: Subject, at: str) -> Site:
    if isinstance(model, AttentionModel):
        known, usual = [name for name in site_names(model) if not name.endswith(".a")], max(1, len(model.layers) - 1)
        site = read_place(at or f"x{usual}", there := run(model, model.inputs[:1]).values)
    else:
        known = [*encoded_sites(model)]
        site = read_place(at or known[-1], there := run(model, model.inputs[:1]).values)
    if site.name not in known or str(site).partition("~")[0] != site.name:
        cause, cure = "carries no vector that a direction could be added to", f"use one such as {known[-1]}"
        raise InvalidIntervention(f"site {at[:40]!r}", cause, cure)
    return Site(site.name, there[site.name].shape[1] - 1 if site.at is None else site.at)


def _two_answers(model: Subject, of: str) -> tuple[int, int]:
    """The two answers of a text, else the two most frequent ones, the more frequent last."""
    names = list(model.outputs)
    if of:
        splits = ((of[:cut].strip(), of[cut + 1 :].strip()) for cut, sign in enumerate(of) if sign == ",")
        pair = next((two for two in splits if {*two} <= {*names} and two[0] != two[1]), None)
        if pair is None:
            cure = f"write two of {', '.join(names[:8])}, joined by a comma"
            raise InvalidIntervention(f"classes {of[:40]!r}", "are not two answers of this network", cure)
        return names.index(pair[0]), names.index(pair[1])
    tokens, counts = np.unique(model.answers, return_counts=True)
    if len(tokens) < 2:
        raise InvalidIntervention("classes", "are two, and all rows have one answer", "give another task")
    order = tokens[np.argsort(-counts, kind="stable")]
    return int(order[1]), int(order[0])
