"""Similarity of layers as wholes: how alike rows lie in two of them, beside rows in random order.

Linear centred kernel alignment: the cosine of the matrices of inner products of all rows, each layer centred
(Kornblith et al., "Similarity of Neural Network Representations Revisited", ICML 2019). It is 1 where one layer is the
other turned or scaled as a whole. Inputs and right answers are compared as layers are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.sites import run
from pluriscope.analysis.subjects.subject import Subject
from pluriscope_methods.lenses.lens import Array, Bands, Grid, Grids, Lens, SiteLens, Table
from pluriscope_methods.lenses.null_test import ALPHA, N_NETWORKS, generator, standardised
from pluriscope_methods.lenses.on_sites import encoded_sites, input_sites

MAX_ROWS: Final = 32
_NEAR: Final = 1e-9
_ANSWER: Final = "answer"


def similarities(values: Mapping[str, Array], work: Work) -> Table:
    """Compare every two representations that are not the same on all rows.

    Args:
        values: ``[rows, …]`` by name.
        work: gets the progress; may cancel.
    """
    grams = dict[str, Array]()
    for name, one in values.items():
        rows = one.reshape(len(one), -1)
        centred = rows - fixed_order.mean(rows)
        gram = fixed_order.inner(centred, centred)
        size = fixed_order.length(gram.ravel())
        if size > _NEAR:
            grams[name] = gram / size
    if len(grams) < 2:
        return Table((), ("Fewer than two layers differ between rows.",))
    names, every = [*grams], np.array([*grams.values()])
    flat, pairs = every.reshape(len(every), -1), np.triu_indices(len(every), 1)
    own, drawn = fixed_order.inner(flat, flat)[pairs], list[Array]()
    for number in work.each("lenses", range(N_NETWORKS), "rows in random order"):
        order = generator(number).permutation(every.shape[1])
        drawn.append(fixed_order.inner(flat, every[:, order][:, :, order].reshape(flat.shape))[pairs])
    scores = standardised(own, np.array(drawn))[0]
    p = (1 + (scores[1:].max(axis=1)[:, None] >= scores[0] - _NEAR).sum(axis=0)) / (1 + N_NETWORKS)
    found = zip(*pairs, own.tolist(), fixed_order.mean(np.array(drawn)).tolist(), p.tolist(), strict=True)
    rows_of = ({"layer": names[a], "other": names[b], "cka": c, "by_chance": m, "p": q} for a, b, c, m, q in found)
    out = ", ".join(name for name in values if name not in grams)
    return Table(tuple(rows_of), (f"The same on all rows, so not compared: {out}.",) if out else ())


def _drawn(n: int) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """The rows that are compared, and a note where these are not all."""
    if n <= MAX_ROWS:
        return np.arange(n), ()
    return np.sort(generator(N_NETWORKS).choice(n, MAX_ROWS, replace=False)), (f"On {MAX_ROWS} of {n:,} rows, drawn.",)


def _look(question: Question, _settings: Settings, work: Work) -> Table:
    layers, (rows, notes) = activations(question.network, question.method_rows[0]), _drawn(len(question.method_rows[0]))
    hidden = {f"layer {at}": layers[at][rows] for at in range(1, question.network.n_hidden_layers + 1)}
    answers = np.array(question.task.truth_table, dtype=np.float64)[rows]
    seen = similarities({"inputs": layers[0][rows], **hidden, _ANSWER: answers}, work)
    return Table(seen.rows, (*notes, *seen.notes))


def _look_at_sites(model: Subject, _settings: Settings, work: Work) -> Grids:
    rows, notes = _drawn(len(model.rows))
    values, answers = run(model, model.inputs[rows]).values, np.eye(len(model.outputs))[model.answers[rows]]
    seen = similarities(
        {one: values[one] for one in (*input_sites(model), *encoded_sites(model))} | {_ANSWER: answers}, work
    )
    bands = [_bands(seen, column) for column in ("cka", "by_chance")] if seen.rows else []
    titles = "Similarity of layers", "The same with rows in random order, in the mean"
    grids = (
        Grid(title, one.rows, one.names, one.values, (), (), 1.0) for title, one in zip(titles, bands, strict=False)
    )
    return Grids(tuple(grids), _says(model, seen), (*notes, *seen.notes), {"table": [dict(row) for row in seen.rows]})


def _bands(seen: Table, column: str = "cka") -> Bands:
    names = tuple(dict.fromkeys(row[one] for one in ("layer", "other") for row in seen.rows))
    found = {(row["layer"], row["other"]): row[column] for row in seen.rows}
    return Bands(names, tuple(tuple(found.get((a, b), found.get((b, a), 1.0)) for b in names) for a in names), names)


def _says(_question: object, seen: Table) -> str:
    if not seen.rows:
        return ""
    alike = sum(row["p"] <= ALPHA for row in seen.rows)
    of_pairs = f"{alike} of {len(seen.rows)} pairs {'is' if alike == 1 else 'are'}"
    sentence = f"{of_pairs} more alike than rows in random order make them, at p ≤ {ALPHA}"
    of_answer = [row for row in seen.rows if row["other"] == _ANSWER]
    if not of_answer:
        return f"{sentence}."
    best = max(of_answer, key=lambda row: row["cka"])
    return f"{sentence}. Most like the answer is {best['layer']}: {best['cka']:.2f}, by chance {best['by_chance']:.2f}."


LAYER_SIMILARITY: Final = Lens(
    key="layer-similarity",
    label="Similarity of layers",
    definition="Linear centred kernel alignment of every two layers, inputs and right answers among them: the cosine "
    f"of their matrices of inner products of rows, beside {N_NETWORKS} random orders of the rows.",
    source="Kornblith et al., ICML 2019 (arXiv:1905.00414), whose estimator is biased; torch-cka 0.21 has the unbiased "
    "one and gives -0.99 in place of 0.72 between the hidden layers of xor-pretrained",
    needs=("neurons", "boolean-rows"),
    look=_look,
    says=_says,
    can_know="Layers of one network see the same rows, so that they are often alike. What a layer has in common with "
    "another, or with the answer, says neither which neurons carry it nor that the network uses it.",
    columns={
        "layer": "one of two",
        "other": "the other",
        "cka": "their similarity, from 0 to 1",
        "by_chance": "its mean where the rows of one are in random order",
        "p": "how often some pair is as far above its mean then, in standard deviations",
    },
    bands=_bands,
    on_sites=partial(
        SiteLens,
        definition="Linear centred kernel alignment of every two layers, all positions of one at once, inputs and "
        f"right answers among them, beside {N_NETWORKS} random orders of the rows.",
        look=_look_at_sites,
        needs=(),
        multiplications=lambda model, _: N_NETWORKS * MAX_ROWS**2 * (30.0 + len(encoded_sites(model))) ** 2,
    ),
)
