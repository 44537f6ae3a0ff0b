"""Circuits of perceptrons that learn modular addition, as ``docs/findings/over-training.design.json`` declares it.

``python -m benchmarks.over_training FILE`` appends a line for each seed to a file of JSON lines, going on where it
ends. A row is a checkpoint under one ablation, judged on some rows: how many circuits are valid, and the measures.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.lines import ROOT
from pluriscope.analysis.subjects.classifier import CLASSIFIER, Classifier
from pluriscope.analysis.subjects.enumeration import most_wrong
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.tasks import task_named
from pluriscope.analysis.subjects.transformer.training import train_attention
from pluriscope.analysis.subjects.transformer.training_spec import AttentionSpec, attention_spec
from pluriscope_edits.over_training.progress_measures import TASK, measures_of

SLUG: Final = "over-training"
DESIGN: Final[dict[str, Any]] = json.loads((ROOT / "docs" / "findings" / f"{SLUG}.design.json").read_text())
Row = dict[str, Any]


def specification(arm: str, seed: int) -> AttentionSpec:
    """Specification of the training."""
    task = task_named(TASK, DESIGN["p"] + 1)
    if arm == "shuffled":
        answers = random.Random(seed).sample(task.answers, len(task.answers))  # noqa: S311
        task = replace(task, answers=tuple(answers))
    return attention_spec(DESIGN["options"] | {"seed": seed, "loss_target": 1e-300}, task)


def valid_masks(question: GraphQuestion) -> NDArray[np.bool_]:
    """``[circuits, neurons]`` all valid circuits of a classifier with one hidden layer, by neurons.

    Row by row what is surely wrong is left out, by quick sums; what remains is judged as everywhere.
    """
    subject: Any = question.subject
    space: Any = question.space
    if most_wrong(subject):
        raise ValueError("rows may be wrong: not all of them decide")
    hidden, weights, n = subject.layers[1], subject.network.weights[1], subject.network.sizes[1]
    absent = hidden.mean(axis=0) if question.rules["ablation"] == "mean" else np.zeros(n)
    masks, half = np.arange(1 << n), n // 2
    low, high = (np.arange(1 << k)[:, None] >> np.arange(k) & 1 for k in (half, n - half))
    for row, answer in zip(hidden - absent, subject.answers, strict=True):
        parts = row[:, None] * weights.T
        sums = (low @ parts[:half] + weights @ absent)[masks & ((1 << half) - 1)] + (high @ parts[half:])[masks >> half]
        right = sums[:, answer].copy()
        sums[:, answer] = -np.inf
        masks = masks[right - sums.max(axis=1) > -2 * space.rounding]
    found: NDArray[np.bool_] = (masks[:, None] >> np.arange(n) & 1).astype(np.bool_)
    return found[question.are_valid(found)] if len(found) else found


def rows_of(arm: str, seed: int) -> Iterator[Row]:
    """The rows of one training."""
    spec = specification(arm, seed)
    learned = np.ones(len(spec.task.rows), dtype=np.bool_)
    learned[spec.held_out_rows] = False
    for model in train_attention(spec, checkpoints=DESIGN["checkpoints"]).checkpoints:
        if not isinstance(model, Classifier) or model.training is None:
            raise TypeError("no perceptron")
        right = model.layers[-1].argmax(axis=1) == model.answers
        of: Row = {"arm": arm, "seed": seed, "step": model.training.step}
        of |= {"learned": int(right[learned].sum()), "held_out": int(right[~learned].sum())}
        of |= {"loss": model.training.loss, "held_out_loss": model.training.held_out_loss, **measures_of(model)}
        for judged, some in (("training rows", learned), ("all rows", learned | True)):
            asked = replace(model, data=model.data[some], answers=model.answers[some])
            for ablation in CLASSIFIER.settings["ablation"]:
                rules = {"granularity": "neurons", "ablation": ablation}
                valid = valid_masks(GraphQuestion(CLASSIFIER, asked, rules))
                fewest = min(valid.sum(axis=1).tolist(), default=None)
                yield of | {"judged": judged, "ablation": ablation, "circuits": len(valid), "smallest": fewest}


def run(path: Path, seeds: range) -> None:
    """Append the rows of seeds that are not in the file yet, for as long as the design allows."""
    done = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    spent, known = sum(one["spent"] for one in done), {one["seed"] for one in done}
    with path.open("a") as file:
        for seed in seeds:
            if seed in known or spent > 60 * DESIGN["minutes"]:
                continue
            began = time.process_time()
            rows = [row for arm in DESIGN["arms"] for row in rows_of(arm, seed)]
            spent += (took := time.process_time() - began)
            file.write(json.dumps({"seed": seed, "spent": took, "rows": rows}) + "\n")
            file.flush()


if __name__ == "__main__":
    run(Path(sys.argv[1]), range(*map(int, sys.argv[2:])) if sys.argv[2:] else range(DESIGN["seeds"]))
