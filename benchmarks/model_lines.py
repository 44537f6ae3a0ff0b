"""The lines about attention-only transformers: every valid circuit, against running masks in batches.

The reference is the plain run of masks (:meth:`~analysis.models.attention_space.AttentionSpace.run`), which tries every
mask where a kind of model has no engine. Where that has no end it runs blocks of masks evenly spread over all.
"""

from __future__ import annotations

import json
import time

import numpy as np

from analysis.models.attention import ATTENTION, AttentionModel, read_attention
from analysis.models.circuits import find_masks
from analysis.models.graph import Masks
from analysis.models.model import ACCURACY_THRESHOLD, Numbers, Space, gaps
from analysis.validity import max_wrong
from benchmarks.lines import GOLDEN
from benchmarks.table import Line, same_result
from benchmarks.timing import Effort, timed_cold

N_BLOCKS = 64  # of the reference, at most
LISTED = 5_000_000
FULL = (("induction_2x2_0", "", 5.0), ("majority_5_2x2_0", "", 20.0), ("induction_2x2_0", "mean", 60.0))
SMALL = (("sum_mod_5_2x2_0", "", 5.0),)


def attention_lines(effort: Effort) -> list[Line]:
    """Transformers of two layers with two heads each; one with few rows where less is measured."""
    return [_line(*case, effort) for case in (FULL if effort.plain_seconds > 1 else SMALL)]


def _line(name: str, rules: str, target_seconds: float, effort: Effort) -> Line:
    model = read_attention(json.loads((GOLDEN / "attention" / f"{name}.json").read_text())["network"])
    space = model.space(ATTENTION.rules(rules))
    seconds, found = timed_cold(
        lambda: find_masks(model, ATTENTION.rules(rules), limit=LISTED), 1 if rules else min(effort.repetitions, 3)
    )
    reference, n_run, n_same = _plainly(model, space, found.masks, effort.plain_seconds)
    ended = n_run == space.n_combinations
    work = f"all {found.possible:,} circuits of a transformer ({name}, {rules or 'qkv'}), {found.valid:,} valid"
    said = f"{n_same:,} of its {n_run:,} masks are circuits, each with the engine's verdict"
    note = f"masks run in batches: {said}" if ended else f"masks run in batches, blocks of them, scaled: {said}"
    same_result(work, found.exhaustive)
    return Line(
        work,
        reference / n_run * space.n_combinations,
        seconds,
        "whole" if ended else "scaled",
        note,
        target_seconds=target_seconds,
    )


def _plainly(model: AttentionModel, space: Space, valid: Numbers, limit_seconds: float) -> tuple[float, int, int]:
    """Run blocks of masks until the time is up, and hold each circuit among them against the engine's list.

    Returns:
        Seconds, masks, and circuits among them.

    Raises:
        RuntimeError: a circuit has another verdict.
    """
    most = max_wrong(len(model.rows), ACCURACY_THRESHOLD)
    total = space.n_combinations
    seconds, n_run, n_circuits = 0.0, 0, 0
    for start in range(0, total, max(space.batch, total // N_BLOCKS)):
        begin = time.perf_counter()
        masks = _block(space, start, min(space.batch, total - start))
        circuits = masks[(space.reduce(masks) == masks).all(axis=1) & masks.any(axis=1)]
        verdicts = (gaps(space.run(circuits), model.answers) <= 0).sum(axis=1) <= most
        seconds += time.perf_counter() - begin
        n_run, n_circuits = n_run + len(masks), n_circuits + len(circuits)
        numbers = (circuits * (np.uint64(1) << np.arange(circuits.shape[1], dtype=np.uint64))).sum(axis=1)
        listed = valid[np.minimum(np.searchsorted(valid, numbers), len(valid) - 1)] == numbers
        same_result("verdicts", np.array_equal(listed, verdicts))
        if seconds > limit_seconds:
            break
    return seconds, n_run, n_circuits


def _block(space: Space, start: int, count: int) -> Masks:
    """So many masks of all that the branches span, from a place on."""
    index = np.arange(start, start + count)
    masks = np.zeros((count, space.graph.n_bits), dtype=np.bool_)
    for branch in reversed(space.branches()):
        masks |= branch[index % len(branch)]
        index //= len(branch)
    return masks
