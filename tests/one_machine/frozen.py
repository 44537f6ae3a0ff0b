"""What layered networks answered before all of them became one kind, so that no change of the machine alters it unseen.

python -m tests.one_machine.frozen           compare all with the golden file: a line for each difference
python -m tests.one_machine.frozen --write   write what is found now, for a wanted change, whose commit says why
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

import pluriscope
from pluriscope.analysis.criteria.registry import criteria_for
from pluriscope.analysis.network_files.files import NetworkFile, parse_network_file
from pluriscope.analysis.questions.data import DataRecord, clean_data, parse_data_file
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER, Protocol
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.app import bundled
from pluriscope.app.bundled import bundled_models
from pluriscope.library.result import Result

GOLDEN: Final = Path(__file__).parents[1] / "golden"
FILE: Final = GOLDEN / "one-machine" / "frozen.json"
TWIN: Final = GOLDEN / "one-machine" / "twin-classifier.json"
SHIFTED: Final = GOLDEN / "one-machine" / "twin-shifted-classifier.json"
"""The same with a row of numbers added to both logits, and a number to both biases."""
_FOLDER: Final = Path(bundled.__file__).parent
BUNDLED: Final = {path.stem: path for path in sorted(_FOLDER.glob("*.json")) if not path.stem.endswith(".data")}
"""Every bundled network, those that stories alone show among them."""
RULES: Final = {
    "complete": COMPLETE,
    "paper": PAPER,
    "threshold": Protocol(name="threshold", circuit_decision="threshold"),
    "mean": Protocol(name="mean", ablation="mean"),
    "half": Protocol(name="half", accuracy_threshold=0.5),
}
NOISE: Final = {
    "noise": Protocol(name="noise", noise_std=0.1),
    "clean noise": Protocol(name="clean noise", noise_std=0.1, accuracy_threshold=0.9, noise_reading="clean"),
}
ANY: Final = Protocol(name="any", circuit_family="any_ablation")
WITH_ROWS: Final = ("xor-pretrained", "superposition-5-2-5", "wrong-lesson")
FORMULA: Final = "(A ∨ B) ∧ ¬(A ∧ B)"
Listing = Mapping[str, Any]


def questions(slug: str, protocol: Protocol, data: DataRecord | None = None) -> list[Any]:
    """A question about each output of a bundled network, on every Boolean input unless rows are given."""
    file = file_of(slug)
    data = data or clean_data(file.network.n_inputs)
    found: list[Any] = PERCEPTRON.explaining.questions(PERCEPTRON, file, (), protocol, data)
    return found


def file_of(slug: str) -> NetworkFile:
    """A bundled network."""
    return parse_network_file(BUNDLED[slug].read_bytes())


def rows_of(slug: str) -> DataRecord | None:
    """The rows that come with a bundled network; None where they are the Boolean inputs."""
    path, network = BUNDLED[slug].with_suffix(".data.json"), file_of(slug).network
    return parse_data_file(path.read_bytes(), network.n_inputs, network.n_outputs) if path.exists() else None


def digest_of(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


def listing(question: Any) -> Listing:
    """The valid circuits of a question: how many of how many, and digests of masks and margins in ascending order."""
    found = question.kind.explaining.search(question, DEFAULT_WORK)
    assert found.n_listed == found.n_valid, "all are listed"
    order = np.argsort(found.masks, kind="stable")
    return {
        "valid": found.n_valid,
        "possible": str(found.possible),
        "masks": digest_of(found.masks[order].astype("<u8").tobytes()),
        "margins": digest_of(found.margins[order].astype("<f8").tobytes()),
    }


def listings(slug: str) -> dict[str, Listing]:
    """Those of a bundled network, by output and rules."""
    return {
        f"{question.output} {name}": listing(question)
        for name, rules in RULES.items()
        for question in questions(slug, rules)
    }


def listings_on_rows() -> dict[str, Listing]:
    """Those on rows of one's own, on noisy rows, and of the circuits valid under any ablation."""
    asked = {
        f"{slug} {question.output}": question
        for slug in WITH_ROWS
        for question in questions(slug, COMPLETE, rows_of(slug))
    }
    for name, rules in (*NOISE.items(), ("any ablation", ANY)):
        (asked[f"xor-pretrained {name}"],) = questions("xor-pretrained", rules)
    return {name: listing(question) for name, question in asked.items()}


