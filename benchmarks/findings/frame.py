"""What stands before the findings: what was sampled and which of them rest on it, limits, and what the marks mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Final, NamedTuple

from benchmarks.findings.results import FOLDER, design_of
from benchmarks.findings.rows import CONVERGED, DATA, Unusable, rows_of
from benchmarks.findings.words import word

MARKS: Final = (
    "● trained or built, ○ drawn at random, ◇ exploratory: chosen after seeing data, dashed frame: to be run."
)
LARGEST, SEPARATE = "alice-or-bob", "learned-or-drawn"
TRANSFORMERS: Final = {"one-induction-circuit", "shared-edges"}
DECLARED: Final = 500


class Start(NamedTuple):
    """One network that was started.

    Args:
        key: what tells it apart; the same in every study that has it.
        slug: of the study.
        arm: "trained", "planted", or what it was drawn from.
        seed, width: of its start and of its first hidden layer.
        converged: whether it computes its task.
    """

    key: tuple[str, ...]
    slug: str
    arm: str
    seed: int
    width: str
    converged: bool


GROUPS: Final[Sequence[tuple[str, Callable[[Start], bool]]]] = (
    ("XOR, trained, seeds {seeds}, widths {widths}", lambda one: one.slug == LARGEST),
    ("XOR, trained, seeds {seeds}, widths {widths}", lambda one: one.slug == SEPARATE and one.arm == "trained"),
    ("XOR, drawn, seeds {seeds}, three priors", lambda one: one.slug == SEPARATE),
    ("XOR, drawn, scale-matched", lambda one: one.arm == "matched"),
    ("XOR, trained weights permuted", lambda one: one.arm == "permuted"),
    ("XOR, planted, seeds {seeds}", lambda one: one.arm == "planted"),
    ("XOR, drawn, other seeds", lambda one: one.arm != "trained"),
    ("Digits, last layers", lambda one: one.slug == "digits-tail"),
    ("Trained on noise, to other losses, on several tasks", lambda _: True),
)
"""Names of groups, each with what belongs to it and to no group before it."""


def frame(findings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What stands before the findings, as the record holds it."""
    groups = samples(findings)
    networks, run = sum(one.pop("n") for one in groups), design_of(SEPARATE).seeds.count
    return {
        "lede": f"{word(len(findings)).capitalize()} sentences from searches of some "
        f"{round(networks, -3):,} small networks, each with its evidence and what would overturn it. "
        "The paper is Méloux et al. (2025).",
        "samples": groups,
        "limits": [
            "Nearly everything is XOR of two inputs, two hidden layers of equal width, leaky ReLU.",
            "Chance is a prior: normal weights, drawn until a network computes the task. Other priors may differ.",
            "A circuit is valid if rounding decides every input right, all else cut to 0; a transformer’s, 99% of rows."
            " They train and judge.",
            f"Shares leave out starts that did not converge. Finding 1 ran {run} of {DECLARED} declared seeds; "
            "Statistics has other cuts.",
        ],
        "marks": MARKS,
    }


def samples(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Groups of networks, no two with a network in common, and the findings that rest on each.

    Returns:
        Of each group its name, how many converged, number of finding → how its networks were found, and ``n``.
    """
    studies = [LARGEST, SEPARATE, *sorted({slug for one in findings for slug in one["studies"]} - {LARGEST, SEPARATE})]
    starts: dict[str, list[Start]] = {}
    for slug in (slug for slug in studies if (FOLDER / f"{slug}.json").is_file()):
        with suppress(Unusable):  # which the finding that needs it says
            starts[slug] = list(starts_of(slug))
    group_of: dict[tuple[str, ...], int] = {}
    for one in (one for some in starts.values() for one in some):
        group_of.setdefault(one.key, next(place for place, (_, holds) in enumerate(GROUPS) if holds(one)))
    found = []
    for place, (name, _) in enumerate(GROUPS):
        own: dict[tuple[str, ...], Start] = {}
        for one in (one for some in starts.values() for one in some if group_of[one.key] == place):
            own.setdefault(one.key, one)
        numbers = [
            str(number)
            for number, finding in enumerate(findings, start=1)
            if any(start.key in own for slug in finding["studies"] for start in starts.get(slug, ()))
        ]
        if not numbers:
            continue
        seeds, widths = (sorted({(one.seed, one.width)[at] for one in own.values()}) for at in (0, 1))
        how = "trained" if {one.arm for one in own.values()} <= {"trained", "planted"} else "drawn"
        said = name.format(seeds=f"{seeds[0]}–{seeds[-1]}", widths=f"{widths[0]}–{widths[-1]}")
        n = sum(one.converged for one in own.values())
        found.append(_group(said, n, len(own) if how == "trained" else n, numbers, how))
    models = [json.loads(line)["converged"] for line in (DATA / "one-induction-circuit.jsonl").read_text().splitlines()]
    numbers = [str(number) for number, one in enumerate(findings, start=1) if TRANSFORMERS & {*one["studies"]}]
    if numbers:
        found.append(_group("Transformers, five tasks", sum(models), len(models), numbers, "trained"))
    return found


def _group(name: str, n: int, started: int, numbers: Sequence[str], how: str) -> dict[str, Any]:
    converged = f"{n:,}" if n == started else f"{n:,} of {started:,}"
    return {"networks": name, "converged": converged, "in": dict.fromkeys(numbers, how), "n": n}


def starts_of(slug: str) -> Iterator[Start]:
    """The networks that a study started, without those that no finding is about: of other depths than two hidden
    layers, and trained ones of studies of drawn networks.
    """
    rows = rows_of(slug)
    for own, networks in rows.rows[CONVERGED].items():
        levels = dict(zip(rows.factors, own, strict=True))
        arm = "planted" if "planting" in levels else levels.get("prior") or _only_arm(slug)
        if levels.get("hidden", "-").count("-") != 1 or (slug.startswith("drawn-") and arm == "trained"):
            continue
        for seed, converged, network in networks:
            key = (network, str(seed), levels.get("planting", "")) if network else (slug, str(seed), *own)
            yield Start(key, slug, arm, seed, levels.get("hidden", "").partition("-")[0], converged == "true")


@cache
def _only_arm(slug: str) -> str:
    """What all networks of a study are, where its rows do not say."""
    return next(iter(design_of(slug).prior), "") or "trained"
