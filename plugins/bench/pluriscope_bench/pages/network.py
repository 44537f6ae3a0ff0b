"""Page of a network of a suite: the truth about it, and every method's answer on one map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pydantic import Field

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.discovery.part_names import labels_of
from pluriscope.app.errors import BadQuery, NotFound
from pluriscope.app.options import PageModel
from pluriscope.figures.numbers import exact, noun
from pluriscope.page_kit.blocks import Block, ChartFigure, Fact, Facts, Figure, Head, More, Section, Table
from pluriscope.page_kit.templating import linked
from pluriscope.tables.table import read_query
from pluriscope.views.networks import draw_network
from pluriscope_bench.key.suite import SuiteNetwork
from pluriscope_bench.pages.charts import edges_of, map_chart
from pluriscope_bench.pages.results import (
    Results,
    citation,
    label_of,
    results_of,
    rows_of,
    share_menu,
    suite_of,
    switches,
    truths_of,
)
from pluriscope_bench.suite_files import network_of

_MAP: Final = "Filled: kept. The backbone is in every valid circuit."


class SuiteNetworkRecord(PageModel):
    """Record of a network of a suite."""

    name: str
    arm: str
    cell: str
    seed: int
    network: str = Field(description="Its digest.")
    edges: list[str] = Field(description="Names of the bits of masks, bit 0 first; numbers where its file is not here.")
    planted: str | None = Field(description="Mask of the planted circuit.")
    suite: str
    condition: str
    truths: list[Mapping[str, Any]] = Field(description="What is known of its valid circuits, by condition.")
    answers: list[dict[str, Any]] = Field(description="Rows of every method under the condition, least regret first.")


@dataclass(frozen=True, kw_only=True)
class NetworkPage:
    """A network of a suite under one condition.

    Args:
        one: the network.
        truths: what is known of it, by conditions.
    """

    results: Results
    one: SuiteNetwork
    truths: Mapping[str, Mapping[str, Any]]

    @cached_property
    def record(self) -> SuiteNetworkRecord:
        """All that is known of it."""
        rows, one = self.results.rows("network", self.one.name), self.one
        return SuiteNetworkRecord.showing(
            one,
            network=one.digest,
            edges=list(labels_of(one.question)) if one.file else [*map(str, range(one.n_edges))],
            planted=None if one.planted is None else f"{one.planted:x}",
            suite=self.results.suite,
            condition=self.results.condition.key,
            truths=[*self.truths.values()],
            answers=sorted(rows, key=lambda row: 2.0 if row["regret"] is None else row["regret"]),
        )


def find_network(links: Addresses, name: str, options: Mapping[str, Sequence[str]]) -> NetworkPage:
    """The network that an address names; a NotFound where the suite has none of that name."""
    results, rest = results_of(links, options)
    read_query((), rest)
    rows = rows_of(results.suite, "networks", "name = $1", name)
    if not rows:
        cause, cure = "is not one of the suite", "choose one from the page of a method"
        raise NotFound(f"network {name[:60]!r}", cause, cure, "name", results.url(), "the answer key")
    truths = truths_of(results.suite, name)
    if results.condition.key not in truths:
        known = ", ".join(key for key in suite_of(results.suite).summary if key in truths)
        item = f"condition {results.condition.key!r}"
        raise BadQuery(item, "is not known of this network", f"use one of {known}", "condition")
    return NetworkPage(results=results, one=network_of(rows[0]), truths=truths)


def network_blocks(page: NetworkPage, base: str) -> Iterator[Block]:
    """The page; ``base`` is scheme and host before every path."""
    results, one, record = page.results, page.one, page.record
    truth, parts = page.truths[results.condition.key], ("networks", one.name)
    url, rows_url = results.url(*parts), results.url("rows.csv", network=one.name)
    about = f"Arm {one.arm}, {one.cell}, seed {one.seed}: the answer of every method beside the truth."
    yield Head(one.name, about, actions=[share_menu(results, url, rows_url)])
    yield from switches(results, *parts, conditions=lambda suite: truths_of(suite, one.name))
    yield Facts([*_facts(truth, one.n_edges)])
    yield ChartFigure(chart=map_chart(record.answers, record.edges, truth), caption=_MAP, id="map")
    yield Section("Answers", "the least regret first")
    answers = [
        (
            linked(label_of(row["method"]), results.method_url(row["method"])),
            *(row["outcome"], edges_of(row), row["regret"], row["valid"]),
        )
        for row in record.answers
    ]
    labels, causes = ("Method", "Outcome", "Edges", "Regret", "Valid"), [row["message"] or "" for row in record.answers]
    yield Table.plain(labels, answers, causes)
    if one.file:
        yield Figure(draw_network(one.question, title=one.name), "The network.")
    yield More("The truth", lambda: [_truths(record)], "under each condition that is known", id="truth")
    yield citation(results, f"{one.name} of the answer key", url, base)


def _facts(truth: Mapping[str, Any], n_edges: int) -> Iterator[Fact]:
    yield Fact("Valid circuits", exact(truth["n_valid"]), truth["condition"])
    for label, value in (("Smallest", truth["smallest"]), ("Backbone", _kept(truth))):
        yield Fact(label, "none" if value is None else exact(value), f"of {noun(n_edges, 'edge')}")


def _kept(truth: Mapping[str, Any]) -> int:
    """Edges of the backbone."""
    return int(truth["backbone"], 16).bit_count()


def _truths(record: SuiteNetworkRecord) -> Table:
    rows = []
    for each in record.truths:
        minimal = None if each["minimal"] is None else len(each["minimal"])
        rows.append((*map(each.get, ("condition", "n_valid", "smallest")), _kept(each), minimal))
    return Table.plain(("Condition", "Valid circuits", "Smallest", "Backbone", "Minimal"), rows)
