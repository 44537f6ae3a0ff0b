"""The two strategies on networks of every kind that compute XOR: the declared question, from networks to a table.

python -m benchmarks.two_strategies FILE            a line of JSON for each seed; goes on where FILE ends
python -m benchmarks.two_strategies FILE --freeze   the table of rows, and the tables of the chapter
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise, product
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from scipy.stats import binomtest, fisher_exact
from torch import Tensor, nn

from benchmarks import chapters
from benchmarks.trained_models import of_torch
from pluriscope.analysis.algorithms.written import fitting, inputs_of
from pluriscope.analysis.alignments.on_sites import AskedModel, Interchange, Place, Places
from pluriscope.analysis.circuits.distribution import minimal_masks
from pluriscope.analysis.explaining.graphs import search
from pluriscope.analysis.placements.families import Bounds, Family, families
from pluriscope.analysis.placements.nulls import subspace_null
from pluriscope.analysis.placements.recombination import untrained
from pluriscope.analysis.placements.scores import Search
from pluriscope.analysis.placements.search import Choices, Variable
from pluriscope.analysis.readings.circuit_readings import CircuitInterpretations, CircuitReader, VariableGroup
from pluriscope.analysis.readings.task_variables import TaskVariable, VariableClass
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.classifier import Classifier
from pluriscope.analysis.subjects.convolutional import Convolution, Convolutional
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.threads import one_thread
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import kind_of
from pluriscope.analysis.subjects.transformer.tasks import task_named
from pluriscope.analysis.subjects.transformer.training import train_attention
from pluriscope.analysis.subjects.transformer.training_spec import attention_spec
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope_studies.analysis.comparisons import holm

SLUG: Final = "two-strategies"
DESIGN: Final[dict[str, Any]] = chapters.design_of(SLUG)
DIGEST: Final = sha256_hex(canonical_json(DESIGN))
"""Of the design: rows of another one are refused."""
ROWS: Final = np.array([*product((0.0, 1.0), repeat=2)])
ANSWERS: Final = np.array([0, 1, 1, 0])
NAMES: Final = ("0", "1")
HEADS: Final = "attention"
Row = dict[str, Any]
N: Final = 4
"""Parts of a layer or a step, of which every network has two."""
_OPTIONS: Final[Any] = {"dtype": torch.float64}


def learned(modules: Sequence[nn.Module], outputs: Callable[[], Tensor]) -> bool:
    """Train by Adam on all rows; whether the loss came below its target: of one output squared error, else
    cross-entropy.
    """
    right = torch.tensor(ANSWERS)
    adam = torch.optim.Adam([one for module in modules for one in module.parameters()], lr=DESIGN["rate"])
    for _ in range(DESIGN["steps"]):
        found = outputs()
        if found.shape[1] > 1:
            loss = nn.functional.cross_entropy(found, right)
        else:
            loss = nn.functional.mse_loss(found[:, 0], right.to(found.dtype))
        if loss.item() < DESIGN["loss"]:
            return True
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
    return False


def _network(layers: Sequence[nn.Linear], activation: str) -> Network:
    weights, biases = ([getattr(one, name).detach().numpy() for one in layers] for name in ("weight", "bias"))
    if len(biases[-1]) == 1:  # 1 less the output beside it: of two the larger decides as a threshold of 1/2 does
        weights[-1] = weights[-1] * [[-1.0], [1.0]]
        biases[-1] = biases[-1] * [-1.0, 1.0] + [1.0, 0.0]
    slope = 0.01 if activation == "leaky_relu" else None
    return Network.from_arrays(weights, biases, activation=activation, output_activation="linear", negative_slope=slope)


def _layers(n_outputs: int) -> Classifier | None:
    layers = [nn.Linear(*sizes, **_OPTIONS) for sizes in pairwise((2, N, N, n_outputs))]
    act = nn.LeakyReLU(0.01)
    whole = nn.Sequential(layers[0], act, layers[1], act, layers[2])
    if not learned([whole], lambda: whole(torch.tensor(ROWS))):
        return None
    return Classifier("XOR", _network(layers, "leaky_relu"), NAMES, ROWS, ANSWERS, "XOR")


def _elman(_: int) -> Any:
    given = torch.tensor(ROWS)[:, :, None]
    recurrent, outputs = nn.RNN(1, N, batch_first=True, **_OPTIONS), nn.Linear(N, 2, **_OPTIONS)
    if not learned([recurrent, outputs], lambda: outputs(recurrent(given)[0][:, -1])):
        return None
    return of_torch("XOR", recurrent, outputs, given.numpy(), ANSWERS)


def _convolutional(_: int) -> Any:
    images = np.zeros((4, 1, 3))
    images[:, 0, ::2] = ROWS
    first, second = nn.Conv2d(1, N, (1, 2), **_OPTIONS), nn.Conv2d(N, N, (1, 2), **_OPTIONS)
    outputs = nn.Linear(N, 2, **_OPTIONS)
    whole = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), outputs)
    if not learned([whole], lambda: whole(torch.tensor(images)[:, None])):
        return None
    layers = (Convolution(kernels=one.weight.tolist(), biases=one.bias.tolist()) for one in (first, second))  # type: ignore[union-attr]
    return Convolutional("XOR", _network([outputs], "relu"), NAMES, images, ANSWERS, "XOR", convolutions=(*layers,))


def _attention(seed: int, d_head: int) -> Any:
    options = {"layers": 2, "heads": N, "d_model": 8, "d_head": d_head, "seed": seed, "steps": DESIGN["steps"]}
    options |= {"learning_rate": DESIGN["rate"], "loss_target": DESIGN["loss"], "weight_decay": 0.0}
    outcome = train_attention(attention_spec(options, task_named("parity", 3, 3)))
    return outcome.model if outcome.converged else None


_HEADS: Final = {"granularity": "nodes", "embedding": "joined"}
KINDS: Final[Mapping[str, tuple[Callable[[int], Any], dict[str, str]]]] = {
    "perceptron": (lambda _: _layers(1), {"granularity": "neurons"}),
    "classifier": (lambda _: _layers(2), {"granularity": "neurons"}),
    "elman": (_elman, {"granularity": "neurons"}),
    "convolutional": (_convolutional, {"granularity": "channels"}),
    HEADS: (lambda seed: _attention(seed, 4), _HEADS),
    f"{HEADS}, narrow": (lambda seed: _attention(seed, 1), _HEADS),
}
"""How a network of each kind is trained, and what its circuits keep or leave out; narrow heads have one number."""


def trained(kind: str, seed: int) -> Any:
    """The network of a kind with a seed; None if training did not reach its target, or a row is wrong."""
    with one_thread(), torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        found = KINDS[kind][0](seed)
    return found if found is not None and computes(found) else None


def computes(subject: Any) -> bool:
    """Whether a network is right on all rows."""
    given = subject.run_sites(subject.inputs, lambda _, values: values)
    return bool((given.argmax(axis=1) == subject.answers).all())


def drawn(subject: Any, seed: int) -> tuple[Any, int]:
    """A network of the same shape with normal weights of the same spread, drawn until it computes the task; and how
    many were drawn. None if none of them does.
    """
    for number in range(DESIGN["draws"]):
        found = untrained(subject, seed * DESIGN["draws"] + number)
        if computes(found):
            return found, number + 1
    return None, DESIGN["draws"]


def question_of(kind: str, subject: Any) -> GraphQuestion:
    """The question of the circuits of a network's parts."""
    return GraphQuestion(kind_of(subject), subject, KINDS[kind][1] | {"ablation": "zero"})


