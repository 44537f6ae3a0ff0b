"""``python -m benchmarks``: the engine's time beside a plain program's, and the paper's own where it is installed.

Every line is printed when it is measured, all in this run. Where two programs do the same work their results are
compared; a line whose results disagree, or that fails, says so, and the rest goes on. Counting and listing stand apart:
the engine counts what the other programs must list.

The authors' program is the package ``mi_identifiability`` of github.com/MelouxM/MI-identifiability. It is on no package
index: clone it, install what it asks for, and put the clone's folder into PYTHONPATH.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import torch

from benchmarks import plain_reference as plain
from benchmarks.crawl import beside, crawled
from benchmarks.machine import machine, machine_text
from benchmarks.own_server import COMMAND, ROOT, server_on_copy
from benchmarks.scale import DOCUMENT, HEAD, Line, with_lines
from pluriscope.analysis.algorithms.candidates import candidate_algorithms
from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.circuits.counting import count_circuits
from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.circuits.smallest import find_smallest
from pluriscope.analysis.circuits.source_subsets import load_compiled
from pluriscope.analysis.circuits.space import Structure
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.network_files.files import NetworkFile, network_file_json
from pluriscope.analysis.placements.formulas import search_formulas
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.running.limits import MOST_STORED
from pluriscope.analysis.subjects.graph import Graph, Masks
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.analysis.subjects.perceptron.threads import one_thread
from pluriscope.analysis.subjects.perceptron.training import train_networks
from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.analysis.subjects.transformer.batched import right_counts
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope.analysis.subjects.transformer.training import train_attention
from pluriscope.analysis.subjects.transformer.training_spec import attention_spec

GOLDEN: Final = ROOT / "tests" / "golden"
XOR: Final = named_task("XOR", 2)
AUTHORS_ORDER: Final = ((0, 0), (1, 0), (0, 1), (1, 1))
_SLOW: Final = "/networks/xor-or-imp-3-3/edit?rule=deceive&seed={}"
AUTHORS: Final = "mi_identifiability"


Lines = Iterator[Line]


def timed(work: Callable[[], Any], repetitions: int = 1) -> tuple[float, Any]:
    """Fewest seconds of some runs, the engine's caches emptied before each, and the last result."""
    seconds = []
    for _ in range(repetitions):
        empty_caches()
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def empty_caches() -> None:
    """Forget what the engine remembers from run to run."""
    for name, module in list(sys.modules.items()):
        if name.startswith("pluriscope.analysis."):
            for value in list(vars(module).values()):
                clear = getattr(value, "cache_clear", None)
                if clear is not None and not isinstance(value, type):
                    clear()


def agree(work: str, same: bool) -> None:
    """Go on where two routes found the same.

    Raises:
        RuntimeError: they did not, so their times mean nothing.
    """
    if not same:
        raise RuntimeError(f"{work}: the two routes disagree")


def golden(name: str) -> Network:
    """A golden network on the task XOR."""
    stored = json.loads((GOLDEN / f"{name}.json").read_text())["network"]
    slope = stored.get("negative_slope")
    return Network.from_arrays(
        stored["weights"], stored["biases"], activation=stored["activation"], negative_slope=slope
    )


def plainly(network: Network) -> plain.PlainNetwork:
    """Convert a network for the plain program."""
    layers = [(w.tolist(), b.tolist()) for w, b in zip(network.weights, network.biases, strict=True)]
    slope = 0.01 if network.negative_slope is None else network.negative_slope
    return plain.PlainNetwork(layers, network.activation, slope)


