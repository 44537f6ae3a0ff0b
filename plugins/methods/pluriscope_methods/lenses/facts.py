"""Facts of a transformer: where an MLP block holds them, and what an edit there changes besides.

Meng et al., "Locating and Editing Factual Associations in GPT" (NeurIPS 2022, arXiv:2202.05262): what an MLP block adds
at a position is exchanged with that of a row that differs in one token and is answered otherwise; then a rank-one
change of the block's output matrix has it add that on the row itself, moving least what it adds for other keys. Its
paraphrases are rows of the same tokens in another order with the same answer; Hase et al., "Does Localization Inform
Editing?" (2023, arXiv:2301.04213), ask whether the place that is located is the one to edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.sites import Site, run, some_of
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope_methods.lenses.lens import Array, Grid, Grids, SiteLens, run_cost
from pluriscope_methods.lenses.null_test import generator
from pluriscope_methods.lenses.on_sites import positions

_RIDGE: Final = 1e-4  # of the mean square of a neuron
_COUNTED: Final = ("exchanged", "edited", "paraphrases", "others", "random")
_TITLES: Final = (
    "Share of facts whose answer is the other row’s where what the MLP block adds is exchanged",
    "Share of facts that have that answer where the block is edited by rank one",
    "Share of their paraphrases that have the new answer then",
    "Share of all other rows that keep their answer",
    "Share of all other rows that keep it where the edit reads a key at random, as exact on the row",
)


class Fact(NamedTuple):
    """A row, one that differs in a token and is answered otherwise, and the rows of the same tokens and answer."""

    row: int
    other: int
    paraphrases: NDArray[np.intp]


def facts_of(model: AttentionModel, n: int) -> list[Fact]:
    """Return up to so many facts that have a paraphrase, drawn if there are more."""
    tokens, answers = model.tokens, model.answers
    sets = np.sort(tokens, axis=1)
    right = largest(run(model, tokens).logits) == answers
    found = list[Fact]()
    for row in np.flatnonzero(right).tolist():
        one_apart = ((tokens != tokens[row]).sum(axis=1) == 1) & (answers != answers[row]) & right
        alike = right & (sets == sets[row]).all(axis=1) & (answers == answers[row])
        alike[row] = False
        if one_apart.any() and alike.any():
            found.append(Fact(row, int(one_apart.argmax()), np.flatnonzero(alike)))
    return [found[at] for at in some_of(len(found), n).tolist()]


def edited(model: AttentionModel, layer: int, reads: Array, more: Array) -> AttentionModel:
    """Change the output matrix of an MLP block by rank one: for neurons k it adds (reads · k) times more.

    Args:
        model: with MLP blocks.
        layer: from 1.
        reads: ``[d_mlp]``.
        more: ``[d_model]``.
    """
    name = f"{layer}.mlp.out"
    return model.with_parameters({**model.parameters, name: model.parameters[name] + np.outer(reads, more)})


def least_moving(keys: Array, key: Array) -> Array:
    """Return what reads 1 of a key and the least of others in the mean square: C⁻¹k / kᵀC⁻¹k.

    Args:
        keys: ``[samples, d_mlp]``, whose mean products are C.
        key: ``[d_mlp]``.
    """
    products = fixed_order.inner(keys.T, keys.T) / len(keys)
    products = products + _RIDGE * float(np.trace(products)) / len(products) * np.eye(len(products))
    towards = fixed_order.solved(products, key[:, None])[:, 0]
    return np.asarray(towards / fixed_order.dot(towards, key))


def _counts(model: AttentionModel, fact: Fact, layer: int, at: int, whole: dict[str, Array], number: int) -> Array:
    """Shares of one fact at one cell, as :data:`_COUNTED`."""
    neurons, adds = whole[f"{layer}.neurons"], whole[f"{layer}.mlp"]
    key, more = neurons[fact.row, at], adds[fact.other, at] - adds[fact.row, at]
    wanted, tokens = model.answers[fact.other], model.tokens
    site = Site(f"{layer}.mlp", at)
    exchanged = largest(run(model, tokens[[fact.row]], [(site, adds[[fact.other]])]).logits)[0] == wanted
    if not key.any() or not more.any():
        return np.array([exchanged, 0.0, 0.0, 1.0, 1.0])
    others = np.ones(len(tokens), dtype=np.bool_)
    others[[fact.row, *fact.paraphrases.tolist()]] = False
    random = generator(number).normal(size=key.shape)
    found = [
        largest(run(edited(model, layer, reads, more), tokens).logits)
        for reads in (least_moving(neurons.reshape(-1, len(key)), key), random / fixed_order.dot(random, key))
    ]
    kept = [float((now == model.answers)[others].mean()) for now in found]
    changed = found[0] == wanted
    return np.array([exchanged, changed[fact.row], changed[fact.paraphrases].mean(), *kept])


def _cells(model: AttentionModel) -> Iterator[tuple[int, int]]:
    for layer in range(1, len(model.layers) + 1):
        for at in range(model.tokens.shape[1]):
            yield layer, at


def _look(model: AttentionModel, settings: Settings, work: Work) -> Grids:
    facts, whole = facts_of(model, int(settings["facts"])), dict(run(model, model.tokens).values)
    means = [
        fixed_order.mean(np.array([_counts(model, fact, layer, at, whole, n) for n, fact in enumerate(facts)]))
        for layer, at in work.each("lenses", [*_cells(model)], "cells of MLP blocks")
    ]
    shares = np.array(means).reshape(len(model.layers), -1, len(_COUNTED))
    rows, columns = tuple(f"{layer}.mlp" for layer in range(1, len(shares) + 1)), positions(model)
    sites = tuple(tuple(f"{row}~{column}" for column in columns) for row in rows)
    grids = tuple(
        Grid(title, rows, columns, tuple(map(tuple, shares[:, :, at].tolist())), sites if at == 0 else (), most=1.0)
        for at, title in enumerate(_TITLES)
    )
    best = divmod(int(shares[:, :, 0].argmax()), len(columns))
    own = shares[best]
    away = np.delete(shares[:, :, 1].ravel(), best[0] * len(columns) + best[1])
    says = (
        f"What {rows[best[0]]} adds at position {columns[best[1]]} decides the answer of {own[0]:.0%} of {len(facts)} "
        f"facts. Edited there, {own[1]:.0%} have the other answer, and at other places {away.max():.0%} at most. Of "
        f"their paraphrases {own[2]:.0%} follow. Of all other rows {own[3]:.0%} keep theirs; with a key at random "
        f"{own[4]:.0%}."
    )
    return Grids(grids, says)


def _refuses(model: AttentionModel, _settings: Settings) -> str:
    if not model.blocks.mlps:
        return "The model has no MLP blocks, in which facts would be."
    if not facts_of(model, 1):
        return "No row that is right differs in one token from one answered otherwise, and has a paraphrase."
    return ""


FACTS: Final = SiteLens(
    key="facts",
    version=2,
    label="Facts, located and edited",
    definition="What an MLP block adds at a position is exchanged with that of a row that differs in one token and has "
    "another answer; then the block is edited by rank one to add that itself: whether the row, its paraphrases (the "
    "same tokens in another order) and all other rows have the answers that such an edit means.",
    source="Causal tracing and rank-one edits: Meng et al., NeurIPS 2022 (arXiv:2202.05262), with what the other row "
    "has as the new value; Hase et al. 2023 (arXiv:2301.04213)",
    can_know="At which block and position a fact can be exchanged, not that it is stored there: heads may bring it. "
    "An edit that a paraphrase does not follow has changed how a row is answered, not a fact.",
    needs=("stream",),
    look=_look,
    own=(Setting("facts", 16, "rows that are edited, drawn of more", low=1, high=256),),
    multiplications=lambda model, settings: (
        3.0 * run_cost(model) * int(settings["facts"]) * len([*_cells(model)]) if model.blocks.mlps else 0.0
    ),
    refuses=_refuses,
)