def classes() -> list[VariableClass]:
    """Every variable of the task, by how it splits the rows: neither all alike nor all apart."""
    splits = {tuple(np.unique(one, return_inverse=True)[1]) for one in product(range(4), repeat=4)}
    first = {tuple(np.argsort(np.argsort(np.unique(one, return_index=True)[1]))[list(one)]) for one in splits}
    return [
        VariableClass((TaskVariable("".join(map(str, one)), "", np.array(one)),), np.array(one, dtype=np.intp))
        for one in sorted(first)
        if 1 < len({*one}) < len(one)
    ]


def where_then_what(question: GraphQuestion) -> Row:
    """Valid circuits, the minimal ones, and what the parts of these can be read as."""
    found = search(question, DEFAULT_WORK)
    if found is None or not found.counted:
        raise ValueError("not all circuits are searched")
    least, every = minimal_masks(found.masks), classes()
    groups = [*map(VariableGroup.of, every)]
    counts = [CircuitInterpretations(CircuitReader(question, int(mask)).read(every), groups).count for mask in least]
    return {
        "circuits": len(found.masks),
        "minimal": len(least),
        "smallest": int(np.bitwise_count(least).min()),
        "read": sum(map(bool, counts)),
        "interpretations": int(counts[0]),
    }


def sets_of_parts(there: Interchange) -> Family:
    """Every set of the parts of a layer or a step, which are what circuits keep or leave out."""
    sets = list[Places]()
    for layer, some in product("12", (some for n in range(1, N + 1) for some in combinations(range(N), n))):
        if heads := [site for site in there.clean if site[:2] == f"{layer}." and site.count(".") == 1]:
            sets.append(tuple(Place(heads[k]) for k in some))
        else:
            (units,) = (site for site in there.clean if site in (f"h{layer}", f"c{layer}"))
            sets.append((Place(units, None, some),))
    return Family("parts", "sets of the parts of a layer or a step", tuple(sets), len(sets), 0)


