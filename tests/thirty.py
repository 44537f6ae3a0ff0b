"""Thirty networks with what the engine finds on them, so that no change alters a count unseen (tests/golden/README.md).

python -m tests.thirty                 compare all: a line for each network, exit code 1 if anything differs
python -m tests.thirty quick xor_3-2   compare those of the ordinary tests, and one more
python -m tests.thirty --write         write what is found into the files
"""

import argparse
import hashlib
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from pluriscope.analysis.carried_algorithms.search import Unasked, find_stories
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.criteria.judging import JudgedAnalysis, judge_analysis
from pluriscope.analysis.criteria.steps import default_steps
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.analysis.questions.data import parse_data_file
from pluriscope.analysis.questions.decisions import FRAGILE_MARGIN
from pluriscope.analysis.questions.protocol import named_protocol, protocol_from_mapping
from pluriscope.analysis.results.result import CriterionTally, OutputAnalysis
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from tests.minimal_joint import n_minimal_joint
from tests.of_plugins import joined

FOLDER = Path(__file__).parent / "golden" / "thirty"
FILES = {path.stem: path for path in sorted(FOLDER.glob("*.json"))}
MAX_LISTED = 200_000  # of more valid circuits only what needs no list is kept: number, sizes, edges, the smallest
FROM_LISTS = ("observed-class", "margin")  # of what the searches themselves tell of criteria


def read(name: str) -> dict[str, Any]:
    """A file: a network, and questions about it with what is expected."""
    return json.loads(FILES[name].read_text())


def question_of(stored: dict[str, Any], asked: dict[str, Any]) -> Question:
    """Read a question of a file."""
    file, rules, output = parse_network_file(_bytes(stored["network"])), asked["protocol"], asked["output"]
    network = file.network
    protocol = named_protocol(rules) if isinstance(rules, str) else protocol_from_mapping(rules)
    data = parse_data_file(_bytes(asked["data"]), network.n_inputs, network.n_outputs) if "data" in asked else None
    return ask(network, output=output, task=file.tasks[output], protocol=protocol, data=data)