def of_the_authors(network: Network) -> tuple[float, float, int, int]:
    """Seconds in which the authors' program finds the circuits, and lists their interpretations; how many of both."""
    import torch
    from mi_identifiability.circuit import find_circuits
    from mi_identifiability.neural_model import MLP

    model = MLP(list(network.hidden_sizes), network.n_inputs, 1, activation=network.activation)
    with torch.no_grad():
        for layer, weights, biases in zip(model.layers, network.weights, network.biases, strict=True):
            layer[0].weight.copy_(torch.tensor(weights))
            layer[0].bias.copy_(torch.tensor(biases))
    rows = torch.tensor(AUTHORS_ORDER, dtype=torch.float32)
    labels = torch.tensor([[float(a != b)] for a, b in AUTHORS_ORDER])
    searching, found = timed(lambda: find_circuits(model, rows, labels, accuracy_threshold=0.99, min_sparsity=0.0)[0])
    with torch.no_grad():
        listing, read = timed(
            lambda: [len(one.ground(model(rows.clone(), circuit=one, return_activations=True))) for one in found]
        )
    return searching, listing, len(found), sum(read)


def circuits(quick: bool) -> Lines:
    """All circuits of the authors' pretrained network, and under ``paper`` their interpretations and mappings."""
    network, data, repetitions = golden("xor_pretrained"), clean_data(2), 1 if quick else 5
    other = plainly(network)
    authors = None if quick or find_spec(AUTHORS) is None else of_the_authors(network)
    for protocol in (COMPLETE, PAPER):
        question, paper = ask(network, task=XOR, protocol=protocol, data=data), protocol is PAPER
        reference, (valid, possible) = timed(
            lambda paper=paper: plain.valid_circuits(other, XOR.truth_table, paper=paper)
        )
        seconds, found = timed(lambda question=question: search_circuits(question), repetitions)
        work = f"`{protocol.name}`: {possible:,} circuits tested, {len(valid)} valid"
        agree(work, sorted(map(plain.mask_of, valid)) == found.masks.tolist() and possible == found.possible)
        if authors and paper:
            agree(f"{work}, authors", authors[2] == len(valid))
        yield Line(work, seconds, reference, authors[0] if authors and paper else None)

    question = ask(network, data=data)
    reference, n = timed(lambda: sum(1 for edges in valid for _ in plain.interpretations(other, edges)))
    listed = authors[1] if authors else None
    seconds, counts = timed(lambda: count_interpretations(question, found.masks), repetitions)
    work = f"`paper`: {n:,} interpretations counted; others list them"
    agree(work, n == counts.total and (authors is None or authors[3] == n))
    yield Line(work, seconds, reference, listed)
    layout, masks = question.layout, found.masks.tolist()
    seconds, n_listed = timed(
        lambda: sum(len(InterpretationSpace(question, Circuit(layout, mask)).block().tables) for mask in masks),
        repetitions,
    )
    work = f"`paper`: {n:,} interpretations listed as arrays"
    agree(work, n_listed == n)
    yield Line(work, seconds, reference, listed)

    pairs, depth = list(itertools.combinations(AUTHORS_ORDER, 2)), PAPER.depth_for(network.n_hidden_layers)
    reference, mappings = timed(
        lambda: [plain.minimal_mappings(other, one, pairs) for one in plain.formulas(XOR.truth_table, 2, depth)]
    )
    n_mappings = sum(map(len, mappings))
    seconds, algorithms = timed(
        lambda: search_formulas(
            ask(network, protocol=PAPER, data=data), candidate_algorithms(XOR, PAPER, network.n_hidden_layers)
        ),
        repetitions,
    )
    work = f"`paper`: {len(mappings)} formulas, {n_mappings} mappings"
    agree(work, (len(mappings), n_mappings) == (algorithms.n_candidates, algorithms.n_minimal_placements))
    yield Line(work, seconds, reference)


