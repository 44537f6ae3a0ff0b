"""Attention maps: how much each head attends on a row from each position to each that it can see.

How far a head is from spreading its attention evenly is half of the sum of the differences, in the mean over the
positions from the second on; beside it stands that of networks with the entries of each matrix shuffled.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics import fixed_order
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.sites import on_all_rows
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope_methods.lenses.feature_structure import shuffled_model
from pluriscope_methods.lenses.lens import Array, Grid, Grids, SiteLens, run_cost
from pluriscope_methods.lenses.logit_lens import ROW, beyond

N_SHUFFLED: Final = 20


def _patterns(model: AttentionModel) -> dict[str, Array]:
    """``[rows, context, context]`` the attention of each head."""
    found = on_all_rows(model, lambda name: name.endswith(".a"))
    return {name.removesuffix(".a"): one for name, one in found.items()}


def unevenness(shares: Array) -> Array:
    """``[rows]`` how far attention ``[rows, context, context]`` is from even, 0 to nearly 1."""
    context = shares.shape[-1]
    even = np.tril(np.ones((context, context))) / np.arange(1, context + 1)[:, None]
    apart = np.abs(shares - even)[:, 1:].reshape(len(shares), -1)
    return np.asarray(np.add.accumulate(apart, axis=1)[:, -1] / (2 * max(1, context - 1)))


def _look(model: AttentionModel, settings: Settings, work: Work) -> Grids:
    row, found = int(settings["row"]), _patterns(model)
    tokens = [f"{at} {token}" for at, token in enumerate(model.row_tokens(row), start=1)]
    others = [
        [float(fixed_order.mean(unevenness(one))) for one in _patterns(shuffled_model(model, number)).values()]
        for number in work.each("lenses", range(N_SHUFFLED), "shuffled networks")
    ]
    usual = fixed_order.mean(np.array(others)).tolist()
    own = {head: unevenness(one) for head, one in found.items()}
    measured = tuple(
        (float(one[row]), float(fixed_order.mean(one)), beside) for one, beside in zip(own.values(), usual, strict=True)
    )
    seen = range(1, len(tokens) + 1)
    maps = [
        Grid(
            f"Attention of head {head} on row {row}, from the position on the left to the one above",
            tuple(tokens),
            tuple(tokens),
            tuple((*shares[row, at, : at + 1].tolist(), *[None] * (len(tokens) - at - 1)) for at in range(len(tokens))),
            most=1.0,
        )
        for head, shares in found.items()
    ]
    columns = ("on this row", "mean over rows", "mean with matrices shuffled")
    sites = tuple((head,) * len(columns) for head in found)
    grid = Grid(
        "How far each head is from spreading its attention evenly", tuple(found), columns, measured, sites, most=1.0
    )
    best = max(range(len(measured)), key=lambda at: measured[at][1] - measured[at][2])
    head, (_, mean, beside) = tuple(found)[best], measured[best]
    shares = found[head][row]
    sharpest = max(seen, key=lambda at: (shares[at - 1].max() - 1.0 / at, -at))
    to = int(shares[sharpest - 1].argmax())
    says = (
        f"Head {head} is furthest from even attention beside shuffled matrices: {mean:.2f} over all rows, and "
        f"{beside:.2f} with these. On row {row} it looks most sharply from {tokens[sharpest - 1]} to {tokens[to]}, "
        f"with {shares[sharpest - 1, to]:.2f} of its attention, where an even spread gives {1.0 / sharpest:.2f}."
    )
    return Grids((*maps, grid), says)


ATTENTION_MAPS: Final = SiteLens(
    key="attention-maps",
    label="Attention maps",
    definition="How much each head attends on a row from each position to each that it can see, and how far that is "
    "from an even spread, beside networks with the entries of each matrix shuffled.",
    source="Vaswani et al. 2017 (arXiv:1706.03762), appendix; Clark et al. 2019 (arXiv:1906.04341)",
    can_know="Where a head looks, not what it takes from there nor whether that matters: a value may be nothing, and "
    "the answer may not read it. Roles of heads ask for an effect as well.",
    look=_look,
    own=(ROW,),
    multiplications=lambda model, _: (1.0 + N_SHUFFLED) * run_cost(model),
    refuses=beyond,
)
