"""``python -m benchmarks.live_speed``: circuits a second of a live space beside a plain loop of forward passes.

The loop runs the same model under hooks of its own, one circuit after the other. Both are measured in one run, by the
processor's time, and their outputs are compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import torch

import pluriscope
from benchmarks.own_server import ROOT
from plugins.live.tests.small_models import Bundled
from pluriscope.analysis.subjects.perceptron.threads import one_thread

MODEL: Final = ROOT / "app" / "bundled" / "models" / "indirect-object-2x4.json"


def plain_outputs(model: Any, rows: Any, masks: Any) -> Any:
    """Outputs ``[masks, rows, outputs]`` of circuits of heads: hooks, a forward pass and hooks off for each."""
    layers, found = [block.attn for block in model.blocks], []

    def kept(_module: Any, given: Any, *, gates: Any) -> Any:
        return ((given[0].unflatten(-1, (len(gates), -1)) * gates[:, None]).flatten(-2),)

    for mask in torch.as_tensor(masks).double().view(len(masks), len(layers), -1):
        hooks = [
            layer.o_proj.register_forward_pre_hook(partial(kept, gates=gates))
            for layer, gates in zip(layers, mask, strict=True)
        ]
        with torch.no_grad():
            found.append(model(rows)[:, -1])
        for hook in hooks:
            hook.remove()
    return torch.stack(found)


def a_second(work: Callable[[Any], Any], masks: Any, repetitions: int = 3) -> tuple[float, Any]:
    """Most circuits a second of some runs, and the last result."""
    rates = []
    for _ in range(repetitions):
        start = time.process_time()
        result = work(masks)
        rates.append(len(masks) / (time.process_time() - start))
    return max(rates), result


def measured(n_masks: int = 2_048, n_plain: int = 128) -> Iterator[tuple[int, float, float, float]]:
    """For some numbers of rows: circuits a second of the loop, of batches, and of decisions by rows in stages."""
    model: Any = Bundled(MODEL)  # type: ignore[no-untyped-call]
    subject = pluriscope.explain(MODEL, protocol="nodes").question.subject
    with one_thread():
        right = np.flatnonzero(model(torch.as_tensor(subject.tokens))[:, -1].argmax(-1).numpy() == subject.answers)
        drawn = np.random.default_rng(0).permutation(right)
        for n_rows in (1, 4, 16, 64, len(right)):
            rows = torch.as_tensor(subject.tokens[drawn[:n_rows]])
            space = pluriscope.space(model, subject.answers[drawn[:n_rows]].tolist(), rows)
            masks = np.random.default_rng(1).random((n_masks, space.n_units)) < 0.5
            space.valid(masks)  # which finds the order of rows
            plain, outputs = a_second(partial(plain_outputs, model, rows), masks[:n_plain])
            assert torch.allclose(space.run(masks[:n_plain]), outputs, atol=1e-9), "the two routes disagree"
            batches, verdicts = a_second(space.judge, masks)
            stages, (valid, *_) = a_second(space.valid, masks)
            assert (valid == verdicts.valid).all(), "the two routes disagree"
            yield n_rows, plain, batches, stages


if __name__ == "__main__":
    print(f"{'rows':>5}{'plain/s':>10}{'batches/s':>12}{'ratio':>8}{'stages/s':>12}{'ratio':>8}")
    for n_rows, plain, batches, stages in measured():
        print(
            f"{n_rows:>5}{plain:>10,.0f}{batches:>12,.0f}{batches / plain:>8.1f}{stages:>12,.0f}{stages / plain:>8.1f}"
        )
