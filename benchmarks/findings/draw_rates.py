"""``python -m benchmarks.findings.draw_rates``: how often drawn transformers, and drawn networks that read digits, do
what trained ones learned.

Both are judged as training judges them: transformers by a mean cross-entropy of at most 0.01 nats and more than 99% of
the rows, networks that read digits by a mean squared error below 0.01 and more than 99% of the images, here of all that
there are. Weights of transformers are normal numbers with the standard deviations that training begins with, or with
these times a factor; there are no biases. Networks that read digits are drawn from the priors of the other studies.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import resources
from itertools import pairwise
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from analysis.models.attention_tasks import task_named
from analysis.models.attention_training import AttentionSpec, initial_sizes, logits_of
from analysis.models.model import ACCURACY_THRESHOLD
from analysis.networks.drawing import largest_rate, read_prior
from analysis.networks.mlp import activate
from analysis.networks.network import DEFAULT_NEGATIVE_SLOPE
from analysis.networks.threads import one_thread
from analysis.studies.digits import HEAD, TAIL_INPUTS, Images, parse_images
from analysis.validity import max_wrong
from benchmarks.findings.model_circuits import DESIGN
from benchmarks.findings.results import MORE, design_of
from benchmarks.findings.tables import head, row

RESULTS: Final = MORE / "draw-rates.json"
MODELS_DRAWN: Final = 100_000
NETWORKS_DRAWN: Final = 10_000
FACTORS: Final = (1, 2, 4)
PRIORS: Final = ("normal 1", "normal 2", "fan-in 3")
DIGITS: Final = "digits-tail"
_BLOCK: Final = 2_000  # transformers that are drawn at once
_FIRST_ROWS: Final = 8  # on which they are tried before they are on all


def main() -> int:
    """Draw, and write how many were accepted."""
    RESULTS.write_text(json.dumps([*_transformers(), *_digit_networks()], indent=1) + "\n")
    return 0


def _transformers() -> Iterator[dict[str, Any]]:
    design = json.loads(DESIGN.read_text())
    sizes = {key: design[key] for key in ("layers", "heads", "d_model", "d_head")}
    for task in design["tasks"]:
        for factor in FACTORS:
            generator = torch.Generator().manual_seed(0)
            spec = AttentionSpec(task_named(task), **sizes)
            accepted = sum(accepted_of(spec, factor, _BLOCK, generator) for _ in range(MODELS_DRAWN // _BLOCK))
            weights = f"as training begins, times {factor}"
            yield {"what": f"transformers, {task}", "weights": weights, "drawn": MODELS_DRAWN, "accepted": accepted}


def accepted_of(spec: AttentionSpec, factor: float, n: int, generator: torch.Generator) -> int:
    """How many of so many drawn transformers do the task.

    Args:
        spec: of the task and the sizes.
        factor: by which the standard deviations that training begins with are multiplied.
        n: drawn at once.
        generator: of the weights.
    """
    tokens, answers = torch.tensor(spec.task.rows), torch.tensor(spec.task.answers)
    most_wrong = max_wrong(len(tokens), ACCURACY_THRESHOLD)
    some = torch.randperm(len(tokens), generator=generator)[:_FIRST_ROWS]
    with one_thread(), torch.no_grad():
        weights = {
            name: factor * size * torch.randn((n, *shape), generator=generator)
            for name, (shape, size) in initial_sizes(spec).items()
        }
        likely = _wrong(_logits(weights, tokens[some]), answers[some]) <= most_wrong
        if not likely.any():
            return 0
        logits = _logits({name: one[likely] for name, one in weights.items()}, tokens)
        losses = torch.nn.functional.cross_entropy(logits.mT, answers.expand(len(logits), -1), reduction="none").mean(1)
        return int(((_wrong(logits, answers) <= most_wrong) & (losses <= spec.loss_target)).sum())


def _logits(weights: dict[str, Tensor], tokens: Tensor) -> Tensor:
    """``[models, rows, vocabulary]``."""
    return torch.func.vmap(lambda own: logits_of(own, tokens, layer_norm=False))(weights)


def _wrong(logits: Tensor, answers: Tensor) -> Tensor:
    """``[models]`` rows on which another output is the largest."""
    return (logits.argmax(dim=2) != answers).sum(dim=1)


def _digit_networks() -> Iterator[dict[str, Any]]:
    images = parse_images((resources.files("app.bundled") / "digits-0-1.json").read_bytes())
    design = design_of(DIGITS)
    sizes = (images.pixels.shape[1], *HEAD, TAIL_INPUTS, *design.hidden[0], 1)
    for prior in PRIORS:
        random, deviations = np.random.default_rng(0), read_prior(prior).deviations(sizes)
        drawn = (random.standard_normal(len(deviations), dtype=np.float32) * deviations for _ in range(NETWORKS_DRAWN))
        accepted = sum(reads(flat, sizes, images, max(design.loss_target)) for flat in drawn)
        what = f"networks {'-'.join(map(str, sizes))} that read digits"
        yield {"what": what, "weights": prior, "drawn": NETWORKS_DRAWN, "accepted": accepted}


def reads(flat: np.ndarray, sizes: tuple[int, ...], images: Images, loss_target: float) -> bool:
    """Whether a leaky ReLU network tells the two digits apart.

    Args:
        flat: its parameters W1, b1, W2, ….
        sizes: of its layers.
        images: all that it is judged on.
        loss_target: its mean squared error has to be below this.
    """
    values, at = images.pixels.astype(np.float32), 0
    for n_in, n_out in pairwise(sizes):
        weights, at = flat[at : at + n_in * n_out].reshape(n_out, n_in), at + n_in * n_out
        biases, at = flat[at : at + n_out], at + n_out
        values = activate(values @ weights.T + biases, "leaky_relu", DEFAULT_NEGATIVE_SLOPE)
    errors, n_wrong = values[:, 0] - images.labels, int(((values[:, 0] > 0.5) != images.labels).sum())
    return bool((errors**2).mean() < loss_target) and n_wrong <= max_wrong(len(errors), ACCURACY_THRESHOLD)


def rates_table() -> Iterator[str]:
    """How many were drawn and accepted, and the largest rate that this leaves possible where none was."""
    yield from head(("drawn", "weights", "networks", "accepted", "acceptance rate"))
    for one in json.loads(RESULTS.read_text()):
        drawn, accepted = one["drawn"], one["accepted"]
        rate = f"{accepted / drawn:.1e}" if accepted else f"at most {largest_rate(drawn):.1e} (95%)"
        yield row((one["what"], one["weights"], f"{drawn:,}", f"{accepted:,}", rate))


if __name__ == "__main__":
    sys.exit(main())