def found(stored: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """Answer a question of a file, in the form in which it is kept."""
    question = question_of(stored, asked)
    protocol = question.protocol
    work = Work(limits=Limits(**asked.get("limits", {})))  # without a clock, so that no time ends anything
    analysis = analyse_output(question, work)
    n_listed, n_valid = analysis.circuits.n_listed, analysis.circuits.n_valid
    whole = analysis.circuits.method != "sampled" and n_listed == n_valid <= MAX_LISTED
    kept = {
        "digests": {"network": question.subject.digest, "protocol": protocol.digest},
        "circuits": of_search(analysis.circuits) | (_of_list(analysis) if whole else {}),
        **_algorithms(analysis),
        "tallies": {key: _tally(tally) for key, tally in analysis.criteria.items() if whole or key not in FROM_LISTS},
    }
    if "alignment" in asked["parts"] and protocol.alignments_kept == "minimal":
        aligned = (result.algorithm for result in analysis.algorithms.algorithms if result.n_valid)
        kept["alignments"]["minimal_joint"] = n_minimal_joint(question, aligned, work)
    if "stories" in asked["parts"]:
        kept["stories"] = _stories(analysis, work)
    kept |= {part: find(analysis, work) for part, find in joined("PARTS").items() if part in asked["parts"]}
    return kept | {"verdicts": _verdicts(analysis, asked["parts"], work)}


def of_search(search: CircuitSearch) -> dict[str, Any]:
    """Facts of a search that need no list of all valid circuits."""
    masks = sorted(search.masks.tolist())
    spread, edges = search.distribution, min(map(int.bit_count, masks), default=None)
    smallest = [search.layout.to_hex(mask) for mask in masks if mask.bit_count() == edges]
    n_smallest = None if search.method == "sampled" else spread.by_edges.get(edges, 0)
    return {
        "method": search.method,
        "possible": str(search.possible),
        "valid": str(search.n_valid),
        "interval": None if search.interval is None else list(map(str, search.interval)),
        "of": str(spread.of),  # circuits that the next four are about: of an estimate, the valid ones among those drawn
        "by_edges": {str(n): str(number) for n, number in spread.by_edges.items()},
        "by_neurons": {str(n): str(number) for n, number in spread.by_neurons.items()},
        "edge_use": list(map(str, spread.edge_use)),
        "neuron_use": [" ".join(map(str, layer)) for layer in spread.neuron_use],
        "smallest": {"edges": edges, "number": n_smallest},
        "smallest_masks": _digest(smallest) if n_smallest == len(smallest) else None,
    }


def _of_list(analysis: OutputAnalysis) -> dict[str, Any]:
    search, counts = analysis.circuits, analysis.interpretations
    masks = sorted(search.masks.tolist())
    kept = {"masks": _digest(map(search.layout.to_hex, masks)), "fragile": int((search.margins < FRAGILE_MARGIN).sum())}
    each = zip(search.masks.tolist(), counts.by_circuit, counts.observed_by_circuit, strict=True)
    totals = {"interpretations": str(counts.total), "observed": str(counts.observed), "read": counts.truncated_at}
    return {**kept, **totals, "by_circuit": _digest(f"{mask:x} {total} {observed}" for mask, total, observed in each)}


def _algorithms(analysis: OutputAnalysis) -> dict[str, dict[str, Any]]:
    search = analysis.algorithms
    results = [(one.algorithm.id, one) for one in search.algorithms]
    valid = [f"{of} {a.alignment.id} {a.minimal}" for of, one in results for a in one.alignments if a.valid]
    totals = {"candidates": str(search.n_candidates), "aligned": str(search.n_aligned), "listed": len(results)}
    alignments = {"valid": str(search.n_valid_placements), "minimal": str(search.n_minimal_placements)}
    by_algorithm = _digest(f"{of} {one.n_valid} {one.n_minimal}" for of, one in results)
    return {
        "algorithms": {"method": search.method, **totals, "ids": _digest(of for of, _ in results)},
        "alignments": {**alignments, "kept": len(valid), "ids": _digest(valid), "by_algorithm": by_algorithm},
    }


def _verdicts(analysis: OutputAnalysis, kinds: Collection[str], work: Work) -> dict[str, dict[str, str]]:
    wanted = [(kind, step) for step in default_steps() for kind in step.criterion.kinds if kind in kinds]
    answer: dict[str, dict[str, CriterionTally]] = {kind: {} for kind, _ in wanted}
    for one in judge_analysis(JudgedAnalysis.of(analysis), wanted, work):
        answer[one.kind][one.step.text] = one.tally
    return {kind: {step: _tally(tally) for step, tally in steps.items()} for kind, steps in answer.items()}


def _stories(analysis: OutputAnalysis, work: Work) -> dict[str, Any]:
    stories = find_stories(analysis.question, analysis.circuits.masks, work)
    if isinstance(stories, Unasked):
        return {"unasked": stories.arises}
    ids = [algorithm.id for algorithm in stories.algorithms]
    number_of = Counter(stories.story_of.tolist())
    each = [" ".join([str(number_of[at]), *sorted(ids[n] for n in story)]) for at, story in enumerate(stories.stories)]
    return {**stories.counts, "network": _digest(sorted(ids[n] for n in stories.whole)), "each": _digest(sorted(each))}


def _tally(tally: CriterionTally) -> str:
    """Passed, failed, undecided, not applicable."""
    return f"{tally.passed} {tally.failed} {tally.undecided} {tally.not_applicable}"


def _bytes(document: Any) -> bytes:
    return json.dumps(document).encode()


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def differences(expected: Any, now: Any, where: str) -> Iterator[str]:
    """A line for each value that is expected and is another now, or missing; what is found beside is not looked at."""
    if isinstance(expected, dict) and isinstance(now, dict):
        for key, value in expected.items():
            yield from differences(value, now.get(key, "nothing"), f"{where} {key}")
    elif expected != now:
        yield f"{where}: expected {expected}, found {now}"


def compared(name: str, *, write: bool = False) -> list[str]:
    """List what differs from a file; none once it has been written anew."""
    stored, lines = read(name), []
    for number, asked in enumerate(stored["questions"], 1):
        now, rules = found(stored, asked), asked["protocol"]
        where = f"{name}, question {number} ({rules if isinstance(rules, str) else rules['name']}):"
        lines += list(differences(asked.get("expected"), now, where))
        asked["expected"] = now
    if write:
        text = json.dumps(stored, indent=1, ensure_ascii=False)
        FILES[name].write_text(re.sub(r"\[[^][{}]*\]", lambda one: " ".join(one[0].split()), text) + "\n")
    return [] if write else lines


def main() -> int:
    """Compare or write, and print."""
    parser = argparse.ArgumentParser(prog="tests.thirty")
    parser.add_argument("names", nargs="*", default=["all"], help='of files, or "quick" or "all"')
    parser.add_argument("--write", action="store_true", help="write instead of comparing")
    given, n_lines = parser.parse_args(), 0
    for name in FILES:
        stored = read(name)
        if {name, "all", "quick" if stored["quick"] else name} & {*given.names}:
            began = time.process_time()
            lines = compared(name, write=given.write)
            n_lines += len(lines)
            state = "written" if given.write else f"{len(lines)} differences"
            print(f"{name:24}{time.process_time() - began:6.1f} s, {state}", *lines, sep="\n", flush=True)  # noqa: T201
    return int(n_lines > 0)


if __name__ == "__main__":
    sys.exit(main())
