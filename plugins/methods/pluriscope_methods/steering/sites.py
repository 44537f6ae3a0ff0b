"""A network that can be steered at one site: the values there, and what it answers when something is added to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.questions.answers import answers, largest
from pluriscope.analysis.subjects.perceptron.mlp import activations, next_layer
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.subject import gaps
from pluriscope.analysis.subjects.transformer.runs import Site, in_portions, on_all_rows, read_site, run, site_names
from pluriscope.analysis.subjects.transformer.weights import Transformer

Array = NDArray[np.float64]
MOST_ROWS: Final = 256
"""Rows of a transformer's task; of more, so many, evenly spread."""


@dataclass(frozen=True, eq=False)
class Steerable:
    """Site of a network, on some rows.

    Args:
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
        question: about a perceptron or a transformer.
        at: a hidden layer from 1; of a transformer a site such as ``x1~3`` or ``2.0~3``, without ``~`` at the last
            position. "" for the last hidden layer, or the stream after the last layer but one, or after the only one.
        of: which rows are of which class: a truth table; of a transformer the two answers, joined by a comma. "" for
            the task; of a transformer for its two most frequent answers.

    Raises:
        InvalidIntervention: there is no such site or class, or one class has no rows.
        NotOffered: the network is of another kind.
    """
    if isinstance(question, Question):
        question.kind.require("neurons", "steering")
        found = _perceptron(question, at, of)
    else:
        question.kind.require("stream", "steering")
        found = _transformer(question.subject, at, of)
    for value, name in enumerate(reversed(found.named)):
        if not (found.classes == value).any():
            raise InvalidIntervention(f"class {name!r}", "has no rows", "choose classes that each have a row")
    return found


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
    classes = np.array([int(digit) for digit in table], dtype=np.int8)
    values = activations(network, rows)[layer]

    def outputs(added: Array) -> tuple[Array, NDArray[Any]]:
        moved = values + added[:, None, :]
        with np.errstate(over="ignore", invalid="ignore"):
            for above in range(layer + 1, len(network.weights) + 1):
                moved = next_layer(network, above, moved)
        return moved[..., 0], answers(moved[..., 0])

    aim = next((bit for bit in (1, 0) if (classes == (wanted if bit else 1 - wanted)).all()), None)
    named = (f"1 in {table}", f"0 in {table}") if aim is None else (f"answer {aim}", f"answer {1 - aim}")
    width = network.n_inputs
    return Steerable(
        site=str(layer),
        rows=tuple(f"{row:0{width}b}" if question.data.boolean else f"row {row + 1}" for row in range(len(rows))),
        of=len(rows),
        values=values,
        classes=classes,
        named=named,
        aim=aim,
        wanted=wanted,
        outputs=("0", "1"),
        measure="output",
        run=outputs,
        cost=float(len(rows) * sum(one.size for one in network.weights[layer:])),
    )


def _transformer(model: Transformer, at: str, of: str) -> Steerable:
    site = read_site(model, at or f"x{max(1, len(model.layers) - 1)}")
    known = [name for name in site_names(model) if not name.endswith(".a")]
    if site.name not in known:
        cause, cure = "carries no vector that a direction could be added to", f"use one such as {known[-1]}"
        raise InvalidIntervention(f"site {at[:40]!r}", cause, cure)
    place = model.tokens.shape[1] - 1 if site.at is None else site.at
    n_all = len(model.tokens)
    some = np.unique(np.arange(min(n_all, MOST_ROWS)) * n_all // min(n_all, MOST_ROWS))
    tokens, wanted, names = model.tokens[some], model.answers[some].astype(np.int64), model.outputs
    whole = on_all_rows(model, site.name.__eq__)[site.name][some]
    one, other = _two_answers(model, of)

    def outputs(added: Array) -> tuple[Array, NDArray[Any]]:
        logits = []
        for part in in_portions(model, np.arange(len(added) * len(some))):
            shift, row = np.divmod(part, len(some))
            given = whole[row].copy()
            given[:, place] += added[shift]
            logits.append(run(model, tokens[row], [(Site(site.name, place), given)]).logits)
        found = np.concatenate(logits).reshape(len(added), len(some), -1)
        return gaps(found, wanted), largest(found)

    classes = np.where(wanted == one, 1, np.where(wanted == other, 0, -1)).astype(np.int8)
    return Steerable(
        site=str(Site(site.name, place)),
        rows=tuple(" ".join(model.row_tokens(row)) for row in some.tolist()),
        of=n_all,
        values=whole[:, place],
        classes=classes,
        named=(f"answer {names[one]}", f"answer {names[other]}"),
        aim=one,
        wanted=wanted,
        outputs=tuple(names),
        measure="right logit less the largest other",
        run=outputs,
        cost=float(len(some) * len(model.layers) * (model.n_heads * model.per_row + model.per_mlp)),
    )


def _two_answers(model: Transformer, of: str) -> tuple[int, int]:
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
