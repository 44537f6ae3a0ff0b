"""Does a library of parts, learned of other networks, single out one interpretation? The declared question.

python -m benchmarks.reuse FILE            a line of JSON for each held-out network; goes on where FILE ends
python -m benchmarks.reuse FILE --freeze   the table, its digest, and the table of the chapter
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import chapters, simplicity
from pluriscope.analysis.circuits.strategy import find_circuits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope_methods.simplicity.library import (
    Least,
    Library,
    Readings,
    learn,
    library_of,
    nothing_used,
    parts,
    readings,
    shortest,
)

SLUG: Final = "reuse"
DESIGN: Final = chapters.design_of(SLUG)
DIGEST: Final = sha256_hex(canonical_json(DESIGN))


def read(question: Question) -> list[Readings]:
    """All interpretations of all valid circuits of a network."""
    masks = find_circuits(question, Work(clock=time.process_time)).masks
    return readings(question, masks, DESIGN["classes"])


def networks(role: str) -> Iterator[tuple[int, Question]]:
    """Seed and question of each network to learn of, or held out."""
    design = {"studies": {DESIGN[role]: ["3-3"]}, "seeds": DESIGN["seeds"]}
    return ((seed, question) for _, _, seed, question in simplicity.networks(design))


def permuted(library: Library, draws: np.random.Generator) -> Library:
    """A library whose parts of one number of parents have changed their shares, drawn."""
    found = {}
    for n, bits in library.items():
        of = parts(n)
        orders = np.log2(np.bincount(of))
        word = np.array([bits[of == one][0] for one in range(len(orders))]) - orders
        found[n] = (draws.permutation(word) + orders)[of]
    return found


def outcome(every: Sequence[Readings], libraries: Sequence[Library], others: Sequence[Library]) -> dict[str, Any]:
    """What is shortest in a network without learning, under two libraries, and under permuted ones."""
    found = [one for library in libraries if (one := shortest(every, library)) is not None]
    if not found:
        return {}
    again = [one for library in others if (one := shortest(every, library)) is not None]
    bits = dict(zip(("uniform", "a", "b"), ({"bits": one.bits, "n": one.n} for one in found), strict=True))
    return bits | {
        "same": alike(found[1], found[2]),
        "permuted_single": sum(one.n == 1 for one in again),
        "permuted_same": sum(alike(found[1], one) for one in again),
        "permuted_bits": float(np.mean([one.bits for one in again])),
    }


def alike(one: Least, other: Least) -> bool:
    """Whether both single out the same interpretation."""
    return one.n == other.n == 1 and one.one == other.one


def run(path: Path) -> None:
    """Learn both libraries, then ask the networks that the file does not have yet, within the minutes of the design."""
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    if any(line["design"] != DIGEST[:12] for line in lines):
        sys.exit(f"{path} has rows of another design")
    halves: list[list[list[Readings]]] = [[], []]
    for seed, question in networks("learned"):
        halves[seed % 2].append(read(question))
    a, b = (learn(half, DESIGN["rounds"]) for half in halves)
    draws = np.random.default_rng(0)
    others = [permuted(a, draws) for _ in range(DESIGN["permuted"])]
    with path.open("a") as file:
        for at, (seed, question) in enumerate(networks("held_out")):
            if time.process_time() > 60 * DESIGN["minutes"]:
                break
            if at >= len(lines):
                asked = outcome(read(question), (library_of(nothing_used()), a, b), others)
                file.write(json.dumps({"design": DIGEST[:12], "seed": seed} | asked) + "\n")
                file.flush()


_COLUMNS: Final = {
    "seed": "SMALLINT",
    "learned": "BOOLEAN",
    **{f"bits_{name}": "FLOAT" for name in ("uniform", "a", "b", "permuted")},
    **{f"n_{name}": "INTEGER" for name in ("uniform", "a", "b")},
    "same": "BOOLEAN",
    **dict.fromkeys(("permuted_single", "permuted_same"), "SMALLINT"),
}
HEAD: Final = ("parts", "networks", "bits, mean", "exactly one is shortest", "the same one as A")


def table(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """The table of the chapter: of networks that neither library was learned of."""
    rows = [row for row in rows if not row["learned"]]
    n, found = len(rows), []
    for name, words in (
        ("uniform", "all as long"),
        ("a", "library A"),
        ("b", "library B"),
        ("permuted", "A, permuted"),
    ):
        bits = f"{np.mean([row[f'bits_{name}'] for row in rows]):.1f}"
        if name == "permuted":
            draws = n * DESIGN["permuted"]
            single, same = (sum(row[f"permuted_{what}"] for row in rows) / draws for what in ("single", "same"))
            found.append([words, str(n), bits, f"{single:.0%}", f"{same:.0%}"])
        else:
            alone = chapters.share(sum(row[f"n_{name}"] == 1 for row in rows), n)
            same_one = chapters.share(sum(row["same"] for row in rows), n) if name == "b" else "–"
            found.append([words, str(n), bits, alone, same_one])
    return found


def freeze(path: Path) -> None:
    """Write the table of rows, and the table in the chapter on simplicity."""
    rows, learned = [], {question.network.digest for _, question in networks("learned")}
    known = {seed for seed, question in networks("held_out") if question.network.digest in learned}
    for line in map(json.loads, path.read_text().splitlines()):
        if "a" in line:
            of = {f"{what}_{name}": line[name][what] for what in ("bits", "n") for name in ("uniform", "a", "b")}
            row = {**of, **{name: line[name] for name in _COLUMNS if name in line}}
            rows.append(row | {"bits_permuted": line["permuted_bits"], "learned": line["seed"] in known})
    tables = chapters.markdown([HEAD, *table(rows)], 1)
    chapters.freeze(SLUG, DESIGN, _COLUMNS, rows, tables, chapter=simplicity.SLUG)


if __name__ == "__main__":
    (freeze if "--freeze" in sys.argv else run)(Path(sys.argv[1]))
