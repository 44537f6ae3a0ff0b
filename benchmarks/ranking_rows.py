"""Do the field's scores predict the truth? Rows of many rankings of edges, of both halves of the answer key.

python -m benchmarks.ranking_rows FILE                   a line of JSON for each network of the public half
python -m benchmarks.ranking_rows FILE --secret SECRET   of the secret half, whose networks are trained

A run goes on where its file ends.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from benchmarks import chapters
from pluriscope.analysis.discovery.landscapes import masked_under
from pluriscope.analysis.discovery.masked_perceptron import MaskedPerceptron, edge_scores, metric_of, metric_slope
from pluriscope.analysis.discovery.registry import read_method
from pluriscope.analysis.discovery.selection import shares_between, strengths
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.gradients import backward
from pluriscope.analysis.subjects.perceptron.mlp import forward_pass
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.tables.parquet import write_parquet
from pluriscope_bench.key.condition import Condition
from pluriscope_bench.key.judging import judge_of, without_loose_ends
from pluriscope_bench.key.scores import SCORES, Case
from pluriscope_bench.key.submission import Submission, orders
from pluriscope_bench.key.suite import SuiteNetwork
from pluriscope_bench.key.truth import Truth
from pluriscope_bench.key.truths import truths_of
from pluriscope_bench.suite_design import secret_digest
from pluriscope_bench.suite_files import bundled, bundled_design, read_suite
from pluriscope_bench.suite_making import trained

SLUG: Final = "field-scores"
DESIGN: Final[dict[str, Any]] = chapters.design_of(f"{SLUG}-2")
DIGEST: Final = sha256_hex(canonical_json(DESIGN))
"""Of the design: rows of another one are refused."""
Array = NDArray[np.float64]
Row = dict[str, Any]
FOUR: Final = ("eap", "eap-ig", "mask-ig", "exact-edge")
"""Methods whose scores have a sign."""
DOSES: Final = (0.5, 1.0, 2.0)
PROPOSALS: Final = (0, 10, 30, 100, 300, 1000)
SEARCHED: Final = ("xor-3", "drawn", "strict")
"""Arms whose networks have so few circuits that the best order of all is computed."""
_ABLATIONS: Final = {one: Condition(one).key for one in ("zero", "mean")}
_SCORES: Final = {one.key: one.of for one in SCORES}
_NUMBERS: Final = {one: one for one in ("regret", "valid", "auc", "cpr", "cmd")} | {"while_valid": "regret_while_valid"}
COLUMNS: Final = {
    **dict.fromkeys(("half", "network", "arm", "cell"), "VARCHAR"),
    **dict.fromkeys(("seed", "edges", "smallest"), "BIGINT"),
    **dict.fromkeys(("ablation", "method"), "VARCHAR"),
    **dict.fromkeys(("regret", "while_valid", "valid", "distance", "auc", "cpr", "cmd", "kept_regret"), "FLOAT"),
    "kept": "BOOLEAN",
}


def values_of(masked: Any) -> dict[str, Array]:
    """Scores of edges under one ablation by method, as changes of the metric when an edge is left out."""
    kind, found = masked.kind, {}
    for key in FOUR:
        method, given = read_method(f"{key}(ablation={masked.ablation})", kind)
        found[key] = np.array(method.score(masked.subject, given).values)  # type: ignore[misc]
    return found | (_of_perceptron(masked.subject) if isinstance(masked.subject, MaskedPerceptron) else {})


def _of_perceptron(masked: MaskedPerceptron, steps: int = 5) -> dict[str, Array]:
    """Scores that no registered method gives: of weights, conductance and relevance patching."""
    network, rows = masked.question.network, masked.rows
    slope = partial(metric_slope, labels=rows.labels, metric="margin")
    start, path = rows.absent[0].T, []
    for step in range(steps + 1):
        sums, layers = (
            [one.T for one in part] for part in forward_pass(network, start + step / steps * (rows.inputs - start))
        )
        path.append((layers, backward(network, sums, layers, slope(layers[-1][0]))))
    went = [[after - before for before, after in zip(one[0], other[0], strict=True)] for one, other in pairwise(path)]
    parts = [edge_scores(network, change, slopes) for change, (_, slopes) in zip(went, path, strict=False)]
    changes = [absent - layer for absent, layer in zip(rows.absent, layers, strict=False)]
    above, relevance = slope(layers[-1][0])[None], list[Array]()
    for layer in range(len(network.weights), 0, -1):
        total, value = sums[layer - 1], layers[layer]
        flat = np.abs(total) < 1e-9
        ratio = np.where(flat, network.function_of(layer).slope(total, value), value / np.where(flat, 1.0, total))
        relevance.insert(0, above * ratio)
        above = np.einsum("ij,ir->jr", network.weights[layer - 1], relevance[0])
    ones = [np.ones(one.shape) for one in sums]
    return {
        "weights": masked.weights,
        "conductance": -np.sum(parts, axis=0),
        "relevance": edge_scores(network, changes, relevance),
        "weight-activation": edge_scores(network, [np.abs(one) for one in changes], ones),
    }


def rankings(values: Mapping[str, Mapping[str, Array]], ablation: str, name: str) -> dict[str, Array]:
    """How important each ranking calls each edge under an ablation, larger first.

    Args:
        values: by ablation and method.
        name: of the network, from which the noise of copies follows.
    """
    own, other = values[ablation], values["mean" if ablation == "zero" else "zero"]
    found = {key: strengths(one, signed=False) for key, one in own.items()}
    found |= {f"{key}-signed": strengths(own[key], signed=True) for key in FOUR}
    found |= {f"{key}-other": strengths(other[key], signed=False) for key in ("eap-ig", "mask-ig")}
    noise = np.random.default_rng(crc32(name.encode())).standard_normal(len(own["exact-edge"]))
    return found | {f"exact-noise-{dose:g}": found["exact-edge"] * np.exp(dose * noise) for dose in DOSES}


class _Masked:
    """A network under an ablation, as methods ask it."""

    def __init__(self, question: Any, ablation: str) -> None:
        self.subject, self.kind, self.ablation = masked_under(question, ablation), question.kind, ablation


def rows_of(network: SuiteNetwork, truths: Mapping[str, Truth]) -> Iterator[Row]:
    """What each ranking comes to under each ablation whose truth is known.

    Args:
        truths: by ablation.
    """
    values = {one: values_of(_Masked(network.question, one)) for one in _ABLATIONS}
    judges = {one: judge_of(network.question, Condition(one)) for one in truths}  # type: ignore[arg-type]
    for ablation, truth in truths.items():
        judge, other, kept = judges[ablation], "mean" if ablation == "zero" else "zero", list[int | None]()
        rows = list[Row]()
        for method, importance in rankings(values, ablation, network.name).items():
            case = Case(judge, truth, Submission("answered", scores=tuple(importance.tolist())), 0.0)
            row = {"ablation": ablation, "method": method, "distance": _distance(case)}
            row |= {name: _SCORES[key](case) for name, key in _NUMBERS.items()}
            kept.append(case.circuits[0])
            rows.append(row)
        if truth.masks is not None and len(truth.masks):
            kept.append(int(truth.masks[np.bitwise_count(truth.masks).argmin()]))
            rows.append({"ablation": ablation, "method": "smallest", "regret": 0.0})
        if other in truths:
            known = [one or 0 for one in kept]
            for row, mask, right in zip(rows, known, judges[other].are_valid(known), strict=True):
                row["kept"], least = right, truths[other].smallest or 0
                spare = max(truths[other].n_edges - least, 1)
                row["kept_regret"] = (mask.bit_count() - least) / spare if right else 1.0
        yield from rows
    if network.arm in SEARCHED and "zero" in truths:
        start = rankings(values, "zero", network.name)["exact-edge"]
        yield from searched(judges["zero"], truths["zero"], start, crc32(network.name.encode()))


def _distance(case: Case) -> float | None:
    """Share of edges in which the circuit at the operating point differs from the nearest minimal one, mean over orders
    of ties.
    """
    minimal = np.array(case.truth.minimal or (), dtype=np.uint64)
    own = [np.uint64(one) for one in case.own_circuits if one is not None]
    if not len(minimal) or not own:
        return None
    return float(np.mean([np.bitwise_count(minimal ^ one).min() for one in own])) / case.truth.n_edges


# --- orders that are made for a score


def searched(judge: Any, truth: Truth, start: Array, seed: int) -> Iterator[Row]:
    """What orders that a search makes for CMD come to, and the best orders of all for CMD and for CPR.

    Args:
        judge, truth: of a perceptron under zero ablation.
        start: importance of edges, whose order is one of two from which searches begin.
        seed: of the other one, and of proposals.
    """
    n, every = truth.n_edges, np.arange(1 << truth.n_edges, dtype=np.uint64)
    metrics = metric_of(judge.outputs_of(every), judge.rows.labels, "margin")
    shares = shares_between([*metrics.tolist(), metrics[0], metrics[-1]])
    if shares is None or truth.masks is None or not len(truth.masks):
        return
    faithful = np.array(shares)
    faithful[0], faithful[-1] = 0.0, 1.0
    pruned = without_loose_ends(every, judge.question.layout, "strict")
    places = np.minimum(np.searchsorted(truth.masks, pruned), len(truth.masks) - 1)
    sizes = np.where(truth.masks[places] == pruned, np.bitwise_count(pruned).astype(np.int64), -1)
    least = float(truth.smallest or 0)

    def row(method: str, cmd: float | None, cpr: float | None, edges: float) -> Row:
        regret = (edges - least) / max(n - least, 1)
        return {"ablation": "zero", "method": method, "cmd": cmd, "cpr": cpr, "regret": regret}

    wrong = np.abs(1.0 - faithful)
    draw = np.random.default_rng(seed)
    for name, order in (("exact", orders(start)[0]), ("drawn", draw.permutation(n))):
        for done, masks in climbed(wrong, order, draw):
            first = next(size for size in sizes[masks] if size >= 0)
            yield row(f"climb-{name}-{done}", _area(wrong[masks]), _area(faithful[masks]), float(first))
    for name, cost in (("cmd", wrong), ("cpr", -faithful)):
        total, ends = best_orders(cost, sizes)
        area = (total - (cost[0] + cost[-1]) / 2) / n
        for which, edges in zip(("least", "most"), ends, strict=True):
            cmd, cpr = (area, None) if name == "cmd" else (None, -area)
            yield row(f"{name}-best-{which}", cmd, cpr, edges)


def _area(values: Array) -> float:
    return float((values.sum() - (values[0] + values[-1]) / 2) / (len(values) - 1))


def climbed(cost: Array, order: NDArray[Any], draw: np.random.Generator) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Beginnings of an order after some numbers of proposals, each to move one edge; kept where the sum of costs falls.

    Args:
        cost: ``[2^n]`` of each mask.
    """
    bits = 1 << np.asarray(order, dtype=np.int64)
    masks = np.concatenate([[0], np.cumsum(bits)])
    now = cost[masks].sum()
    for done in range(max(PROPOSALS) + 1):
        if done in PROPOSALS:
            yield done, masks
        taken, put = draw.integers(0, len(bits), 2)
        moved = np.insert(np.delete(bits, taken), put, bits[taken])
        new = np.concatenate([[0], np.cumsum(moved)])
        if (then := cost[new].sum()) < now - 1e-12:
            bits, masks, now = moved, new, then


