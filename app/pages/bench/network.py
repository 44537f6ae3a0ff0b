"""One network of a suite: the truth about it, and every method's answer on one map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.answer_key.suite import SuiteNetwork
from analysis.network_files.files import parse_network_file
from analysis.subjects.registry import kind_of_file
from app.db.reads.analyses import network_by_digest
from app.db.reads.networks import STUDY_ORIGIN
from app.db.reads.studies import stored_slugs
from app.db.tables import NetworkRow
from app.db.writes import network_row
from app.errors import BadQuery, NotFound, ReadOnly
from app.limits import read_only_in
from app.options import PageModel
from app.pages.bench.charts import answers_chart, map_chart
from app.pages.bench.results import Results, conditions_of, label_of, results_of, suite_of, truths_of
from app.pages.bench.shared import citation, edges_of, share_menu, switches
from pluriscope.address import Addresses
from pluriscope.blocks import Action, Block, ChartFigure, Fact, Facts, Figure, Head, More, Section, Table
from pluriscope.figures.numbers import exact, noun
from pluriscope.tables import read_query
from pluriscope.templating import linked
from pluriscope.views.registry import view_of

_POSITION: Final = 100_000  # behind everything else in any list of networks
_MAP: Final = "Dark: kept. The backbone is in every valid circuit."
_ANSWERS: Final = "Answers by edges."
_SIZES: Final = "Of valid circuits the usual size, from the smallest to the largest."


class SuiteNetworkRecord(PageModel):
    """One network of a suite."""

    name: str
    arm: str
    cell: str
    seed: int
    network: str = Field(description="Its digest.")
    edges: list[str] = Field(description="Names of the bits of masks, bit 0 first; empty where its file is not here.")
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
            edges=list(view_of(one.question).labels(one.question)) if one.file else [],
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
    one = suite_of(results.suite).by_name.get(name)
    if one is None:
        cause, cure = "is not one of the suite", "choose one from the page of a method"
        raise NotFound(f"network {name[:60]!r}", cause, cure, "name", results.url(), "the answer key")
    truths = truths_of(results.suite, name)
    if results.condition.key not in truths:
        known = ", ".join(key for key in conditions_of(results.suite) if key in truths)
        item = f"condition {results.condition.key!r}"
        raise BadQuery(item, "is not known of this network", f"use one of {known}", "condition")
    return NetworkPage(results=results, one=one, truths=truths)


def network_blocks(session: Session, page: NetworkPage, base: str) -> Iterator[Block]:
    """The page; ``base`` is scheme and host before every path."""
    results, one, told = page.results, page.one, page.record
    truth, parts = page.truths[results.condition.key], ("networks", one.name)
    url, rows_url = results.url(*parts), results.url("rows.csv", network=one.name)
    opens = one.digest in stored_slugs(session, [one.digest]) or (one.file and not read_only_in(session))
    action = Action("Open this network here", results.url(*parts, "open"), primary=True)
    said = f"Arm {one.arm}, {one.cell}, seed {one.seed}: the answer of every method beside the truth."
    share = share_menu(results, url, rows_url)
    yield Head(one.name, said, actions=[action, share] if opens else [share])
    yield from switches(results, *parts, known=[key for key in conditions_of(results.suite) if key in page.truths])
    smallest = "none" if truth["smallest"] is None else exact(truth["smallest"])
    sizes = {"Smallest": smallest, "Backbone": exact(edges_of(truth["backbone"]) or 0)}
    facts = [Fact(label, value, f"of {noun(one.n_edges, 'edge')}") for label, value in sizes.items()]
    yield Facts([Fact("Valid circuits", exact(truth["n_valid"]), results.condition.key), *facts])
    caption = f"{_ANSWERS} {_SIZES}" if truth["sizes"] else _ANSWERS
    chart = ChartFigure(chart=answers_chart(told.answers, truth, results), caption=caption, id="answers")
    if told.edges:
        yield ChartFigure(chart=map_chart(told.answers, told.edges, truth), caption=_MAP, id="map")
        yield Figure(view_of(one.question).draws(one.question, title=one.name), "The network.")
    yield chart
    yield Section("Answers", "the least regret first")
    named = [linked(label_of(row["method"]), results.method_url(row["method"])) for row in told.answers]
    rest = (map(row.get, ("outcome", "regret", "valid")) for row in told.answers)
    cells = [[name, *more] for name, more in zip(named, rest, strict=True)]
    yield Table.plain(("Method", "Outcome", "Regret", "Valid"), cells, [row["message"] or "" for row in told.answers])
    yield More("The truth", lambda: [_truths(told)], "under each condition that is known", id="truth")
    yield citation(results, f"{one.name} of the answer key", url, base)


def _truths(told: SuiteNetworkRecord) -> Table:
    rows = []
    for each in told.truths:
        minimal = None if each["minimal"] is None else len(each["minimal"])
        rows.append((*map(each.get, ("condition", "n_valid", "smallest")), edges_of(each["backbone"]), minimal))
    return Table.plain(("Condition", "Valid circuits", "Smallest", "Backbone", "Minimal"), rows)


def stored_network(session: Session, page: NetworkPage) -> NetworkRow | None:
    """The network where it is stored, be it deleted or not; None where it may be.

    Raises:
        ReadOnly: it is not stored, and nothing may be.
        NotFound: it is not stored, and its file is not here.
    """
    row, one = network_by_digest(session, page.one.digest), page.one
    item, back = f"network {one.name!r}", page.results.url("networks", one.name)
    if row is None and read_only_in(session):
        cause = "is not stored, and nothing is stored on a site that is for reading only"
        cure = "use a copy of your own, or ask whoever runs this site"
        raise ReadOnly(item, cause, cure, "name", back, "its page")
    if row is None and not one.file:
        cure = "make the suite, whose folder has it, and import it from there"
        raise NotFound(item, "comes without its file here", cure, "name", back, "its page")
    return row


def store_network(session: Session, page: NetworkPage) -> NetworkRow:
    """Store the network, so that it is found from the suite alone, as networks of studies are."""
    one, raw = page.one, page.one.file.encode()
    file = parse_network_file(raw) if kind_of_file(raw) is None else raw
    row = network_row(file, f"{page.results.suite}-{one.digest[:12]}", STUDY_ORIGIN)
    row.training, row.position, row.created_at = {}, _POSITION, datetime.now(UTC)
    session.add(row)
    session.flush()
    return row