def wide(quick: bool) -> Lines:
    """Exact counts of spaces that plain Python cannot walk through: it tests circuits drawn uniformly instead.

    Raises:
        RuntimeError: a count lies outside the interval in which the drawn circuits' share lies 99,999 times of 100,000.
    """
    n_drawn = 3_000 if quick else 20_000
    yield Line("what counts loaded, as the first count of a process does", timed(load_compiled)[0])
    for width in (4,) if quick else (4, 5, 6):
        network = golden("xor_4-4") if width == 4 else trained(width)
        question = ask(network, task=XOR, data=clean_data(2))
        seconds, counted = timed(lambda question=question: count_circuits(question), 1 if quick or width == 6 else 2)
        shape = "-".join(map(str, network.sizes))
        work = f"{counted.possible:,} circuits of a {shape} counted: {counted.count:,} valid"
        drawn: list[plain.Edges] = []
        for batch in Structure(network.sizes, COMPLETE).samples(n_drawn, seed=0):
            layers = [kept.astype(int).tolist() for kept in batch]
            drawn += [tuple(tuple(map(tuple, matrix)) for matrix in circuit) for circuit in zip(*layers, strict=True)]
        other, rows = plainly(network), list(zip(plain.boolean_rows(2), XOR.truth_table, strict=True))
        reference, valid = timed(
            lambda other=other, drawn=drawn, rows=rows: [
                all(round(plain.forward(other, edges, row)[-1][0]) == y for row, y in rows) for edges in drawn
            ]
        )
        low, high = share_interval(int(np.sum(valid)), len(valid), 0.99999)
        agree(work, low <= counted.count / counted.possible <= high)
        yield Line(work, seconds, reference / len(drawn) * counted.possible, scaled=True)
        if width > 4:
            seconds, least = timed(lambda question=question: find_smallest(question))
            work = f"{least.n_tried:,} circuits of it judged in order of size: the smallest has {least.n_edges} edges"
            agree(work, least.proved and least.n_edges == min(counted.distribution.by_edges))
            yield Line(work, seconds, reference / len(drawn) * least.n_tried, scaled=True)


def trained(width: int) -> Network:
    """The first network of this width that converges on XOR."""
    outcomes = (train_networks([TrainingSpec(seed=seed, hidden=(width, width))])[0] for seed in itertools.count())
    return next(outcome.network for outcome in outcomes if outcome.converged and outcome.network is not None)


def populations(quick: bool) -> Lines:
    """Networks trained and their circuits counted."""
    n, few = (5, 2) if quick else (50, 5)
    specs = [TrainingSpec(seed=seed) for seed in range(n)]
    seconds, outcomes = timed(lambda: train_networks(specs))
    reference, alone = timed(lambda: [train_networks([spec])[0] for spec in specs[:few]])
    work = f"{n} networks 2-3-3-1 trained on XOR"
    agree(work, [one.converged for one in alone] == [one.converged for one in outcomes[:few]])
    yield Line(work, seconds, reference / few * n, scaled=True)
    found = [one.network for one in outcomes if one.network is not None]
    seconds, counts = timed(lambda: [count_circuits(ask(one, task=XOR, data=clean_data(2))).count for one in found])
    reference, listed = timed(
        lambda: [len(plain.valid_circuits(plainly(one), XOR.truth_table, paper=False)[0]) for one in found[:few]]
    )
    work = f"{len(found)} of them: circuits counted"
    agree(work, listed == counts[:few])
    yield Line(work, seconds, reference / few * len(found), scaled=True)


def transformers(quick: bool) -> Lines:
    """All circuits of bundled transformers, beside runs of masks."""
    for name in ("indirect-object-2x2", "induction-attention"):
        kind, model = read_subject((ROOT / "app" / "bundled" / "models" / f"{name}.json").read_bytes())
        question = GraphQuestion(kind, model, kind.rules(""))
        seconds, found = timed(partial(find_masks, question))
        space, n = question.space, 40 if quick else 400
        masks = space.reduce(np.random.default_rng(0).random((n, space.graph.n_bits)) < 0.9)
        reference, outputs = timed(partial(space.run, masks))
        work = f"{model.name}: {found.possible:,} circuits searched, {len(found.masks):,} valid"
        valid = ((space.margins(outputs) <= 0).sum(axis=1) <= space.most_wrong).tolist()
        known = set(map(int, found.masks))
        agree(work, valid == [sum(1 << int(bit) for bit in np.flatnonzero(mask)) in known for mask in masks])
        yield Line(work, seconds, reference / n * found.possible, scaled=True)