def best_orders(cost: Array, sizes: NDArray[np.int64]) -> tuple[float, tuple[float, float]]:
    """The least sum of costs over all beginnings of an order; and over all orders that have it, the least and the most
    edges of the first valid circuit.

    Args:
        cost: ``[2^n]`` of each mask.
        sizes: ``[2^n]`` edges of the circuit of each mask where it is valid, -1 where it is not, as of the
            empty one.
    """
    n, every = len(cost).bit_length() - 1, np.arange(len(cost))
    total, counts = cost.copy(), np.bitwise_count(every)
    # of the best orders up to a mask: the first valid circuits found, and whether one has found none
    low, high, none = np.full(len(cost), np.inf), np.full(len(cost), -np.inf), np.zeros(len(cost), dtype=np.bool_)
    none[0] = True
    for count in range(1, n + 1):
        masks = every[counts == count]
        before = masks ^ (masks & (1 << np.arange(n))[:, None])
        sums = np.where(before != masks, total[before], np.inf)
        best = sums.min(axis=0)
        tied = sums <= best + 1e-9
        total[masks] += best
        open_, size = (tied & none[before]).any(axis=0), sizes[masks]
        found = open_ & (size >= 0)
        low[masks] = np.minimum(np.where(tied, low[before], np.inf).min(axis=0), np.where(found, size, np.inf))
        high[masks] = np.maximum(np.where(tied, high[before], -np.inf).max(axis=0), np.where(found, size, -np.inf))
        none[masks] = open_ & ~found
    return float(total[-1]), (float(low[-1]), float(high[-1]))


