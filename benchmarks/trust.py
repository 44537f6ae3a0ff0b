"""How near searches for rivals come to what exists: the declared question, from networks to a table.

python -m benchmarks.trust FILE            a line of JSON for each network; goes on where FILE ends
python -m benchmarks.trust FILE --freeze   the table of rows, the tables of the chapter, and what pages say of it
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import chapters
from benchmarks.lines import ROOT
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope_bench.key.condition import PRIMARY
from pluriscope_bench.key.judging import PerceptronJudge, judge_of
from pluriscope_bench.key.suite import SuiteNetwork
from pluriscope_bench.key.truths import truths_of
from pluriscope_bench.suite_files import bundled, read_suite
from pluriscope_live.learned import Learned
from pluriscope_live.searches import WAYS, Acdc, Bits, Search, Way, dispensable, jaccard, round_of

SLUG: Final = "trust"
DESIGN: Final[dict[str, Any]] = chapters.design_of(SLUG)
DIGEST: Final = sha256_hex(canonical_json(DESIGN))
"""Of the design: rows of another one are refused."""
Row = dict[str, Any]
_ACTIVATIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "relu": torch.relu,
    "leaky_relu": torch.nn.LeakyReLU(0.01),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


class Known:
    """A network of a suite as searches ask it: its edges are the units.

    Attributes:
        truth: about it; where that lists every valid circuit, verdicts are read from the list.
        runs: masks that were asked about; three for one that was run forwards and backwards.
    """

    def __init__(self, network: SuiteNetwork) -> None:
        judge: Any = judge_of(network.question, PRIMARY)
        self.judge = judge
        self.n_units, self.runs = network.n_edges, 0
        self.truth: Any
        (self.truth,) = truths_of(network.question, [PRIMARY])
        self.learns = isinstance(self.judge, PerceptronJudge)  # who alone has derivatives here
        self.n_rows = len(judge.rows.labels) if self.learns else 0

    @cached_property
    def _powers(self) -> NDArray[np.uint64]:
        return np.uint64(1) << np.arange(self.n_units, dtype=np.uint64)

    def numbers(self, bits: Bits) -> list[int]:
        """Masks as whole numbers."""
        found: list[int] = (bits.astype(np.uint64) @ self._powers).tolist()
        return found

    def bits(self, masks: NDArray[Any]) -> Bits:
        """Whole numbers as masks."""
        return np.asarray((masks[:, None].astype(np.uint64) & self._powers) != 0)

    def valid(self, bits: Bits) -> Bits:
        self.runs += len(bits)
        if self.truth is not None and self.truth.masks is not None:
            return self._listed(bits.astype(np.uint64) @ self._powers)
        return np.array(self.judge.are_valid(self.numbers(bits)), dtype=np.bool_)

    def _listed(self, masks: NDArray[np.uint64]) -> Bits:
        """Whether the circuits of masks are among the valid ones."""
        every, pruned = self._every, self._pruned(masks)
        return np.asarray(every[np.minimum(np.searchsorted(every, pruned), len(every) - 1)] == pruned)

    @cached_property
    def _every(self) -> NDArray[np.uint64]:
        return np.asarray(self.truth.masks, dtype=np.uint64)

    def distance(self, bits: Bits) -> NDArray[np.float64]:
        """Mean squared difference of outputs from the whole's; of a transformer KL divergence."""
        self.runs += len(bits)
        if not self.learns:
            return np.array(self.judge.divergences(self.numbers(bits)))
        found: NDArray[np.float64] = ((self.judge.outputs(self.numbers(bits)) - self._whole) ** 2).mean(1)
        return found

    @cached_property
    def _whole(self) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self.judge.outputs([(1 << self.n_units) - 1])[0]
        return found

    def gaps(self, gates: Any, at: Any) -> Any:
        """What the output of a perceptron is above its threshold, or below where the answer is 0, times the design's
        scale.
        """
        self.runs += 3 * len(gates)
        network, layout, rows = self.judge.question.network, self.judge.question.layout, self.judge.rows
        names = [network.activation] * (len(network.weights) - 1) + [network.output_activation]
        values = torch.tensor(rows.inputs)[at].expand(len(gates), -1, -1)
        for layer, (weight, bias, name) in enumerate(zip(network.weights, network.biases, names, strict=True)):
            start, end = layout.offsets[layer : layer + 2]
            gated = gates[:, start:end].view(-1, *weight.shape) * torch.tensor(weight)
            values = _ACTIVATIONS[name](values @ gated.transpose(1, 2) + torch.tensor(bias))
        signs = torch.tensor(np.where(rows.labels, 1.0, -1.0))[at]
        return DESIGN["scale"] * signs * (values[..., 0] - 0.5)

    @cached_property
    def exact(self) -> tuple[Bits, float] | None:
        """All circuits of which nothing can be spared, and the least Jaccard of two; None if they are too many."""
        if self.truth is None or self.truth.masks is None:
            return None
        least = self._every
        for bit in self._powers:
            has = (least & bit) != 0
            least = least[~(has & self._listed(least ^ bit))]
        if len(least) > DESIGN["most"]:
            return None
        return self.bits(least), least_jaccard(self.bits(least))

    def _pruned(self, masks: NDArray[np.uint64]) -> NDArray[np.uint64]:
        if self.learns:
            found = self.judge._pruned(masks)
        else:
            found = self.judge.question.space.reduce(self.bits(masks)).astype(np.uint64) @ self._powers
        return np.asarray(found, dtype=np.uint64)


