"""Distributed alignment search as a method: the directions that one default run of it answers with.

Geiger et al., "Finding Alignments Between Interpretable Causal Variables and Distributed Neural Representations" (CLeaR
2024). Subspaces of a layer are learned by gradient descent so that interchanging them does what an algorithm says. Of
the directions that do so there are often infinitely many, or none: which are known in closed form stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from math import exp, lgamma
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.candidates import Candidates
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.redundancy import MAX_PLACED, placed_algorithms
from pluriscope.analysis.alignments.on_directions import OnDirections
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.chances import log_softmax
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.sites import Pairs, Site, run
from pluriscope.analysis.subjects.subject import Subject
from pluriscope.analysis.values.late_functions import function_at
from pluriscope_methods.directions.blocks import Block
from pluriscope_methods.directions.search import align_on_directions
from pluriscope_methods.directions.table import DirectionTable
from pluriscope_methods.lenses.lens import (
    APPLIES,
    Bar,
    Fit,
    Grid,
    Grids,
    Lens,
    SiteLens,
    Table,
    not_applicable,
    run_cost,
)
from pluriscope_methods.lenses.null_test import generator
from pluriscope_methods.lenses.on_sites import (
    FOLDS,
    PAIRS,
    Shape,
    alike,
    encoded_sites,
    folds_of,
    has_tokens,
    paired,
    shapes_of,
    times_two_folds,
)

Array = NDArray[np.float64]
MAX_INPUTS: Final = 3
_RANK: Final = 1e-9
_FEWEST: Final = 4
N_DRAWN: Final = 5
"""Subspaces of each site that are drawn at random."""


def _asked(question: Question) -> Candidates:
    return placed_algorithms(question.task, COMPLETE, question.network.n_hidden_layers)


def _layers(question: Question, algorithm: HighLevelModel) -> list[int]:
    """The hidden layers that have room for all variables of an algorithm."""
    hidden = enumerate(question.network.hidden_sizes, start=1)
    return [layer for layer, width in hidden if width >= len(algorithm.responses)]


def _fit(question: Question, _settings: Settings) -> Fit:
    if question.network.n_inputs > MAX_INPUTS:
        return not_applicable(f"Algorithms are placed up to {MAX_INPUTS} inputs; here are {question.network.n_inputs}.")
    algorithms = _asked(question).algorithms
    if not algorithms:
        return not_applicable("The task has no irredundant algorithm with a variable, so there is nothing to align.")
    if not question.network.function_of(len(question.network.weights)).monotone:
        return not_applicable(
            "The output's activation falls somewhere, so it is not known at which sum the output becomes 1."
        )
    if not any(_layers(question, one) for one in algorithms):
        widest = max(question.network.hidden_sizes)
        return not_applicable(f"No hidden layer has room for all variables: the widest has {widest} neurons.")
    return APPLIES


def look(question: Question, _settings: Settings, work: Work) -> Table:
    """Learn a direction for every algorithm and every layer that has room for it, beside the closed form."""
    learn_choices = function_at("pluriscope_methods.directions.das:learn_choices")
    table, asked = DirectionTable(question), _asked(question)
    rows: list[dict[str, Any]] = []
    with function_at("pluriscope.analysis.subjects.perceptron.threads:one_thread")():
        for algorithm in work.each("methods", asked.algorithms, "algorithms placed"):
            layers = _layers(question, algorithm)
            blocks = [tuple(Block(layer, at, 1) for at in range(len(algorithm.responses))) for layer in layers]
            known = align_on_directions(table, algorithm, "orthogonal").valid
            passing_layers = [{place.layer for _, place in scored.alignment.places} for scored in known]
            learned = learn_choices(question, algorithm, blocks, n_seeds=1)
            for layer, ((run, scored),) in zip(layers, learned, strict=True):
                rows += _of_run(table, algorithm, scored, run.steps, closed_form={layer} in passing_layers)
    if asked.truncated_at is None:
        return Table(tuple(rows))
    left_out = f"Truncated: of the irredundant algorithms with variables the first {asked.truncated_at} are placed."
    return Table(tuple(rows), (left_out,))


def _of_run(
    table: DirectionTable, algorithm: HighLevelModel, scored: OnDirections, steps: int, *, closed_form: bool
) -> Iterator[dict[str, Any]]:
    """A row for each variable of one run."""
    for path, place in scored.alignment.places:
        function = algorithm.responses[path].function
        yield {
            "algorithm": algorithm.formula,
            "layer": place.layer,
            "truth_table": [function >> row & 1 for row in range(1 << algorithm.n_inputs)],
            "steps": steps,
            "agreed": scored.iia.agreed,
            "of": scored.iia.of,
            "passes": scored.valid and scored.joint_valid is not False,
            "direction": place.text,
            "cosine": _cosine(place, table.read_out(place.layer, function).place),
            "cosine_at_random": mean_cosine(*place.matrix.shape),
            "closed_form": closed_form,
        }


def _cosine(learned: Subspace, known: Subspace | None) -> float | None:
    """Cosine of a direction and the subspace that orthonormal rows span: 1 where it lies in it."""
    if known is None:
        return None
    inside = fixed_order.inner(learned.matrix, known.matrix)
    return min(1.0, float(fixed_order.length(np.ravel(inside)) / fixed_order.length(known.matrix[0])))


def mean_cosine(dimension: int, width: int) -> float:
    """The mean cosine of a subspace and a direction drawn at random in a layer of so many neurons."""
    half = [lgamma(n / 2.0) for n in (dimension + 1, width, dimension, width + 1)]
    return exp(half[0] + half[1] - half[2] - half[3])


def runs_of(seen: Table) -> list[Mapping[str, Any]]:
    """The first row of each run, in the order of algorithms, those of one in the order of layers."""
    return list({(row["algorithm"], row["layer"]): row for row in seen.rows}.values())


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['algorithm']}, layer {row['layer']}"


def _says(_question: Question, seen: Table) -> str:
    runs = runs_of(seen)
    found = [_name(row) for row in runs if row["passes"]]
    if found:
        return f"Every interchange goes as the algorithm says in {len(found)} of {len(runs)} runs: {'; '.join(found)}."
    best = max(runs, key=lambda row: row["agreed"] / row["of"])
    return (
        f"In none of {len(runs)} runs does every interchange go as the algorithm says; the best is {best['agreed']} of "
        f"{best['of']} single ones, {_name(best)}."
    )


# --- transformers

_DIMENSION: Final = Setting("dimension", 1, "of the subspace", low=1, high=256)
_STEPS: Final = 50
_RATE: Final = 0.3
_NOWHERE: Final = (None, None, None)


def _searched(model: Subject) -> dict[str, Shape]:
    """The sites of which subspaces are learned, with their shapes: the stream; of rows of numbers all that is made of
    these.
    """
    if not has_tokens(model):
        return encoded_sites(model)
    return {name: shape for name, shape in shapes_of(model).items() if name.startswith("x")}


def _too_wide(model: Subject, settings: Settings) -> str:
    d, k = min(width for _, width in _searched(model).values()), int(settings["dimension"])
    if len(model.rows) < _FEWEST:
        return f"The task has {len(model.rows)} rows, and some of the pairs are held out."
    where = "The stream" if has_tokens(model) else "A site"
    return "" if k <= d else f"{where} has {d} dimensions, fewer than {k}."


def _multiplications(model: Subject, settings: Settings) -> float:
    n = sum(n for name, (n, _) in _searched(model).items() if not name.endswith("mid"))
    return (3.0 * _STEPS * times_two_folds(settings) + N_DRAWN) * run_cost(model, int(settings["pairs"])) * n


def learned_subspace(model: Subject, site: Site, pairs: Pairs, dimension: int) -> Array:
    """``[dimension, d_model]`` orthonormal directions of a stream, so that interchanging what lies in them gives the
    partner's answer, by descent of the cross-entropy from the directions in which partners differ most.

    Args:
        site: of the stream, with a position.
        pairs: that are learned from.
        dimension: at most d_model.
    """
    data, wanted = model.inputs[pairs.clean], model.answers[pairs.corrupt]
    own, other = (run(model, model.inputs[rows]).values[site.name] for rows in (pairs.clean, pairs.corrupt))
    moved = (other - own)[:, site.at]
    spread = fixed_order.decomposed(moved, _RANK)
    start = spread[2][np.argsort(-spread[1], kind="stable")]
    basis = orthonormal(np.concatenate([start, np.eye(moved.shape[1])]))[:dimension]
    best = np.inf, basis
    for done in range(_STEPS):
        inside, stream = fixed_order.inner(moved, basis), own.copy()
        stream[:, site.at] += fixed_order.inner(inside, basis.T)
        patched = run(model, data, [(site, stream)])
        chances = log_softmax(patched.logits)
        loss = -fixed_order.total_of(chances[np.arange(len(data)), wanted])
        best = min(best, (loss, basis), key=lambda one: one[0])
        by_logits = np.exp(chances)
        by_logits[np.arange(len(data)), wanted] -= 1.0
        slope = model.site_slopes(patched.values, by_logits)[site.name][:, site.at]
        along = fixed_order.inner(slope, basis)
        step = fixed_order.inner(inside.T, slope.T) + fixed_order.inner(along.T, moved.T)
        size = fixed_order.length(step.ravel())
        if not size > 0.0:
            break
        basis = orthonormal(basis - _RATE * (1.0 - done / _STEPS) * step / size)
    return best[1]


def orthonormal(rows: Array) -> Array:
    """Rows made orthonormal one after the other; those that depend on earlier ones are left out."""
    found: list[Array] = []
    for row in rows:
        rest = row
        for one in (*found, *found):  # twice, so that rounding does not add up
            rest = rest - fixed_order.dot(rest, one) * one
        size = fixed_order.length(rest)
        if size > _RANK * max(1.0, fixed_order.length(row)):
            found.append(rest / size)
    return np.array(found)


def _look_at_sites(model: Subject, settings: Settings, work: Work) -> Grids:
    pairs, notes = paired(model, settings)
    folds, dimension, n = folds_of(len(pairs.clean), settings), int(settings["dimension"]), len(pairs.clean)
    searched, wanted = _searched(model), model.answers[pairs.corrupt]
    clean, corrupt = (run(model, model.inputs[some]).values for some in (pairs.clean, pairs.corrupt))
    shares, directions = list[list[tuple[float | None, ...]]](), dict[str, Any]()
    names, widest, every = tuple(searched), max(n for n, _ in searched.values()), np.ones(n, dtype=np.bool_)

    def within(moved: Array, basis: Array) -> Array:
        return fixed_order.inner(fixed_order.inner(moved, basis), basis.T)

    def n_moved(name: str, at: int, change: Array, some: NDArray[np.bool_]) -> int:
        """How many of some pairs are answered as the other row."""
        logits = run(model, model.inputs[pairs.clean[some]], [(Site(name, at), (clean[name] + change)[some])]).logits
        return int((largest(logits) == wanted[some]).sum())

    for name in work.each("methods", list(searched), "layers"):
        moved, some = corrupt[name] - clean[name], list[tuple[float | None, ...]]()
        for at in range(searched[name][0]):
            right, bases = 0, list[Array]()
            for fitted in folds:
                learnt = Pairs(pairs.clean[fitted], pairs.corrupt[fitted], pairs.of)
                bases.append(basis := learned_subspace(model, Site(name, at), learnt, dimension))
                right += n_moved(name, at, within(moved, basis), ~fitted)
            directions[str(Site(name, at))] = [one.tolist() for one in bases]
            draws = [orthonormal(generator(number).normal(size=basis.shape)) for number in range(N_DRAWN)]
            n_drawn = sum(n_moved(name, at, within(moved, one), every) for one in draws)
            some.append((right / n, n_moved(name, at, moved, every) / n, n_drawn / N_DRAWN / n))
        shares.append(some + [_NOWHERE] * (widest - len(some)))
    sites = tuple(tuple(str(Site(name, at)) for at in range(widest)) for name in names)
    learned, whole, drawn = (tuple(tuple(one[at] for one in row) for row in shares) for at in range(3))
    noun = "stream" if has_tokens(model) else "site"
    columns, title = (
        tuple(map(str, range(1, widest + 1))),
        f"Held-out pairs answered as the other row, by {dimension} dimensions",
    )
    grids = (
        Grid(title.removesuffix("s") if dimension == 1 else title, names, columns, learned, (), (), 1.0),
        Grid(f"The same by the whole {noun} there", names, columns, whole, sites, (), 1.0),
        Grid("The same by directions drawn at random, in the mean", names, columns, drawn, (), (), 1.0),
    )
    best, name, place = max((value, name, column) for name, column, value, _ in grids[0].cells())
    usual = drawn[names.index(name)][columns.index(place)]
    sentence = f"Learned on {name} at position {place}, it brings the other answer on {best:.0%} of held-out pairs; "
    sentence += f"directions drawn at random on {usual:.0%}."
    d, n_fitted = max(width for _, width in searched.values()), int(folds[0].sum())
    few = f"Learned from {n_fitted} pairs, no more than the {d} dimensions: too few."
    return Grids(grids, sentence, (*notes, few) if n_fitted <= d else notes, directions)


DAS: Final = Lens(
    key="das",
    version=2,
    label="Distributed alignment search",
    definition=f"Of each irredundant algorithm, the first {MAX_PLACED} if there are more, and each hidden layer "
    "one subspace for each variable is learned, so that interchanging it does what the algorithm says.",
    source="Geiger et al., CLeaR 2024 (arXiv:2303.02536), every interchange in every step and scored exactly; closed "
    "form: the shortest affine read-out of the variable on that layer",
    needs=("neurons", "boolean-rows"),
    applies=_fit,
    look="pluriscope_methods.lenses.das:look",
    says=_says,
    can_know="Where every interchange goes as the algorithm says, that is a placement, checked exactly. Another seed "
    "may end on other directions that pass as well, so the direction itself is one of many; and where it fails, "
    "that shows nothing: another seed, dimension or layer may pass.",
    columns={
        "algorithm": "its formula",
        "layer": "hidden layer, from 1",
        "truth_table": "the variable",
        "steps": "until every interchange was right by the margin, or all of them",
        "agreed": "single interchanges of all variables of the run that go as the algorithm says",
        "of": "such interchanges",
        "passes": "whether all of these and every joint one do",
        "direction": "the subspace, as addresses write it",
        "cosine": "of the shortest affine read-out's direction and the subspace; empty where none is exact",
        "cosine_at_random": "the mean of that for a direction drawn at random",
        "closed_form": "whether the shortest read-outs of all variables on this layer pass",
    },
    bars=lambda seen: tuple(Bar(_name(row), row["agreed"], row["of"]) for row in runs_of(seen)),
    on_sites=partial(
        SiteLens,
        version=4,
        definition="Of the residual stream of each layer and position, or of the units or channels there, a subspace "
        "is learned so that interchanging it between rows brings the other row’s answer: the share of pairs on which "
        "one does that was learned from the other folds, beside the shares for the whole stream there and for "
        "directions drawn at random.",
        source="Geiger et al., CLeaR 2024 (arXiv:2303.02536), with the answer as the variable",
        can_know="Where the other answer follows, the answer lies in that subspace on these pairs; another start or "
        "dimension may find another. Where it does not, that shows nothing.",
        needs=(),
        look=_look_at_sites,
        own=(_DIMENSION, PAIRS, *FOLDS),
        multiplications=_multiplications,
        refuses=lambda model, settings: alike(model, settings) or _too_wide(model, settings),
    ),
)
