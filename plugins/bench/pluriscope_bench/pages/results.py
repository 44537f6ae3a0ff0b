"""Results of methods on the networks of a suite under one condition, and what their pages have in common."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.network_files.files import slug_of
from pluriscope.app.errors import BadQuery, NotFound
from pluriscope.app.pages.sharing.share import InShort, Share
from pluriscope.documents.glossary import terms
from pluriscope.figures.numbers import exact, short
from pluriscope.page_kit.blocks import Action, Choice, Menu, More, Prose
from pluriscope.tables.parquet import ParquetTable
from pluriscope_bench.key.baselines import BASELINES
from pluriscope_bench.key.condition import PRIMARY, Condition, condition_of
from pluriscope_bench.key.scores import SCORES
from pluriscope_bench.suite_files import PUBLISHED, SMALL, Suite, bundled, read_suite

FOLDER: Final = bundled("")
MEANING_OF: Final = {term.name: term.meaning for term in terms()}
"""What the glossary says of each score, by its label."""
SCORE_OF: Final = {score.key: score for score in SCORES}
_OWN: Final = ("suite", "condition")  # options that every page of the answer key has
_LABELS: Final = {one.key: one.label for one in BASELINES}
_NONE: Final = Addresses()


def label_of(method: str) -> str:
    """Label of a method that rows name."""
    return _LABELS.get(method, method)


def some_of(method: Mapping[str, Any]) -> str:
    """Number of networks on which a method has a regret, as "40 of 46"; "" where on all."""
    n, left_out = method["regret"]["n"], method["regret"]["left_out"]
    return f"{exact(n)} of {exact(n + left_out)}" if left_out else ""


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
        """Options in addresses of the results, where they differ from the usual."""
        usual = {"suite": SMALL, "condition": PRIMARY.key}
        now = {"suite": self.suite, "condition": self.condition.key}
        return {name: value for name, value in now.items() if value != usual[name]}

    def url(self, *parts: str, **view: Any) -> str:
        """A page of it; "" in a file."""
        return self.links.url("bench", *parts, **{**self.kept, **view}) if self.suite else ""

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
        return rows_of(self.suite, "answers", f"condition = $1 AND {column} = $2", self.condition.key, value)


def suites() -> list[str]:
    """The names of the suites that are here, the usual one first."""
    return sorted((path.parent.name for path in FOLDER.glob("*/manifest.json")), key=lambda name: (name != SMALL, name))


def results_of(links: Addresses, options: Mapping[str, Sequence[str]]) -> tuple[Results, dict[str, Sequence[str]]]:
    """Read the results that an address names, and its further options.

    Raises:
        BadQuery: no such suite, or the suite has no rows under such a condition.
        NotFound: no suite is here, or its files are damaged.
    """
    name, key = ("".join(options.get(one, ())[-1:]) for one in _OWN)
    if name and name not in suites():
        raise BadQuery(f"suite {name[:60]!r}", "is unknown", f"use {', '.join(suites()) or 'another copy'}", "suite")
    name, key = name or SMALL, key or PRIMARY.key
    suite = suite_of(name)
    if key not in suite.summary:
        cause, cure = "is not one that the suite has answers under", f"use one of {', '.join(suite.summary)}"
        raise BadQuery(f"condition {key[:60]!r}", cause, cure, "condition")
    methods, condition = suite.summary[key], condition_of(key)
    results = Results(suite=name, digest=suite.digest, condition=condition, methods=methods, links=links)
    return results, {option: values for option, values in options.items() if option not in _OWN}


@lru_cache(maxsize=8)
def suite_of(name: str) -> Suite:
    """A suite that is here, without its networks; a NotFound where a table is not the one that its manifest names."""
    try:
        suite = replace(read_suite(FOLDER / name), networks=())  # 12 MB of files, of which a page shows one
        for file in ("truths.parquet", "answers.parquet", "summary.json"):
            suite.checked(file)
        return suite
    except AnalysisError as error:
        cure = "restore its files, or make it again with pluriscope suite make"
        raise NotFound(f"suite {name!r}", error.cause, cure, "suite", _NONE.url("findings"), "findings") from None


@lru_cache(maxsize=16)
def table_of(suite: str, file: str) -> ParquetTable:
    """Table of a suite, such as "truths" or "answers", published programs’ too; it is asked once for its columns."""
    of = suite_of(suite)
    return ParquetTable([of.folder / f"{file}.parquet", *([PUBLISHED] if file == "answers" and of.published else ())])


def rows_of(suite: str, file: str, where: str, *values: str) -> list[dict[str, Any]]:
    """The rows under a condition of our own, in which $1 and so on stand for the values."""
    table = table_of(suite, file)
    found = table.ask(f"SELECT * FROM {{rows}} WHERE {where}", values)  # noqa: S608  our own
    return [dict(zip(table.columns, line, strict=True)) for line in found]


def conditions_of(suite: str, *names: str) -> set[str]:
    """Keys of the conditions under which all of some methods have rows."""
    every = suite_of(suite).summary.items()
    return {key for key, methods in every if {*names} <= {one["name"] for one in methods}}


def truths_of(suite: str, network: str) -> dict[str, dict[str, Any]]:
    """Truths about the valid circuits of a network, by condition."""
    return {row["condition"]: row for row in rows_of(suite, "truths", "network = $1", network)}


def switches(
    results: Results, *parts: str, conditions: Callable[[str], Container[str]] | None = None, **view: Any
) -> Iterator[Choice]:
    """A switch of the condition, and of the suite where several have the page.

    Args:
        parts: of the page's address.
        conditions: from the name of a suite to the keys of those under which it has the page; None for all of them.
        view: its options beside suite and condition.
    """
    of = conditions or (lambda suite: suite_of(suite).summary)
    known = of(results.suite)
    there = [condition_of(key) for key in suite_of(results.suite).summary if key in known]
    urls = {one.words: replace(results, condition=one).url(*parts, **view) for one in there}
    having = [one for one in suites() if results.condition.key in of(one)]
    if len(having) > 1:
        yield Choice("Suite", {one: replace(results, suite=one).url(*parts, **view) for one in having}, results.suite)
    if len(urls) > 1:
        yield Choice("Condition", urls, results.condition.words)


def share_menu(results: Results, url: str, rows_url: str) -> Menu:
    """A page as a link, a file, JSON and CSV."""
    return Menu("Share", [Action("JSON", results.links.twin(url)), Action("CSV of its rows", rows_url)], url)


def citation(results: Results, title: str, url: str, base: str) -> More:
    """Fold of how a page is cited.

    Args:
        title: what it is.
        url: its address.
        base: scheme and host before every path; "" if they are not known.
    """
    identity = f"suite {results.suite} {short(results.digest)}"
    share = Share(InShort("", title, (), identity, results.condition.key), url, "", False, False, results.links, base)
    text = f"**Link**\n\n```\n{share.url}\n```\n\n**BibTeX**\n\n```\n{share.bibtex}\n```"
    return More("Cite", lambda: [Prose(text, glossary=False)], "a link and BibTeX", id="cite")


def scored_methods(links: Addresses) -> dict[str, str]:
    """Labels of the methods that the usual suite has answers of, with their pages; none where it is not here."""
    try:
        methods = suite_of(SMALL).summary[PRIMARY.key]
    except NotFound:
        return {}
    return {label_of(one["name"]): links.url("bench", slug_of(one["name"])) for one in methods}