def what_then_where(question: GraphQuestion) -> Row:
    """The algorithms that are placed, and their placements none of whose sets follows from accuracy: all, minimal ones,
    and those of them that are right jointly; on sets of parts, then on all sets that pages try but directions.
    """
    inputs = inputs_of(question)
    a, b = (name for name, one in inputs.columns.items() if np.ptp(one) > 0)
    models = {key: fitting(text.format(a=a, b=b), question) for key, text in DESIGN["algorithms"].items()}
    there, row = Interchange(question.subject, inputs), dict[str, Any]()
    for prefix in ("", "all_"):
        tried = Search(there, [*models.values()], Bounds(), DEFAULT_WORK)
        tried.score(families(there, tried.parts, tried.bounds) if prefix else [sets_of_parts(there)])
        own, placed = [Variable(tried, number) for number in range(len(tried.columns))], list[str]()
        count = dict.fromkeys(("placements", "least", "joint"), 0)
        for (key, model), *both in zip(models.items(), own[::2], own[1::2], strict=True):
            sets = [[s for s in v.placed if s.map == "coordinates" and not tried.parts.is_cut(s.places)] for v in both]
            least = [[s for s in some if s in v.minimal] for some, v in zip(sets, both, strict=True)]
            on = [
                {v.name: some[k].places for v, some, k in zip(both, least, one, strict=True)}
                for one in Choices(least, tried.bounds.steps).each()
            ]
            count["placements"] += Choices(sets, tried.bounds.steps).count or 0
            count["least"] += len(on)
            count["joint"] += sum(there.joint(AskedModel(model, inputs), one).placed for one in on)
            if on and not placed and not prefix and (place := on[0][both[0].name][0]).coordinates:
                whole, n = Place(place.site), len(place.coordinates)
                null = subspace_null(question, model, both[0].name, whole, n)
                row["subspaces"] = sum(one.task.placed for one in null.draws)
            placed += [key] * bool(on)
        row |= {f"{prefix}{name}": n for name, n in count.items()} | {f"{prefix}algorithms": placed}
    return row


def rows_of(kind: str, seed: int) -> Iterator[Row]:
    """The rows of a seed: of the trained network, and of its null."""
    subject = trained(kind, seed)
    if subject is None:
        yield {"kind": kind, "seed": seed, "networks": "failed"}
        return
    null, n = drawn(subject, seed)
    for networks, one in (("trained", subject), ("drawn", null)):
        if one is not None:
            of = {"kind": kind, "seed": seed, "networks": networks, "draws": n}
            question = question_of(kind, one)
            yield of | where_then_what(question) | what_then_where(question) | {"network": one.digest[:16]}


def run(path: Path) -> None:
    """Append a line for each seed until every kind has its networks, in rounds of one for each, as the design says."""
    file, done = chapters.LineFile(path, DESIGN), dict.fromkeys(KINDS, 0)
    known = {(line["kind"], line["seed"]): line["rows"] for line in file.lines}
    seeds = {kind: iter(range(DESIGN["seeds"])) for kind in KINDS}
    for number, kind in product(range(1, DESIGN["networks"] + 1), KINDS):
        while done[kind] < number and (seed := next(seeds[kind], None)) is not None:
            if (kind, seed) not in known:
                if file.full:
                    return
                known[kind, seed] = [*rows_of(kind, seed)]
                file.append({"kind": kind, "seed": seed, "rows": known[kind, seed]})
            done[kind] += known[kind, seed][0]["networks"] == "trained"


# --- what was found

_COUNTS: Final = ("placements", "least", "joint")
_COLUMNS: Final = {
    **dict.fromkeys(("kind", "networks"), "VARCHAR"),
    **dict.fromkeys(("seed", "draws", "circuits", "minimal", "smallest", "read", "interpretations"), "BIGINT"),
    **dict.fromkeys((*_COUNTS, *(f"all_{one}" for one in _COUNTS)), "BIGINT"),
    **dict.fromkeys(("algorithms", "all_algorithms"), "VARCHAR[]"),
    "subspaces": "BIGINT",
    "network": "VARCHAR",
}
OUTCOMES: Final = {"where, then what": "minimal", "what, then where": "least"}
"""The strategies with what is counted of each: a network has one explanation where it is 1."""