# --- both halves


def networks_of(secret: str, done: set[tuple[int, int]]) -> Iterator[tuple[int, int, SuiteNetwork | None]]:
    """Cell, seed and network, None where there is none, of all that are not done; of the public half without a secret.

    Raises:
        SystemExit: another secret than that of the design.
    """
    design = bundled_design()
    if secret and secret_digest(secret) != design.secret_sha256:
        raise SystemExit("the secret is not that of the design")
    known = {} if secret else read_suite(bundled("public")).by_name
    for number, seeds in enumerate(design.seeds("secret" if secret else "public", secret)):
        cell, missing = design.cells[number], [seed for seed in seeds if (number, seed) not in done]
        if secret:
            yield from (
                (number, seed, network)
                for seed, _, network in (trained(cell, missing, DEFAULT_WORK) if missing else ())
            )
        else:
            yield from ((number, seed, known.get(f"{cell.name}-{seed}")) for seed in missing)


def outcome(network: SuiteNetwork) -> list[Row]:
    """Rows of a network; none where it has no valid circuit or its truth cannot be had."""
    found = truths_of(network.question, [Condition("zero"), Condition("mean")])
    truths = {one: truth for one, truth in zip(_ABLATIONS, found, strict=True) if truth is not None}
    if "zero" not in truths or truths["zero"].smallest is None:
        return []
    valid = {one: truth for one, truth in truths.items() if truth.smallest is not None}
    same = {name: getattr(network, name) for name in ("arm", "cell", "seed")}
    same |= {"network": network.name, "edges": network.n_edges}
    return [same | {"smallest": valid[row["ablation"]].smallest} | row for row in rows_of(network, valid)]