def batches(quick: bool) -> Lines:
    """Right rows of drawn circuits of transformers: all at once, beside runs in one order and beside one by one."""
    for heads, d_model in ((4, 32),) if quick else ((4, 32), (8, 64)):
        settings = {"task": "indirect object", "heads": heads, "d_model": d_model, "d_head": 8, "steps": 100}
        model = train_attention(attention_spec(settings)).model
        assert model is not None
        space, n, few = model.space(TRANSFORMER.rules("")), 200 if quick else 4_000, 4 if quick else 40
        masks = space.reduce(np.random.default_rng(0).random((n, space.graph.n_bits)) < 0.8)
        with one_thread():
            seconds, right = timed(partial(right_counts, space, masks))
            ways: dict[str, Callable[[Masks], Any]] = {
                "in one order": space.run,
                "one by one": partial(_masked_runs, model, space.graph),
            }
            for how, way in ways.items():
                reference, outputs = timed(partial(way, masks[:few]))
                work = f"{n:,} circuits of 2 × {heads} heads on {len(model.rows)} rows; plain: {how}"
                agree(work, (CLASSES.margins(outputs, model.answers) > 0).sum(axis=1).tolist() == right[:few].tolist())
                yield Line(work, seconds, reference / few * n, scaled=True)


def _masked_runs(model: AttentionModel, graph: Graph, masks: Masks) -> Any:
    """Logits ``[masks, rows, vocabulary]`` of circuits whose cut edges carry 0, plainly in torch."""
    x = torch.as_tensor(model.embedding[model.tokens] + model.positions)
    later, found = torch.ones(x.shape[1], x.shape[1]).triu(1) > 0, []
    into: dict[tuple[int, str], list[int]] = {}
    for number, edge in enumerate(graph.edges):
        into.setdefault((edge.target, edge.slot), []).append(number)
    for gates in torch.as_tensor(masks.astype(float)):
        sources = x[None]

        def read(reader: int, slot: str, gates: Any = gates) -> Any:
            edges = into[reader, slot]
            return torch.tensordot(gates[edges], sources[: len(edges)], 1)  # noqa: B023

        for at in graph.removable:
            layer, number = divmod(at - 1, model.n_heads)
            query, key, value, output = map(torch.as_tensor, model.by_head[layer][number])
            scores = (read(at, "q") @ query) @ (read(at, "k") @ key).transpose(1, 2) / query.shape[1] ** 0.5
            given = scores.masked_fill(later, -torch.inf).softmax(-1) @ (read(at, "v") @ value) @ output
            sources = torch.cat([sources, given[None]])
        found.append(read(len(sources), "")[:, -1] @ torch.as_tensor(model.unembedding))
    return torch.stack(found).numpy()


def starts(quick: bool) -> Lines:
    """Processor time of whole processes, each with all that it needs before, beside that of an empty program."""
    empty = _processor(program=(sys.executable, "-c", ""))
    with _network_file() as file:
        asked = {
            "`pluriscope --help`": ("--help",),
            "`pluriscope analyse` of the pretrained XOR": ("analyse", file, "-q", "--output", f"{file}.result"),
            "`pluriscope ask funnel` of it": ("ask", "funnel", file, "-q"),
            "`pluriscope ask common-ground` of it": ("ask", "common-ground", file, "-q"),
        }
        for work, arguments in list(asked.items())[: 2 if quick else None]:
            yield Line(work, None, remark=f"{_processor(*arguments) / empty:.0f} times an empty program")
    seconds = _processor(program=(sys.executable, "-c", "import pluriscope"))
    yield Line("`import pluriscope`", None, remark=f"{seconds / empty:.1f} times an empty program")