def difference(one: Sequence[bool], other: Sequence[bool]) -> tuple[str, float]:
    """The difference of two shares in points with its 95% interval by Newcombe, and p by Fisher's exact test."""
    (k, n), (j, m) = ((sum(some), len(some)) for some in (one, other))
    (a, b), (c, d) = (binomtest(*some).proportion_ci(method="wilson") for some in ((k, n), (j, m)))
    p, q = k / n, j / m
    ends = p - q, p - q - np.hypot(p - a, d - q), p - q + np.hypot(b - p, q - c)
    middle, low, high = (f"{100 * one:+.0f}".replace("-", "−") for one in ends)
    return f"{middle} ({low} to {high})", float(fisher_exact([[k, n - k], [j, m - j]]).pvalue)


def comparisons(rows: Sequence[Row], networks: str) -> list[list[str]]:
    """Transformers beside every other kind: strategy, kind, difference and corrected p."""
    pairs = [(name, kind) for name in OUTCOMES for kind in [*KINDS][:4]]

    def ones(name: str, kind: str) -> list[bool]:
        return [row[OUTCOMES[name]] == 1 for row in rows if (row["kind"], row["networks"]) == (kind, networks)]

    found = [difference(ones(name, HEADS), ones(name, kind)) for name, kind in pairs]
    ps = [f"{p:.3f}".removeprefix("0") if p >= 0.001 else "< .001" for p in holm([p for _, p in found])]
    return [[*pair, words, p] for pair, (words, _), p in zip(pairs, found, ps, strict=True)]


def _spread(values: Sequence[int]) -> str:
    low, middle, high = (f"{one:,.10g}" for one in np.percentile(values or [0], (25, 50, 75)))
    return f"{middle} ({low}–{high})" if values else "–"


def tables(rows: Sequence[Row]) -> list[list[list[str]]]:
    """The tables of the chapter: shares with one explanation, differences, and each strategy by kind."""
    shares = [["kind", "weights", "n", *OUTCOMES]]
    where = [["kind", "weights", "valid", "minimal", "smallest", "some read", "interpretations"]]
    what = [["kind", "weights", "placed", "several", "minimal placements", "jointly", "anywhere", "minimal anywhere"]]
    for kind, networks in product(KINDS, ("trained", "drawn")):
        some = [row for row in rows if (row["kind"], row["networks"]) == (kind, networks)]
        n, placed, anywhere = len(some), *([r for r in some if r[f"{p}algorithms"]] for p in ("", "all_"))
        ones = (sum(row[one] == 1 for row in some) for one in OUTCOMES.values())
        shares.append([kind, networks, str(n), *(chapters.share(k, n) for k in ones)])
        spread = (_spread([row[one] for row in some]) for one in ("circuits", "minimal", "smallest"))
        read = [row["interpretations"] for row in some if row["interpretations"]]
        where.append([kind, networks, *spread, chapters.share(sum(r["read"] > 0 for r in some), n), _spread(read)])
        joint, least = (sum(row[one] for row in placed) for one in ("joint", "least"))
        own = (
            chapters.share(len(placed), n),
            str(sum(len(r["algorithms"]) > 1 for r in placed)),
            _spread([r["least"] for r in placed]),
        )
        more = (chapters.share(len(anywhere), n), _spread([r["all_least"] for r in anywhere]))
        what.append([kind, networks, *own, f"{joint} of {least}", *more])
    differences = [["strategy", f"{HEADS} less", "trained", "p", "drawn", "p, drawn"]]
    both = (comparisons(rows, networks) for networks in ("trained", "drawn"))
    differences += [[*one, *other[2:]] for one, other in zip(*both, strict=True)]
    return [shares, differences, where, what]


def freeze(path: Path) -> None:
    """Write the table of rows, and the tables of the chapter."""
    rows = [row for line in path.read_text().splitlines() for row in json.loads(line)["rows"]]
    chapters.freeze(SLUG, DESIGN, _COLUMNS, rows, *(chapters.markdown(one, 2) for one in tables(rows)))


if __name__ == "__main__":
    (freeze if "--freeze" in sys.argv else run)(Path(sys.argv[1]))
