"""Whether second enumerators, which share no code with the engine, agree with the truths of a suite.

``python -m plugins.bench.tests.key.second_enumeration FOLDER --share 0.05`` goes through a drawn share of its
networks, every condition that is known. It prints a line for each network and ends with 1 if one disagrees.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from time import perf_counter

from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.values.digest import sha256_hex
from pluriscope_bench.key.truth import Truth
from pluriscope_bench.suite_files import read_suite
from tests.oracles import every_mask_of_transformers, second_enumerator

MOST_COMBINATIONS = 10**11  # of a perceptron: two minutes
MOST_BITS = 15  # of a transformer: a minute or two


def disagreement(question, truth: Truth) -> str | None:
    """Difference from a second enumerator; "" where it agrees, None where there is too much to try."""
    if isinstance(question, Question):
        if second_enumerator.combinations(question.network, truth.condition) > MOST_COMBINATIONS:
            return None
        found = second_enumerator.facts_of(question.network, question.task.truth_table, truth.condition)
    else:
        graph = question.graph
        if graph.n_bits > MOST_BITS or graph.cut == "nodes" or question.rules["embedding"] != "joined":
            return None
        document = question.kind.write(question.subject)
        found = every_mask_of_transformers.facts_of(document, graph.edge_names, truth.condition.ablation)
    named = [(name, getattr(truth, name), getattr(found, name)) for name in ("n_valid", "smallest", "backbone")]
    wrong = [f"{name} is {one}, not {other}" for name, one, other in named if one != other]
    if truth.masks is not None and truth.masks.tolist() != found.masks:
        wrong.append("the lists differ")
    return "; ".join(wrong)


def main(arguments=None) -> int:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    suite, seen = read_suite(options.folder), Counter[str]()
    lots = {one.name: sha256_hex(f"{options.seed} {one.name}".encode()) for one in suite.networks}
    drawn = sorted(suite.networks, key=lambda one: lots[one.name])[: max(1, round(options.share * len(lots)))]
    for network in drawn:
        begun, said, tried = perf_counter(), list[str](), 0
        for condition in suite.conditions(network.name):
            truth = suite.truth(network.name, condition)
            found = None if truth is None else disagreement(network.question, truth)
            seen["too much to try" if found is None else "differ" if found else "agree"] += 1
            tried += found is not None
            if found:
                said.append(f"{condition.key}: {found}")
        sys.stdout.write(
            f"{network.name}: {'; '.join(said) or f'agrees under {tried}'}, {perf_counter() - begun:.1f} s\n"
        )
        sys.stdout.flush()
    sys.stdout.write(f"{len(drawn)} networks, truths: {dict(seen)}\n")
    return 1 if seen["differ"] else 0


if __name__ == "__main__":
    sys.exit(main())
