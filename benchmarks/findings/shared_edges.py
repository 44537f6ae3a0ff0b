"""``python -m benchmarks.findings.shared_edges``: what all circuits of trained transformers share, and how two overlap.

What is trained and asked stands in ``app/bundled/findings/shared-edges.design.json``, what is found beside it: a line
for each model, granularity, ablation and set of rows. A run continues where an earlier one was ended.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import numpy as np

from analysis.circuit_sets.overlap import distances_to, sizes_of
from analysis.models.attention import ATTENTION, AttentionModel
from analysis.models.attention_tasks import task_named
from analysis.models.attention_training import AttentionSpec, train_attention
from analysis.models.circuits import MasksFound, engine_of, find_masks, minimal_numbers, number_bits
from analysis.models.model import Numbers, gaps

RESULTS: Final = Path(__file__).resolve().parents[2] / "app" / "bundled" / "findings" / "shared-edges.jsonl"
DESIGN: Final = RESULTS.with_suffix(".design.json")
Design = Mapping[str, Any]


def main() -> int:
    """Train what the design names, and write the lines of each model that has none yet."""
    design = json.loads(DESIGN.read_text())
    known = {(one["task"], one["seed"]) for one in map(json.loads, RESULTS.open())} if RESULTS.exists() else set()
    for task, seed in product(design["tasks"], design["seeds"]):
        if (task, seed) in known:
            continue
        sizes = {key: design[key] for key in ("layers", "heads", "d_model", "d_head")}
        outcome = train_attention(AttentionSpec(task=task_named(task), seed=seed, **sizes))
        told: list[dict[str, Any]] = [{"converged": False}]
        if outcome.converged and outcome.model is not None:
            told = [{"converged": True, "digest": outcome.model.digest, **one} for one in found(outcome.model, design)]
        lines = (json.dumps({"task": task, "seed": seed, **one}, sort_keys=True) for one in told)
        with RESULTS.open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))
        sys.stderr.write(f"{task} {seed}\n")
    return 0


def found(model: AttentionModel, design: Design) -> Iterator[dict[str, Any]]:
    """The lines of one model: of every granularity and ablation, and of held-out rows where its task has some."""
    held = held_out(model)
    for granularity, ablation in product(design["granularities"], design["ablations"]):
        told, text = {"granularity": granularity, "ablation": ablation}, f"{granularity}-{ablation}"
        circuits = find_masks(model, ATTENTION.rules(text), limit=design["most_listed"])
        yield {**told, "rows": "trained", **line(model, text, circuits, design)}
        if held and ablation == "zero":
            right = find_masks(held, ATTENTION.rules(text), limit=design["most_listed"])
            if not (circuits.complete and right.complete):
                raise ValueError("not every valid circuit is listed")
            kept = np.intersect1d(circuits.masks, right.masks)
            use = number_bits(kept, len(right.bit_use)).sum(axis=0).tolist()
            judged = replace(circuits, masks=kept, valid=len(kept), bit_use=tuple(use))
            yield {**told, "rows": "held out as well", **line(held, text, judged, design)}


def held_out(model: AttentionModel) -> AttentionModel | None:
    """A model of the induction task with rows that it was not trained on; None for other tasks, which have none.

    The last token occurs twice before it, each time followed by the same one.
    """
    if model.task != "induction":
        return None
    rows, answers = [], []
    for before in product(range(len(model.outputs)), repeat=model.tokens.shape[1] - 1):
        for token in range(len(model.outputs)):
            after = [before[at + 1] for at, one in enumerate(before[:-1]) if one == token]
            if before[-1] != token and len(after) > 1 and len(set(after)) == 1:
                rows.append((*before, token))
                answers.append(after[0])
    return replace(model, tokens=np.array(rows), answers=np.array(answers))


def line(model: AttentionModel, rules: str, circuits: MasksFound, design: Design) -> dict[str, Any]:
    """The figures of one line, of some valid circuits of one model.

    Returns:
        How many rows the whole model is "right" on, "of" how many; "edges" of the graph and "possible" circuits;
        "valid" ones, those "listed", the "fewest" edges of one; "minimal" ones among the listed; edges "shared" by all
        valid ones; "least" and "mean" overlap of two minimal ones of the "compared", None of fewer than two; the same
        three of drawn ones.
    """
    space = model.space(ATTENTION.rules(rules))
    minimal = minimal_numbers(circuits.masks)
    compared = minimal[: design["most_compared"]]
    least, mean = overlaps(compared)
    whole = space.run(space.reduce(np.ones((1, space.graph.n_bits), dtype=np.bool_)))
    pool = pool_of(rules, design["layers"], design["heads"], design["pool"])
    return {
        "right": int((gaps(whole, model.answers) > 0).sum()),
        "of": len(model.rows),
        "edges": space.graph.n_bits,
        "possible": circuits.possible,
        "valid": circuits.valid,
        "listed": len(circuits.masks),
        "fewest": int(np.bitwise_count(minimal[0])) if len(minimal) else None,
        "minimal": len(minimal),
        "shared": sum(use == circuits.valid for use in circuits.bit_use) if len(minimal) else None,
        "compared": len(compared),
        "least": least,
        "mean": mean,
        **drawn(compared, pool, design["draws"]),
    }


def overlaps(masks: Numbers) -> tuple[float | None, float | None]:
    """The least and the mean Jaccard overlap of two of some circuits; None where there are no two.

    Args:
        masks: each once.
    """
    words, pairs = masks[:, None], len(masks) * (len(masks) - 1) // 2
    sizes, least, total = sizes_of(words), 1.0, 0.0
    for at in range(len(masks) - 1):
        shares = 1.0 - distances_to(words[at:], sizes[at:], 0)[1:]
        least, total = min(least, float(shares.min())), total + float(shares.sum())
    return (round(least, 6), round(total / pairs, 6)) if pairs else (None, None)


def drawn(masks: Numbers, pool: Mapping[int, Numbers], draws: int) -> dict[str, float | None]:
    """Means over draws in which each circuit is replaced by another possible one with as many edges.

    Args:
        masks: each once.
        pool: number of edges → circuits, at least as many as there are such masks.
        draws: how many.
    """
    names = ("drawn_shared", "drawn_least", "drawn_mean")
    if not len(masks):
        return dict.fromkeys(names)
    random = np.random.default_rng(0)
    sizes = Counter(np.bitwise_count(masks).tolist())
    rows: list[tuple[float | None, ...]] = []
    for _ in range(draws):
        some = np.concatenate([random.choice(pool[size], n, replace=False) for size, n in sorted(sizes.items())])
        rows.append((int(np.bitwise_count(np.bitwise_and.reduce(some))), *overlaps(some)))
    known = ([one for one in column if one is not None] for column in zip(*rows, strict=True))
    return {name: round(fmean(values), 4) if values else None for name, values in zip(names, known, strict=True)}


@cache
def pool_of(rules: str, layers: int, heads: int, most: int) -> dict[int, Numbers]:
    """Number of edges → circuits drawn uniformly among all possible ones, about ``most`` or all if there are no more.

    Args:
        rules: as addresses write them.
        layers, heads: of the model; all models of these sizes have the same circuits.
        most: circuits of one number of edges.
    """
    any_model = train_attention(AttentionSpec(task=task_named("other name"), layers=layers, heads=heads, steps=1)).model
    assert any_model is not None
    model = replace(any_model, tokens=any_model.tokens[:1], answers=any_model.answers[:1])
    space, random = model.space(ATTENTION.rules(rules)), np.random.default_rng(0)
    shares = np.array([min(1.0, most / space.possible_by_bits.get(size, 1)) for size in range(space.graph.n_bits + 1)])
    parts = []
    for part in engine_of(model, space).parts(max_wrong=1):
        every = np.sort(part().valid)
        parts.append(every[random.random(len(every)) < shares[np.bitwise_count(every)]])
    kept = np.concatenate(parts)
    return {size: kept[np.bitwise_count(kept) == size] for size in range(space.graph.n_bits + 1)}


if __name__ == "__main__":
    sys.exit(main())