def least_jaccard(bits: Bits) -> float:
    """The least of two circuits; 1 where there is one."""
    if len(bits) < 2:
        return 1.0
    parts = np.array_split(np.arange(len(bits)), -(-len(bits) // 500))
    numbers, sizes = bits.astype(np.float32), bits.sum(1).astype(np.float32)
    shared = ((numbers[part] @ numbers.T, part) for part in parts)
    return min(float((one / (sizes[part][:, None] + sizes - one)).min()) for one, part in shared)


def way_of(name: str, settings: Mapping[str, Any]) -> Way:
    """A way of the design."""
    made = {"ACDC": Acdc, "learned": Learned}
    return made[name](**settings) if name in made else WAYS[name]


def found_by(known: Known, way: Way, counts: Sequence[int]) -> Iterator[tuple[int, list[Search], int]]:
    """Number of searches, the searches, and runs until then, at each of some numbers."""
    done, known.runs = list[Search](), 0
    for number in range(max(counts)):
        if number == len(done):
            most = min(one for one in counts if one > number) - number
            done += round_of(way, known, [one.bits for one in done], number, most, seed=0)
        if number + 1 in counts:
            yield number + 1, done[: number + 1], known.runs


def rows_of(network: SuiteNetwork, part: str, known: Known) -> Iterator[Row]:
    """What each way came to, at each number of searches."""
    truth, exact = known.truth, known.exact
    backbone = known.bits(np.array([truth.backbone]))[0]
    for name, settings in DESIGN["ways"][part]:
        for n, searches, runs in found_by(known, way_of(name, settings), DESIGN["searches"][part]):
            bits = np.array([one.bits for one in searches])
            kept = np.logical_and.reduce(bits)
            checked = ~dispensable(known, kept)
            numbers = known.numbers(bits)
            yield {
                "network": network.name,
                "arm": network.arm,
                "part": part,
                "way": name,
                "setting": json.dumps(settings),
                "searches": n,
                "edges": known.n_units,
                "exist": None if exact is None else len(exact[0]),
                "least": None if exact is None else exact[1],
                "least_found": float(jaccard(bits).min()),
                "different": len({*numbers}),
                "raw_valid": sum(one.valid for one in searches),
                "backbone": int(backbone.sum()),
                "false": int((kept & ~backbone).sum()),
                "false_checked": int((checked & ~backbone).sum()),
                "missed": int((backbone & ~checked).sum()),
                "smallest": truth.smallest,
                "smallest_found": int(bits.sum(1).min()),
                "runs": runs,
            }


def population() -> list[SuiteNetwork]:
    """Networks of the public half that the small suite has not, in a random order."""
    small = {one.name for one in read_suite().networks}
    some = [one for one in read_suite(bundled("public")).networks if one.name not in small]
    return [some[number] for number in np.random.default_rng(DESIGN["seed"]).permutation(len(some))]


def outcome(network: SuiteNetwork, left: Mapping[str, int]) -> tuple[list[Row], dict[str, int]]:
    """Rows of a network, and of which parts it is.

    Args:
        left: networks that parts still need.
    """
    known = Known(network)
    if known.truth is None or not known.truth.n_valid:
        return [], {}
    parts = {"suite": 1}
    if known.exact is not None and len(known.exact[0]) > 1 and left["draw"]:
        parts["draw"] = 1
        if known.learns and left["learned"]:
            parts["learned"] = 1
    return [row for part in parts for row in rows_of(network, part, known)], parts


def run(path: Path) -> None:
    """Append a line for each network that the file has not, for as long as the design allows."""
    file, left = chapters.LineFile(path, DESIGN), dict(DESIGN["networks"])
    for line in file.lines:
        left |= {part: left[part] - n for part, n in line["parts"].items() if part in left}
    torch.set_num_threads(1)
    for network in population()[len(file.lines) :]:
        if file.full:
            return
        rows, parts = outcome(network, left)
        left |= {part: left[part] - n for part, n in parts.items() if part in left}
        file.append({"network": network.name, "parts": parts, "rows": rows})


# --- what was found

_COLUMNS: Final = {
    **dict.fromkeys(("network", "arm", "part", "way", "setting"), "VARCHAR"),
    **dict.fromkeys(("searches", "edges", "exist"), "BIGINT"),
    **dict.fromkeys(("least", "least_found"), "DOUBLE"),
    **dict.fromkeys(("different", "raw_valid", "backbone", "false", "false_checked", "missed"), "BIGINT"),
    **dict.fromkeys(("smallest", "smallest_found", "runs"), "BIGINT"),
}
HEAD: Final = (
    "part",
    "way",
    "searches",
    "networks",
    "gap",
    "beside mixed",
    "reached",
    "false",
    "after checks",
    "smallest",
    "runs",
)
DATA: Final = ROOT / "plugins" / "live" / "pluriscope_live" / "docs" / "trust.json"
"""The same figures for pages of rivals."""


def mean(values: Sequence[float]) -> list[float]:
    """The mean over networks with the ends of its 95% interval by bootstrap."""
    some = np.array(values, dtype=np.float64)
    drawn = np.random.default_rng(0).integers(0, len(some), (10_000, len(some)))
    low, high = np.percentile(some[drawn].mean(1), (2.5, 97.5))
    return [float(some.mean()), float(low), float(high)]


def figures(rows: Sequence[Row]) -> list[Row]:
    """Figures by part, way, setting and number of searches."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in ("part", "way", "setting", "searches")), []).append(row)
    mixed = {(row["network"], row["searches"]): row for row in rows if row["way"] == "mixed"}  # alike in both parts
    found = []
    for (part, way, setting, n), some in groups.items():
        several = [one for one in some if one["exist"] is not None and one["exist"] > 1]
        gaps = [one["least_found"] - one["least"] for one in several]
        one: Row = {"part": part, "way": way, "setting": json.loads(setting), "searches": n, "networks": len(some)}
        one |= {"several": len(several), "gap": mean(gaps), "median_gap": float(np.median(gaps))}
        less = [one["least_found"] - mixed[one["network"], n]["least_found"] for one in several]
        one |= {"less_mixed": None if way == "mixed" else mean(less)}
        one |= {"reached": sum(gap < 1e-6 for gap in gaps)}
        one |= {name: mean([each[name] for each in some]) for name in ("false", "false_checked")}
        one |= {"smallest": sum(each["smallest_found"] == each["smallest"] for each in some)}
        one |= {"raw_valid": sum(each["raw_valid"] for each in some), "runs": mean([each["runs"] for each in some])[0]}
        found.append(one)
    return found


def number(three: Sequence[float]) -> str:
    """A mean with the ends of its interval."""
    middle, low, high = (re.sub(r"^(-?)0", r"\1", f"{one:.2f}") for one in three)
    return f"{middle} ({low} to {high})".replace("-.00", ".00").replace("-", "−")


def cells(one: Row) -> list[str]:
    """A line of the chapter's table."""
    setting = ", ".join(f"{name} {value}" for name, value in one["setting"].items())
    name = f"{one['way']}{', ' if setting else ''}{setting}"
    shares = chapters.share(one["reached"], one["several"]), chapters.share(one["smallest"], one["networks"])
    n = f"{one['networks']} / {one['several']}"
    less = "–" if one["less_mixed"] is None else number(one["less_mixed"])
    numbers = [number(one["gap"]), less, shares[0], number(one["false"]), number(one["false_checked"]), shares[1]]
    return [one["part"], name, str(one["searches"]), n, *numbers, f"{one['runs']:,.0f}"]


def freeze(path: Path) -> None:
    """Write the table of rows, the table of the chapter, and the figures for pages."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    rows = [row for line in lines for row in line["rows"]]
    found = figures(rows)
    DATA.parent.mkdir(exist_ok=True)
    DATA.write_text(json.dumps({"design": DIGEST[:12], "figures": found}, indent=1) + "\n")
    chapters.freeze(SLUG, DESIGN, _COLUMNS, rows, chapters.markdown([HEAD, *map(cells, found)], 2))


if __name__ == "__main__":
    (freeze if "--freeze" in sys.argv else run)(Path(sys.argv[1]))