def _named(file: Any, question: Any) -> dict[str, str]:
    return {"question": question.digest, "address": Result(file, question, {}).address}


def names() -> dict[str, dict[str, str]]:
    """Digest and address of every question about what is bundled: each output, on its rows, under all rules."""
    found = {}
    for slug in BUNDLED:
        file = file_of(slug)
        for first in questions(slug, COMPLETE, rows_of(slug)):
            for question in first.admitted():
                found[f"{slug} {first.output} {question.protocol.name}"] = _named(file, question)
    for slug, raw in bundled_models().items():
        for question in (first := question_in(raw)).admitted():
            found[f"{slug} {question.protocol.name}"] = _named(first.subject, question)
    return found


def classifiers() -> dict[str, dict[str, str]]:
    """Digests and addresses of classifiers: of the network, of its rules, and of the question."""
    found = {}
    for path in (TWIN, SHIFTED):
        for rules in ("complete", "mean", *(("logit-edges", "logit-edges-mean") if path == SHIFTED else ())):
            question = question_in(path.read_bytes(), rules)
            found[f"{path.stem} {question.protocol.name}"] = {
                "subject": question.subject.digest,
                "rules": question.protocol.digest,
                "data": question.data_digest,
                **_named(question.subject, question),
                "circuits": digest_of(question.kind.explaining.search(question, DEFAULT_WORK).masks.tobytes()),
            }
    return found


@cache
def outcomes() -> dict[str, str]:
    """The outcome of each criterion for each valid circuit of xor-pretrained by ascending masks: a digest."""
    (question,) = questions("xor-pretrained", COMPLETE)
    found = question.kind.explaining.search(question, DEFAULT_WORK)
    order = np.argsort(found.masks, kind="stable")
    population = question.kind.explaining.population(question, found, found.masks[order].tolist(), DEFAULT_WORK)
    return {
        one.key: digest_of(one.judge(population).outcomes.astype(np.uint8).tobytes()) for one in criteria_for("circuit")
    }


def placed(slug: str) -> dict[str, int]:
    """How often a formula of exclusive or is placed on a network, and how often minimally."""
    algorithm = pluriscope.explain(BUNDLED[slug]).algorithms[FORMULA]
    valid = [one for one in algorithm.placements if one.valid]
    return {"valid": algorithm.n_valid, "listed": len(valid), "minimal": sum(bool(one.minimal) for one in valid)}


PARTS: Final[Mapping[str, Callable[[], Any]]] = {
    "listings": lambda: {slug: listings(slug) for slug in BUNDLED},
    "listings on rows": listings_on_rows,
    "names": names,
    "classifiers": classifiers,
    "outcomes": outcomes,
    "placed": lambda: {slug: placed(slug) for slug in ("xor-pretrained", "xor-2-2-2")},
}


@cache
def golden() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(FILE.read_text())
    return read


def differences(expected: Any, now: Any, where: str = "") -> Iterator[str]:
    """A line for each value that was expected and is another, or missing."""
    if isinstance(expected, dict) and isinstance(now, dict):
        for key, value in expected.items():
            yield from differences(value, now.get(key, "nothing"), f"{where} {key}".strip())
    elif expected != now:
        yield f"{where}: expected {expected}, found {now}"


def main() -> int:
    found = {part: find() for part, find in PARTS.items()}
    if "--write" in sys.argv:
        FILE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        return 0
    lines = [*differences(golden(), found)]
    print(*lines, f"{len(lines)} differences", sep="\n")  # noqa: T201
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