def pages(quick: bool) -> Lines:
    """The list of a network with 200,000 circuits, and a server's memory while pages are asked for."""
    with tempfile.TemporaryDirectory() as folder:
        data, n = Path(folder), 0
        if not quick:
            (network, n), file = _many_circuits(), Path(folder) / "wide.json"
            file.write_text(json.dumps(network_file_json(NetworkFile("wide", network, (XOR,)))))
            environment = os.environ | {"PLURISCOPE_DATA": str(data), "PYTHONPATH": str(ROOT)}
            subprocess.run([*COMMAND, "import", str(file)], env=environment, check=True, capture_output=True)
            with subprocess.Popen([*COMMAND, "work"], env=environment, stderr=subprocess.DEVNULL) as worker:
                while not _listed(data):
                    time.sleep(0.5)
                worker.terminate()  # what comes after the list takes minutes, and no page here needs it
        with server_on_copy(data) as server, httpx.Client(base_url=server.url, timeout=120) as client:
            path = "/networks" if quick else "/networks/wide/explanations?kind=circuit&sort=margin"
            first, _ = timed(lambda: client.get(path).raise_for_status())
            again, _ = timed(lambda: client.get(path).raise_for_status(), 5)
            yield Line(f"list of {n:,} circuits, its first page for the first time", first)
            yield Line(f"list of {n:,} circuits, again", again)
            rows, _ = crawled(server, 4, 60 if quick else 1_000, 10, quiet=True)
            for asked in ("/health", "/networks"):
                seconds, got = beside(server, _SLOW, 20, asked, 10 if quick else 50)
                others = ", ".join(f"{n} with {status}" for status, n in sorted(got.items()))
                remark = f"at most {seconds[0]:.2f} s, half within {seconds[len(seconds) // 2]:.2f} s"
                yield Line(f"`{asked}` beside 20 clients that have edits computed ({others})", None, remark=remark)
            remark = f"{rows[0][2]:.0f}–{max(row[2] for row in rows):.0f} MB"
            yield Line(f"private memory of a server over {rows[-1][1]:,} pages", None, remark=remark)


def clusters(quick: bool) -> Lines:
    """What a dask cluster takes beside its work."""
    from benchmarks.cluster import overheads

    for work, found in overheads(8 if quick else 2_000, suite=not quick):
        yield Line(work, None, remark=str(found))


def _listed(data: Path) -> bool:
    """Whether the store of a folder holds circuits."""
    with closing(sqlite3.connect(data / "pluriscope.sqlite", timeout=60)) as store:
        return bool(store.execute("SELECT EXISTS (SELECT 1 FROM circuits)").fetchone()[0])


def _many_circuits() -> tuple[Network, int]:
    """Train networks 2-4-4-1 and choose the one with the most circuits that a list holds; return both."""
    outcomes = train_networks([TrainingSpec(seed=seed, hidden=(4, 4)) for seed in range(20)])
    found = [one.network for one in outcomes if one.converged and one.network is not None]
    counts = [(count_circuits(ask(one, task=XOR, data=clean_data(2))).count, one) for one in found]
    n, network = max(((n, one) for n, one in counts if n <= MOST_STORED), key=lambda one: one[0])
    return network, n


@contextmanager
def _network_file() -> Iterator[str]:
    """The pretrained XOR as a file, for a while."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "xor.json"
        path.write_text(json.dumps(network_file_json(NetworkFile("xor", golden("xor_pretrained"), (XOR,)))))
        yield str(path)


def _processor(*arguments: str, program: tuple[str, ...] = (sys.executable, "-P", "-m", "pluriscope.app.cli")) -> float:
    """Fewest seconds of the processor of three runs of a command as a process."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    taken = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*program, *arguments], env=environment, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken)


STEPS: Final = (circuits, wide, populations, transformers, batches, starts, pages, clusters)


def main(arguments: list[str] | None = None) -> int:
    """Measure everything, line by line."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="smaller work: some seconds, no figures to quote")
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.relative_to(ROOT)} of what was measured")
    given, here, lines, failed = parser.parse_args(arguments), machine(), list[Line](), 0
    print(machine_text(here), HEAD, sep="\n", flush=True)
    for step in STEPS:
        try:
            for line in step(given.quick):
                print(line, flush=True)
                lines.append(line)
        except Exception as error:  # whatever it is, the other lines are worth having
            failed += 1
            print(f"{step.__name__}: FAILED: {type(error).__name__}: {error}", flush=True)
    if given.write:
        DOCUMENT.write_text(with_lines(DOCUMENT.read_text(), here, lines))
    print("Best of some runs after import, the engine's caches empty each time; ~: it did a part, scaled.")
    if find_spec(AUTHORS) is None:
        print(f"The authors' program is not installed: see the head of {Path(__file__).relative_to(ROOT)}.")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
