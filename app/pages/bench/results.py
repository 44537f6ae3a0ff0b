"""What methods answered on the networks of a suite under one condition: stored rows, summed up once a process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, cast

from analysis.answer_key.baselines import BASELINES
from analysis.answer_key.condition import CONDITIONS, PRIMARY, Condition, condition_of
from analysis.answer_key.scores import SCORES
from analysis.answer_key.summary import means_of, summary_of
from analysis.errors import AnalysisError
from analysis.network_files.files import slug_of
from app.errors import BadQuery, NotFound
from pluriscope.address import Addresses
from pluriscope.glossary import terms
from pluriscope.study_table import StudyTable
from pluriscope.suite_files import SMALL, Suite, read_suite

FOLDER: Final = cast(Path, resources.files("app.bundled") / "bench")
MEANING_OF: Final = {term.name: term.meaning for term in terms()}
"""What the glossary says of each score, by its label."""
SCORE_OF: Final = {score.key: score for score in SCORES}
_OWN: Final = ("suite", "condition")  # options that every page of the answer key has
_LABELS: Final = {one.key: one.label for one in BASELINES}
_NONE: Final = Addresses()


def label_of(method: str) -> str:
    """What people call a method that rows name."""
    return _LABELS.get(method, method)


@dataclass(frozen=True, kw_only=True)
class Results:
    """Methods on the networks of one suite under one condition.

    Args:
        digest: of the suite.
        condition: under which.
        methods: summaries of their rows as result files have them, best first.
        suite: its name; "" of a result file.
        links: addresses of its pages; a file has none.
    """

    digest: str
    condition: Condition
    methods: Sequence[Mapping[str, Any]]
    suite: str = ""
    links: Addresses = _NONE

    @property
    def kept(self) -> dict[str, str]:
        """What addresses of it say where they differ from the usual."""
        usual = {"suite": SMALL, "condition": PRIMARY.key}
        now = {"suite": self.suite, "condition": self.condition.key}
        return {name: value for name, value in now.items() if value != usual[name]}

    def url(self, *parts: str, **view: Any) -> str:
        """A page of it; "" in a file."""
        return self.links.bench(*parts, **{**self.kept, **view}) if self.suite else ""

    def method_url(self, name: str) -> str:
        return self.url(slug_of(name))

    def method(self, slug: str) -> Mapping[str, Any]:
        """The summary of the method that an address names; a NotFound for one of none."""
        known = {slug_of(one["name"]): one for one in self.methods}
        if slug not in known:
            cause, cure = "has no answers in this suite", f"use one of {', '.join(known)}"
            raise NotFound(f"method {slug[:60]!r}", cause, cure, "method", self.url(), "all methods")
        return known[slug]

    def rows(self, column: str, value: str) -> list[dict[str, Any]]:
        """Its rows of one method or network."""
        return _rows(self.suite, "answers", f"condition = $1 AND {column} = $2", self.condition.key, value)


def suites() -> list[str]:
    """The names of the suites that are here, the usual one first."""
    return sorted((path.parent.name for path in FOLDER.glob("*/manifest.json")), key=lambda name: (name != SMALL, name))


def results_of(links: Addresses, options: Mapping[str, Sequence[str]]) -> tuple[Results, dict[str, Sequence[str]]]:
    """What an address asks for, and its further options.

    Raises:
        BadQuery: no such suite, or the suite has no rows under such a condition.
        NotFound: no suite is here, or its files are damaged.
    """
    name, key = ("".join(options.get(one, ())[-1:]) for one in _OWN)
    if name and name not in suites():
        raise BadQuery(f"suite {name[:60]!r}", "is unknown", f"use {', '.join(suites()) or 'another copy'}", "suite")
    suite = suite_of(name or SMALL)
    known = conditions_of(name or SMALL)
    if key and key not in known:
        cause, cure = "is not one that the suite has answers under", f"use one of {', '.join(known)}"
        raise BadQuery(f"condition {key[:60]!r}", cause, cure, "condition")
    condition = condition_of(key or PRIMARY.key)
    methods = _summary(name or SMALL, condition.key)
    results = Results(suite=name or SMALL, digest=suite.digest, condition=condition, methods=methods, links=links)
    return results, {option: values for option, values in options.items() if option not in _OWN}


@lru_cache(maxsize=8)
def suite_of(name: str) -> Suite:
    """A suite that is here, all of whose tables are those that its manifest names; a NotFound where they are not."""
    try:
        suite = read_suite(FOLDER / name)
        for file in ("truths", "answers"):
            suite.checked(f"{file}.parquet")
        return suite
    except AnalysisError as error:
        cure = "restore its files, or make it again with pluriscope suite make"
        raise NotFound(f"suite {name!r}", error.cause, cure, "suite", _NONE.findings(), "findings") from None


def table_of(suite: str, file: str) -> StudyTable:
    """One of the tables of a suite: "truths" or "answers"."""
    return StudyTable([suite_of(suite).folder / f"{file}.parquet"])


def _rows(suite: str, file: str, where: str, *values: str, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Some columns, or all, of the rows under a condition of our own, in which $1 and so on stand for the values."""
    table = table_of(suite, file)
    names = names or [*table.columns]
    found = table.ask(f"SELECT {', '.join(names)} FROM {{rows}} WHERE {where}", values)  # noqa: S608  our own
    return [dict(zip(names, line, strict=True)) for line in found]


def truths_of(suite: str, network: str) -> dict[str, dict[str, Any]]:
    """What is known of the valid circuits of a network, by conditions."""
    return {row["condition"]: row for row in _rows(suite, "truths", "network = $1", network)}


@lru_cache(maxsize=8)
def conditions_of(suite: str) -> tuple[str, ...]:
    """The keys of the conditions that a suite has answers under."""
    there = {key for (key,) in table_of(suite, "answers").ask("SELECT DISTINCT condition FROM {rows}")}
    return tuple(one.key for one in CONDITIONS if one.key in there)


@lru_cache(maxsize=64)
def _summary(suite: str, condition: str) -> Sequence[Mapping[str, Any]]:
    """What the rows of every method come to under a condition, best first."""
    names = ("method", "track", "network", "arm", "condition", "outcome", *SCORE_OF)
    return tuple(summary_of(_rows(suite, "answers", "condition = $1", condition, names=names)))


@lru_cache(maxsize=8)
def under_every_condition(suite: str) -> Mapping[str, Mapping[str, Any]]:
    """The regret of each method by its name under each condition."""
    groups: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for row in _rows(suite, "answers", "true", names=("method", "condition", "network", "arm", "regret")):
        groups.setdefault(row["method"], {}).setdefault(row["condition"], []).append(row)
    return {
        method: {key: means_of(rows, ("regret",)) for key, rows in conditions.items()}
        for method, conditions in groups.items()
    }


def scored_methods(links: Addresses) -> dict[str, str]:
    """Labels of the methods that the usual suite has answers of, with their pages; none where it is not here."""
    try:
        methods = _summary(SMALL, PRIMARY.key)
    except NotFound:
        return {}
    return {label_of(one["name"]): links.bench(slug_of(one["name"])) for one in methods}