def lines_of(path: Path, half: str = "") -> list[Any]:
    """Lines of a file.

    Raises:
        SystemExit: they are of another design, or of another version of the suite.
    """
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    if any(line["design"] != DIGEST for line in lines):
        raise SystemExit("the file has rows of another design")
    if any(line["suite"] != bundled_design().digest(line["half"]) for line in lines):
        raise SystemExit("the file has rows of another version of the suite")
    if any(line["half"] != half for line in lines if half):
        raise SystemExit("the file has rows of the other half")
    return lines


def run(path: Path, secret: str = "") -> None:
    """Append a line for each network that the file has not, for as long as the design allows."""
    half: Any = "secret" if secret else "public"
    done = {(line["cell"], line["seed"]) for line in lines_of(path, half)}
    file = chapters.LineFile(path, DESIGN, suite=bundled_design().digest(half), half=half)
    for cell, seed, network in networks_of(secret, done):
        file.append({"cell": cell, "seed": seed, "rows": [] if network is None else outcome(network)})
        if file.full:
            return


def table(paths: Sequence[Path], file: Path) -> list[Row]:
    """Write the table of rows from lines of both halves."""
    rows = [{"half": line["half"]} | row for path in paths for line in lines_of(path) for row in line["rows"]]
    write_parquet(file, rows, COLUMNS, {}, level=19)
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--secret", type=Path)
    asked = parser.parse_args()
    run(asked.file, asked.secret.read_text().strip() if asked.secret else "")
