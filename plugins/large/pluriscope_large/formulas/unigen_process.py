"""Counts and draws models with UniGen, in a process that others can end: nothing interrupts it from inside.

Run by its path, with a line of JSON and the clauses' literals as int32 on standard input. Lines of standard output that
begin with "= " are JSON: the number of models as [cells, hashes], then lists of draws; the others are UniGen's own.
"""

import json
import signal
import sys
from array import array


def main() -> None:
    if sys.platform != "win32":  # if nobody reads any more, the next line ends it
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    import pyunigen

    asked = json.loads(sys.stdin.buffer.readline())
    edges, numbers = list(range(1, asked["n_edges"] + 1)), array("i")
    numbers.frombytes(sys.stdin.buffer.read())
    clauses: list[list[int]] = [[]]
    for number in numbers:
        if number:
            clauses[-1].append(number)
        else:
            clauses.append([])
    clauses[-1:] = [[edge, -edge] for edge in edges]  # it must have heard of every edge
    for seed in asked["seeds"]:
        accuracy = {"epsilon": asked["epsilon"], "delta": asked["delta"]} if not asked["known"] else {}
        sampler = pyunigen.Sampler(seed=seed, verbosity=1, multisample=True, **accuracy)
        for clause in clauses:
            sampler.add_clause(clause)
        known = {"cell_hash_count": tuple(asked["known"])} if asked["known"] else {}
        cells, hashes, draws = sampler.sample(num=asked["n_draws"], sampling_set=edges, **known)
        sys.stdout.write(f"= {json.dumps(draws if known else [cells, hashes])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
