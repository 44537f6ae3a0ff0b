"""The four minimalities against all pairs of circuits, and where the search stopped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.criteria.registry import criterion_named
from tests.analysis.criteria.circuit_contexts import all_circuits, passed, xor_context
from tests.oracles import brute_force_criteria as plain


@pytest.mark.parametrize("seed", range(4))
def test_minimality_agrees_with_brute_force_on_any_set_of_valid_circuits(seed: int) -> None:
    everything = all_circuits(0, (2, 2, 2, 1), "leaky_relu")
    chosen = np.random.default_rng(seed).random(len(everything)) < 0.2 + 0.2 * seed
    context = replace(everything, masks=everything.masks[chosen])
    valid = set(context.masks.tolist())
    expected = [plain.minimal_kinds(mask, valid, context.layout.n_edges) for mask in context.masks.tolist()]
    for place, kind in enumerate(("quasi", "local", "subset", "cardinal")):
        assert passed(context, f"minimal-{kind}") == [kinds[place] for kinds in expected], kind


def test_witnesses_of_minimality_are_smaller_valid_circuits() -> None:
    context = xor_context()
    valid = set(context.masks.tolist())
    for key in ("minimal-local", "minimal-subset", "minimal-cardinal"):
        verdicts = criterion_named(key).judge("circuit", context)
        for position in np.flatnonzero(~verdicts.passed).tolist():
            mask, smaller = int(context.masks[position]), int(verdicts.at(position).witness["mask"], 16)
            assert smaller in valid
            assert smaller.bit_count() < mask.bit_count()
            assert key == "minimal-cardinal" or smaller & mask == smaller


def test_nothing_is_minimal_for_sure_where_the_search_stopped() -> None:
    cut_off = replace(xor_context(), exhaustive=False)
    for kind in ("quasi", "local", "subset", "cardinal"):
        whole = criterion_named(f"minimal-{kind}").judge("circuit", xor_context())
        part = criterion_named(f"minimal-{kind}").judge("circuit", cut_off)
        assert part.having("undecided").tolist() == whole.passed.tolist()
        assert part.having("failed").tolist() == whole.having("failed").tolist()
        undecided = int(np.flatnonzero(whole.passed)[0])
        assert "stopped at a limit" in part.at(undecided).reason
