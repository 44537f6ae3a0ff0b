"""What others say of circuits, asked of networks whose valid circuits are known: declared claims, from networks to a
table.

python -m benchmarks.others_claims FILE            a line of JSON for each network; goes on where FILE ends
python -m benchmarks.others_claims FILE --freeze   the table of rows and the tables of the chapter
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.stats import binomtest, rankdata

from benchmarks import chapters, trust
from benchmarks.over_training_table import courses
from benchmarks.over_training_table import table as over_training_rows
from pluriscope.analysis.discovery.landscapes import masked_under
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects.chances import log_softmax
from pluriscope.analysis.subjects.perceptron.circuit import masks_of
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.perceptron.training import train_networks
from pluriscope.analysis.subjects.perceptron.training_spec import training_spec
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.tables.parquet import ParquetTable
from pluriscope_bench.key.condition import PRIMARY, Condition
from pluriscope_bench.key.judging import every_input_read, judge_of, without_loose_ends
from pluriscope_bench.key.suite import SuiteNetwork
from pluriscope_bench.suite_files import bundled, read_suite
from pluriscope_live.searches import Bits, Search, Start, dispensable, mixed, round_of, together
from pluriscope_studies.pages.findings import FOLDER

SLUG: Final = "others-claims"
DESIGN: Final[dict[str, Any]] = chapters.design_of(SLUG)
DIGEST: Final = sha256_hex(canonical_json(DESIGN))
"""Of the design: rows of another one are refused."""
Row = dict[str, Any]
Array = NDArray[np.float64]


def outputs(network: Any, bits: Bits, inputs: Array, forced: Any = (0, 0, 0.0)) -> Array:
    """Outputs ``[masks, rows]`` of masks of a perceptron, absent edges at 0, loose ends without effect; a neuron, by
    layer from 1 and number, may be set to values.
    """
    values: Any = np.broadcast_to(inputs.T, (len(bits), *inputs.T.shape))
    alive: Any = np.ones(values.shape[:2], dtype=np.bool_)
    start = 0
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), 1):
        kept = bits[:, start : start + weights.size].reshape(-1, *weights.shape) & alive[:, None]
        start += weights.size
        values = network.function_of(layer).value(kept * weights @ values + biases[:, None])
        if forced[0] == layer:
            values[:, forced[1]] = forced[2]
        alive = kept.any(2)
    return np.asarray(values[:, 0])


class Edges:
    """The edges of a perceptron as searches ask about them, under the primary condition."""

    def __init__(self, question: Question) -> None:
        self.judge: Any = judge_of(question, PRIMARY)
        self.network, self.layout, self.n_units = question.network, question.layout, question.layout.n_edges
        self.runs = 0  # no way of these asks anything itself

    def valid(self, bits: Bits) -> Bits:
        masks = without_loose_ends(masks_of(bits, self.layout), self.layout, "strict")
        return np.asarray(self.judge.pass_with(self.judge.outputs_of(masks)) & every_input_read(masks, self.layout))

    def climbed(self, bits: Bits, allowed: Bits) -> Bits | None:
        """A valid mask of allowed edges, by steepest ascent of the margin of the worst row; None where that ends."""
        where, last, rows = np.flatnonzero(allowed), -np.inf, self.judge.rows
        while True:
            each = np.repeat(bits[None], len(where), axis=0)
            each[np.arange(len(where)), where] ^= True
            margins = ((2 * rows.labels - 1) * (outputs(self.network, each, rows.inputs) - 0.5)).min(1)
            if margins.max() <= last:
                return None
            last, bits = margins.max(), each[margins.argmax()]
            if last > 0 and self.valid(bits[None])[0]:
                return bits

    def found_in(self, allowed: Bits, rng: np.random.Generator) -> Bits | None:
        """A valid mask of allowed edges, from random masks of random density; None where none is found."""
        starts = (allowed & (rng.random(self.n_units) < rng.random()) for _ in range(DESIGN["climbs"]))
        return next((one for start in starts if (one := self.climbed(start, allowed)) is not None), None)


# --- what is recorded of one network, by part


def packed(bits: Bits) -> int:
    """The largest number of circuits no two of which share an edge, by an integer program; −1 if it is not proved."""
    numbers = bits.astype(np.float32)
    some = bits[((numbers @ numbers.T) == 0).any(1)]
    if not len(some):
        return 1
    within = LinearConstraint(some.T.astype(float), ub=1)
    solved = milp(
        -np.ones(len(some)), constraints=within, integrality=1, bounds=Bounds(0, 1), options={"time_limit": 60}
    )
    return round(-solved.fun) if solved.status == 0 else -1


def disjoint(network: SuiteNetwork) -> Row:
    """Of a network no edge of which is in every valid circuit: how many valid circuits share no edge, exact."""
    exact = trust.Known(network).exact
    return {} if exact is None else {"minimal": len(exact[0]), "least": exact[1], "packed": packed(exact[0])}


def widths(key: str) -> Row:
    """Of a trained perceptron: edges in every circuit that is found, and how many are found that share no edge."""
    n, seed = map(int, key.split("-"))
    [made] = train_networks([training_spec({"hidden": [n, n], "tasks": ["XOR"], "seed": seed})])
    if not made.converged or made.network is None:
        return {}
    edges: Any = Edges(Question(made.network, 0, made.spec.resolved_tasks()[0], COMPLETE, clean_data(2)))
    rng, found = np.random.default_rng((n, seed)), list[Bits]()
    while len(found) < DESIGN["searches"]:
        most = DESIGN["searches"] - len(found)
        found += [one.bits for one in round_of(mixed, edges, found, len(found), most, seed)]
    kept = np.logical_and.reduce(found)
    kept &= ~dispensable(edges, kept)
    for edge in np.flatnonzero(kept):
        kept[edge] = edges.found_in(np.arange(edges.n_units) != edge, rng) is None
    most, found = 1, sorted(found, key=lambda bits: int(bits.sum()))
    for one in found[: DESIGN["first"]]:
        used, number = one, 1
        while (other := edges.found_in(~used, rng)) is not None:
            (spared,) = together([Search(Start(other, rng.permutation(edges.n_units))).asks()], edges.valid)
            used, number = used | spared, number + 1
        most = max(most, number)
    row = {"edges": edges.n_units, "kept": int(kept.sum()), "packed": most, "smallest": int(found[0].sum())}
    return row | {"least": trust.least_jaccard(np.array(found))}


def measures(network: SuiteNetwork) -> Row:
    """Which measures separate the minimal circuits of a perceptron."""
    known = trust.Known(network)
    least = known.exact[0] if known.exact else np.empty((0, known.n_units), np.bool_)
    least = least[np.argsort(least.sum(1), kind="stable")][: DESIGN["circuits"]]
    if len(least) < 2:
        return {}
    pairs: Any = judge_of(network.question, Condition("pairs"))
    net, inputs, bits = (
        pairs.question.network,
        known.judge.rows.inputs,
        np.pad(least, ((0, 1), (0, 0)), constant_values=True),
    )
    grid = np.array([*product(np.linspace(*DESIGN["grid"]), repeat=2)])
    far = outputs(net, bits, grid) > 0.5
    values, decided = inputs.T, list[Any]()
    for layer, (weights, biases) in enumerate(zip(net.weights[:-1], net.biases[:-1], strict=True), 1):
        values = net.function_of(layer).value(weights @ values + biases[:, None])
        for neuron, shift in product(range(len(values)), range(1, len(inputs))):
            decided.append(outputs(net, bits, inputs, (layer, neuron, np.roll(values[neuron], shift))) > 0.5)
    moved, labels = np.concatenate(decided, axis=1), pairs.rows.labels > 0.5
    kept, lost = ((pairs.outputs(known.numbers(some)) > 0.5) == labels for some in (least, ~least))
    counterfactual = (kept.mean(1) + 1 - lost.mean(1)) / 2
    scores = {"observation": (far[:-1] == far[-1]).mean(1), "intervention": (moved[:-1] == moved[-1]).mean(1)}
    row, two = Row(circuits=len(least)), [*combinations(range(len(least)), 2)]
    for name, some in (scores | {"counterfactual": counterfactual}).items():
        best, second = np.sort(some)[:-3:-1]
        row[name] = float(np.mean([abs(some[a] - some[b]) > DESIGN["margin"] for a, b in two]))
        row[f"{name}_tied"] = int(best - second <= DESIGN["margin"])
    return row | {"residue": float(np.mean([(moved[a] == moved[b]).all() for a, b in two]))}


def resampling(network: SuiteNetwork) -> Row:
    """How rankings of edges change when rows are drawn anew, with replacement."""
    known = trust.Known(network)
    if known.truth is None or known.truth.masks is None:
        return {}
    masked, fewest, n = masked_under(network.question, "zero"), known.truth.smallest, known.n_units
    slope, each = masked.slope("margin" if known.learns else "cross-entropy"), masked.outputs(masked.each_removed)
    answers = np.asarray(known.judge.rows.labels if known.learns else network.question.subject.answers)
    chances = (2 * answers - 1) * each if known.learns else log_softmax(each)[:, np.arange(len(answers)), answers]
    effects, rows, rng = (chances[0] - chances[1:]).T, len(answers), np.random.default_rng(DESIGN["seed"])
    weights = np.concatenate([np.ones((1, rows)), rng.multinomial(rows, np.ones(rows) / rows, DESIGN["resamples"])])

    def along(own: Array, *points: float) -> Any:
        def sloped(given: Array, some: slice) -> Array:
            return np.asarray(slope(given, some) * (own[some] if given.ndim == 1 else own[some, None]))

        return sum(masked.effects(sloped, at) for at in points)

    rankings = {"exact": weights @ effects, "eap": np.array([along(own, 1.0) for own in weights])}
    rankings["eap_ig"] = np.array([along(own, *DESIGN["points"]) for own in weights])
    chance = rng.random((len(weights), n))
    row = Row(rows=rows)
    for name, scores in (rankings | {"chance": chance}).items():
        places = np.argsort(np.argsort(-np.abs(scores), axis=1, kind="stable"), axis=1)
        firsts = (places[:, None] < np.arange(n + 1)[:, None]).reshape(-1, n)
        sizes = np.array([one.bit_count() for one in known.judge.all_pruned(known.numbers(firsts))])
        first = known.valid(firsts).reshape(len(weights), -1).argmax(1)[:, None]
        sizes = np.take_along_axis(sizes.reshape(len(weights), -1), first, axis=1)
        regrets = (sizes[:, 0] - fewest) / max(n - fewest, 1)
        alike = [(a & b).sum() / (a | b).sum() for a, b in combinations(places[1:] < fewest, 2)]
        row |= {name: float(np.mean(alike)), f"{name}_regret": float(regrets[0])}
        row[f"{name}_drawn"] = float(regrets[1:].mean())
    top = effects[:, np.argsort(-np.abs(rankings["exact"][0]), kind="stable")[:fewest]]
    return row | {"variation": float(np.median(top.std(0) / np.maximum(np.abs(top.mean(0)), 1e-12)))}


PARTS: Final = {one.__name__: one for one in (disjoint, widths, measures, resampling)}


def jobs() -> list[tuple[str, Any]]:
    """Part and subject of everything that is asked, parts by turns so that each is done in proportion."""
    empty = {name for name, _, backbone in truths() if int(backbone, 16) == 0}
    subjects: dict[str, list[Any]] = {one: [] for one in PARTS}
    subjects["widths"] = [f"{n}-{seed}" for seed in range(20) for n in DESIGN["widths"] if seed < DESIGN["widths"][n]]
    subjects["disjoint"] = [one for one in read_suite(bundled("public")).networks if one.name in empty]
    for network in trust.population():
        subjects["measures"] += [network] * (network.arm in ("xor-3", "drawn"))
        done = sum(one.cell == network.cell for one in subjects["resampling"] if one.arm == network.arm)
        subjects["resampling"] += [network] * (done < DESIGN["resampled"].get(network.arm, 0))
    turns = [(at / len(some), part, one) for part, some in subjects.items() for at, one in enumerate(some)]
    return [(part, one) for _, part, one in sorted(turns, key=lambda turn: turn[:2])]


def truths() -> list[tuple[Any, ...]]:
    """Name, number of valid circuits and backbone of each network of the public half."""
    found = ParquetTable([bundled("public") / "truths.parquet"])
    return found.ask("SELECT network, n_valid, backbone FROM {rows} WHERE condition = ?", [PRIMARY.key])


def run(path: Path) -> None:
    """Append a line for each job that the file has not, for as long as the design allows."""
    file = chapters.LineFile(path, DESIGN)
    for part, subject in jobs()[len(file.lines) :]:
        if file.full:
            return
        file.append({"row": {"part": part, "key": getattr(subject, "name", subject), **PARTS[part](subject)}})


# --- what was found

_COLUMNS: Final = {"part": "VARCHAR", "key": "VARCHAR", "measure": "VARCHAR", "value": "FLOAT"}
_PENALTY: Final = (
    "SELECT (try_cast(a.value AS DOUBLE) = 1)::INT - (try_cast(x.value AS DOUBLE) = 1)::INT FROM {rows} a JOIN "
    "{rows} x USING (seed, measure) WHERE measure = 'passes:circuit:minimal-subset' AND a.regularisation = '%s' AND "
    "x.regularisation = 'none' ORDER BY seed"
)
"""Of seeds whose network is trained both with the penalty and without."""
_TASK: Final = (
    "SELECT avg((try_cast(a.value AS DOUBLE) > try_cast(x.value AS DOUBLE))::INT) FROM {rows} a JOIN {rows} x USING "
    "(prior, seed, measure) WHERE measure = 'circuits-valid' AND prior = '%s' AND x.tasks = 'XOR' AND a.tasks NOT IN "
    "('XOR', 'XNOR') GROUP BY seed"
)
_SCORED: Final = (
    "SELECT list(v ORDER BY network) FILTER (arm = 'xor-3'), list(v ORDER BY network) FILTER (arm = 'drawn') FROM "
    "(UNPIVOT {rows} ON cpr, cmd, faithfulness, kl INTO NAME score VALUE v) WHERE condition = 'zero-threshold-strict' "
    "AND (arm = 'drawn' OR network LIKE 'xor-3-leaky-relu-%') AND method IN "
    "('weights', 'eap', 'eap-ig', 'mask-ig', 'exact-edge') "
    "GROUP BY method, score"
)
SHUFFLES: Final = 2_000
"""Of labels, over networks: the same for all scores."""
KINDS: Final = {"tables": "perceptrons", "qkv": "q/k/v", "mlp": "MLP"}
"""What the chapter calls the arms whose rows are drawn anew."""
Values = Sequence[float]


def asked(slug: str, query: str) -> list[Any]:
    """The numbers of a query about the table of another chapter."""
    return [float(one) for (one,) in ParquetTable([FOLDER / f"{slug}.parquet"]).ask(query)]


def apart(ranks: Array, some: Any) -> Array:
    """By score: how far the chance that a value of some networks is above one of the others is from a half.

    Args:
        ranks: ``[scores, networks]``.
    """
    own, n = ranks[:, some], ranks.shape[1]
    k = own.shape[1]
    return np.asarray(np.abs((own.sum(1) - k * (k + 1) / 2) / k / (n - k) - 0.5))


def pivoted(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, float]]]:
    """Values by part, key and measure."""
    parts: dict[str, dict[str, dict[str, float]]] = {part: {} for part in PARTS}
    for row in rows:
        parts[row["part"]].setdefault(row["key"], {})[row["measure"]] = row["value"]
    return parts


def values(rows: Sequence[Row]) -> dict[str, Sequence[Values]]:
    """Of each claim the values, one for each network, whose mean decides, and those that stand beside them."""
    parts = pivoted(rows)
    every = [one for one in truths() if not one[0].startswith(tuple(DESIGN["left_out"]))]
    counts, (few, many) = {name: n for name, n, _ in every}, DESIGN["possible"]
    wider = [(n, counts.get(name.replace("xor-3", "xor-4"))) for name, n in counts.items() if name[:5] == "xor-3"]
    packings = [(name, 1 if int(b, 16) else parts["disjoint"].get(name, {}).get("packed", 0)) for name, _, b in every]
    sized = [[one for key, one in parts["widths"].items() if key.startswith(n)] for n in DESIGN["compared"]]
    halves = [[one for key, one in parts["measures"].items() if key.startswith(arm)] for arm in ("xor", "drawn")]
    drawn, by_arm, rng = [*parts["resampling"].values()], courses(over_training_rows()), np.random.default_rng(0)
    kinds = {
        f"method: {word}": [
            [one["exact"] - one["eap_ig"] for key, one in parts["resampling"].items() if key[: len(arm)] == arm]
        ]
        for arm, word in KINDS.items()
    }
    grokked = [(seed, one.moments) for seed, one in by_arm["learned"].items() if one.moments]
    sizes = [
        [float(by_arm[arm][seed].at(at[when])["smallest"] or np.inf) for arm in by_arm for when in "FG"]
        for seed, at in grokked
    ]
    scored = ParquetTable([bundled("public") / "answers.parquet"]).ask(_SCORED)
    ranks, k = np.array([rankdata([*one, *other]) for one, other in scored]), len(scored[0][0])
    shuffled = [apart(ranks, rng.permutation(ranks.shape[1])[:k]).mean() for _ in range(SHUFFLES)]
    return {
        "pairs": [[n > 1 for name, n in packings if n > 0 and (name[:5] == "drawn") == d] for d in (False, True)],
        "edges": [[int(b, 16) == 0 for name, _, b in every if (name[:5] == "drawn") == d] for d in (False, True)],
        "pairs, wide": [[one["packed"] > 1 for one in some] for some in sized],
        "edges, wide": [[one["kept"] == 0 for one in some] for some in sized],
        "width": [[m > n for n, m in wider if m], [m / many > n / few for n, m in wider if m]],
        "penalty": [asked("regularised", _PENALTY % one) for one in ("l1 0.001", "l1 0.0001")],
        "task": [asked("functions-of-two", _TASK % one) for one in ("trained", "normal 1")],
        "observation": [[one["observation_tied"] for one in some] for some in halves],
        "intervention": [[one["intervention"] - one["observation"] for one in some] for some in halves],
        "counterfactual": [[one["counterfactual"] - one["intervention"] for one in some] for some in halves],
        "residue": [[one["residue"] for one in some] for some in halves],
        "intervention: any difference": [[1 - one["residue"] for one in halves[0]]],
        "single": [[one["variation"] > 1 for one in drawn], []],
        "method": [[one["exact"] - one[name] for one in drawn] for name in ("eap_ig", "eap")],
        "fragile": [[one[name] for one in drawn] for name in ("eap_ig", "chance")],
        "cost": [[one[f"{name}_drawn"] - one[f"{name}_regret"] for one in drawn] for name in ("eap_ig", "exact")],
        **kinds,
        "scores": [apart(ranks, np.arange(k)).tolist(), shuffled],
        "sparse": [[one[at + 1] < one[at] for one in sizes] for at in (0, 2)],
    }


def interval(some: Values) -> list[float]:
    """The mean with the ends of its 95% interval: of shares by Wilson, else by bootstrap."""
    if not {*some} <= {0, 1}:
        return trust.mean(some)
    found = binomtest(int(sum(some)), len(some)).proportion_ci(method="wilson")
    return [float(np.mean(some)), found.low, found.high]


def null_of(means: Values, found: float) -> str:
    """The mean of means over shuffles, with the middle 95% of them, and how often one is as large as what is found."""
    p = (1 + sum(one >= found for one in means)) / (1 + len(means))
    three = trust.number([float(np.mean(means)), *map(float, np.percentile(means, (2.5, 97.5)))])
    return f"{three}, p {f'{p:.3f}'.lstrip('0') if p >= 0.001 else '< .001'}"


def judged(claim: Row, some: Values) -> str:
    """Whether a claim holds, by its declared range."""
    (low, high), (_, least, most) = claim["range"], interval(some)
    return "holds" if low <= least and most <= high else "does not" if most < low or least > high else "not decided"


def tables(rows: Sequence[Row]) -> list[list[list[str]]]:
    """The tables of the chapter: claims, then perceptrons by width."""
    found, lines = values(rows), [["claim", "their setting", "ours", "n", "found", "beside it", "range", "holds"]]
    for key, claim in DESIGN["claims"].items():
        own, other = found.get(key, ([], []))
        ends = [trust.number(interval(one)) if len(one) else "–" for one in (own, other)]
        if key == "scores":
            ends[1] = null_of(other, float(np.mean(own)))
        answer = claim.get("cannot") or judged(claim, own)
        answer += ", known before" * ("known" in claim and "cannot" not in claim)
        for name, (part, *_) in found.items():
            if name.startswith(f"{key}: "):
                more = judged(claim, part) if key == "method" else trust.number(interval(part))
                answer += f"; {name.partition(': ')[2]}: {more}"
        within = " to ".join(f"{one:g}" for one in claim.get("range", ())).replace("0.", ".").replace("-", "−") or "–"
        ours, beside = claim["ours"], " ".join(filter(None, (claim.get("beside"), ends[1])))
        words = f"“{claim['words']}” {claim['source']}"
        lines.append([words, claim["setting"], ours, f"{len(own)}", ends[0], beside, within, answer])
    wide = [["width", "networks", "edges", "no edge in all found", "two that share none", "least alike", "smallest"]]
    for n, at in ((n, f"{n}-") for n in DESIGN["widths"]):
        some = [one for key, one in pivoted(rows)["widths"].items() if key.startswith(at)]
        shares = [sum(one["kept"] == 0 for one in some), sum(one["packed"] > 1 for one in some)]
        medians = [f"{np.median([one[name] for one in some]):.3g}" for name in ("least", "smallest")]
        wide.append(
            [n, f"{len(some)}", f"{some[0]['edges']:.0f}", *(chapters.share(k, len(some)) for k in shares), *medians]
        )
    return [lines, wide]


def long(rows: Iterable[Row]) -> list[Row]:
    """A row for each value."""
    named = [
        (row["part"], row["key"], name, float(v)) for row in rows for name, v in row.items() if name not in _COLUMNS
    ]
    return [dict(zip(_COLUMNS, one, strict=True)) for one in named]


def freeze(path: Path) -> None:
    """Write the table of rows, and the tables of the chapter."""
    rows = long(json.loads(line)["row"] for line in path.read_text().splitlines())
    chapters.freeze(SLUG, DESIGN, _COLUMNS, rows, *map(chapters.markdown, tables(rows), (3, 1)))


if __name__ == "__main__":
    (freeze if "--freeze" in sys.argv else run)(Path(sys.argv[1]))
