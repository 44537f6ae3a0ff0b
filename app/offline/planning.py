"""From networks and limits to a selection, by asking the JSON twins of the very pages that are to be copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, zip_longest
from typing import Any, Final

from analysis.explanations.registry import RECORDED
from app.addressing import Addresses
from app.bundled import ALICE, ALICE_AND_BOB, BOB
from app.offline.client import OK, InProcess
from app.offline.errors import CannotExport
from app.offline.names import normal
from app.offline.selection import SITE_PAGES, Part, Selection, Share, Subject, Titled, is_reordered
from app.pages.explanations import SHAPES
from pluriscope.kinds.listing import OF_KIND
from pluriscope.naming import ExplanationRef, Scope

ROWS_ASKED: Final = 200
MOST_COMPARED: Final = 6
"""Comparisons taken from each end of each list of suggestions."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants a copy of.

    Args:
        networks: slugs or digests.
        protocols: names or digests, each of which must have been used.
        output: index of an output; None for all.
        limit: most circuits, algorithms and alignments of each analysis, and rows of each list.
        interpretations: most interpretations of each analysis.
        compare: lists of references; every pair of each is compared, and all of it if it has six or fewer.
        studies: slugs or digests.
    """

    networks: tuple[str, ...]
    protocols: tuple[str, ...] = ("complete",)
    output: int | None = None
    limit: int = 250
    interpretations: int = 250
    compare: tuple[tuple[str, ...], ...] = ()
    studies: tuple[str, ...] = ()


def plan(site: InProcess, wish: Wish, scopes: dict[str, list[tuple[Scope, str]]]) -> Selection:
    """The selection for some networks.

    Args:
        site: the application.
        wish: what is wanted.
        scopes: slug → its analyses to copy, each with words for people; never empty.

    Raises:
        CannotExport: a reference to compare that is none, which is told at once, or that names nothing.
    """
    for refs in wish.compare:
        _check_references(refs)
    selection = Selection(wish.limit, wish.interpretations)
    selection.add("front", "/")
    for slug, chosen in scopes.items():
        subject = _subject(site, selection, slug, chosen[0][0])
        selection.subjects.append(subject)
        for scope, title in chosen:
            part = Part(slug, scope, title)
            subject.parts.append(part)
            _Planner(site, selection, wish, part).plan()
    for study in wish.studies:
        _plan_study(site, selection, study, wish.limit)
    for page in SITE_PAGES:
        if site.get(page).status == OK:
            selection.add("site", page)
    return selection


def _check_references(refs: Sequence[str]) -> None:
    for text in refs:
        try:
            ExplanationRef.parse(text)
        except ValueError:
            raise CannotExport(
                f"explanation {text[:80]!r}",
                "is no reference",
                f"write it as a comparison's address does: {SHAPES}",
            ) from None


def _subject(site: InProcess, selection: Selection, slug: str, scope: Scope) -> Subject:
    network = site.json(Addresses().twin(selection.addresses.network(slug, scope)))["network"]
    shape = "-".join(map(str, network["sizes"]))
    return Subject(slug, network["name"], network["digest"], shape, network.get("attribution") or "")


def _plan_study(site: InProcess, selection: Selection, study: str, limit: int) -> None:
    """A study with its networks under each protocol, grouped as its page offers.

    Raises:
        CannotExport: there is no such study.
    """
    links = selection.addresses
    first = site.get(links.twin(links.study(study)))
    if first.status != OK:
        raise CannotExport(
            f"study {study[:80]!r}", "is not stored here", "choose one that `pluriscope study list` names"
        )
    page = site.json(links.twin(links.study(study)))
    selection.studies.append(Titled(page["name"], page["url"]))
    waiting, seen = [page], {page["url"]}
    while waiting:
        page = waiting.pop()
        selection.add("study", page["url"])
        for link in [*page["protocols"], *page["by_options"]]:
            if link["url"] not in seen:
                seen.add(link["url"])
                waiting.append(site.json(links.twin(link["url"])))
        address, shown = page["outcomes_url"], 0
        while address and shown < limit:
            selection.add("study-outcomes", address)
            listed = site.json(links.twin(address))
            shown += len(listed["items"])
            address = listed["next_url"] or ""


class _Planner:
    """Plans one analysis."""

    def __init__(self, site: InProcess, selection: Selection, wish: Wish, part: Part) -> None:
        self.site = site
        self.selection = selection
        self.wish = wish
        self.part = part
        self.links = selection.addresses

    def plan(self) -> None:
        slug, scope, links = self.part.network, self.part.scope, self.links
        self.selection.add("network", links.network(slug, scope))
        if not self._twin(links.network(slug, scope))["scope"]["data"]["boolean"]:
            self._add_explanations("circuit")
            self._circuits()  # there is nothing else on such rows
            return
        self._add_explanations(*OF_KIND)
        self._add_common_ground()
        self._funnel()
        self._recorded()
        directions = self._directions()
        circuits = self._circuits()
        interpretations = self._interpretations(circuits)
        alignments = self._algorithms()
        self._comparisons(circuits, interpretations, alignments, directions)

    def _twin(self, address: str) -> Any:
        return self.site.json(self.links.twin(address))

    def _pages(self, bare: str) -> Iterator[str]:
        """The pages of a list in its own order, until it ends or shows as many rows as the limit says."""
        shown, address = 0, bare
        while address and shown < self.wish.limit:
            yield address
            page = self._twin(address)
            shown += len(page["items"])
            address = self._behind(page)

    def _behind(self, page: Any) -> str:
        """The address of the page behind one of a list, by its twin; "" behind the last."""
        return self.links.page_of(page.get("next_url") or page.get("next") or "")

    def _add_explanations(self, *kinds: str) -> None:
        """The list of explanations, which shows the first of each kind, and all pages of each kind."""
        slug, scope = self.part.network, self.part.scope
        self.selection.add("explanations", self.links.explanations(slug, scope))
        for kind in kinds:
            bare = self.links.explanations(slug, scope, kind=kind)
            if self._twin(bare)["total"]:
                self.selection.add("explanations", *self._pages(bare))

    def _add_common_ground(self) -> None:
        """Its pages, and the first page of each other order to which they lead."""
        bare = self.links.common_ground(self.part.network, self.part.scope)
        self.selection.add("common-ground", *self._pages(bare))
        home = normal(bare)
        waiting = [home]
        while waiting:
            for address in _addresses_in(self._twin(waiting.pop(0))):
                if is_reordered(address, home) and not self.selection.has_page(address):
                    self.selection.add("common-ground", address)
                    waiting.append(normal(address))

    def _items(self, bare: str, most: int) -> tuple[list[dict[str, Any]], int | None]:
        """The first items of a list in its own order, and how many there are in all."""
        found: list[dict[str, Any]] = []
        total: int | None = None
        address = bare + ("&" if "?" in bare else "?") + f"limit={min(most, ROWS_ASKED)}"
        while address and len(found) < most:
            page = self._twin(address)
            total = page.get("total", page.get("n_candidates", total))
            found += page["items"]
            address = self._behind(page)
        return found[:most], total

    def _funnel(self) -> None:
        slug, scope = self.part.network, self.part.scope
        bare = self.links.funnel(slug, scope)
        self.selection.add("funnel", bare)
        for preset in self._twin(bare).get("presets", ()):
            self.selection.add("funnel", preset["url"])
            self.part.presets.append(Titled(preset["label"], preset["url"]))

    def _directions(self) -> list[dict[str, Any]]:
        """Each class of directions that was searched, its kept alignments, and where two contradict.

        Every class is listed page by page; valid alignments are taken, each once.
        """
        slug, scope, most = self.part.network, self.part.scope, self.wish.limit
        bare = self.links.directions(slug, scope)
        classes = [one for one in self._twin(bare)["classes"] if one["state"] == "done"]
        found: dict[str, dict[str, Any]] = {}
        if classes:
            self.selection.add("directions", bare)
        for one in classes:
            address, shown = one["url"], 0
            while address and shown < most:
                self.selection.add("directions", address)
                page = self._twin(address)
                shown += len(page["items"])
                for entry in page["items"]:
                    found |= {item["ref"]: item for item in entry["items"] if item["valid"]}
                address = page.get("next_url") or ""
        chosen = list(found.values())[:most]
        self.selection.add("direction", *(item["url"] for item in chosen))
        if classes:
            order = "valid ones of every class searched, each once"
            self.part.shares.append(Share("alignment on directions", len(chosen), len(found), order, bare))
        if slug == ALICE_AND_BOB and scope == Scope():
            self._compare((ALICE, BOB), "Alice and Bob")
        return chosen

    def _recorded(self) -> None:
        """What was found of each kind stored as columns, in the order of its list."""
        for kind in RECORDED:
            bare = self.links.explanations(self.part.network, self.part.scope, kind=[kind.key], sort="kind")
            if self._twin(bare)["pending"]:
                continue
            items, total = self._items(bare, self.wish.limit)
            if items:
                self.selection.add("explanation", *(item["url"] for item in items))
                self.part.shares.append(Share(kind.noun, len(items), total, "in the order in which they were found"))

    def _circuits(self) -> list[dict[str, Any]]:
        slug, scope = self.part.network, self.part.scope
        bare = self.links.circuits(slug, scope)
        circuits, total = self._items(bare, self.wish.limit)
        for circuit in circuits:
            self.selection.add("circuit", circuit["url"])
        self.part.shares.append(Share("circuit", len(circuits), total, "fewest edges first", bare))
        return circuits

    def _interpretations(self, circuits: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Representatives of observed classes: the first of every circuit, then the second of every circuit, …"""
        slug, scope = self.part.network, self.part.scope
        columns: list[list[dict[str, Any]]] = []
        wanted = self.wish.interpretations
        counts = self._twin(self.links.network(slug, scope)).get("counts") or {}
        for circuit in circuits[:wanted]:
            observed = self.links.interpretations(slug, circuit["mask"], scope, classes="observed")
            columns.append(self._twin(observed)["items"])
        ranks = zip_longest(*columns)
        chosen = [item for rank in ranks for item in rank if item is not None][:wanted]
        self.selection.add("interpretation", *(item["url"] for item in chosen))
        order = "one of an observed class each: the first class of every circuit here, then the second"
        of = int(counts.get("interpretations_observed") or 0)
        self.part.shares.append(Share("interpretation", len(chosen), of, order))
        return chosen

    def _algorithms(self) -> list[dict[str, Any]]:
        """Algorithms in the order of their list, then alignments: valid ones, then the best that fail."""
        slug, scope, most = self.part.network, self.part.scope, self.wish.limit
        bare = self.links.algorithms(slug, scope)
        algorithms, total = self._items(bare, most)
        self.selection.add("explanations", *self._pages(bare))
        self.selection.add("algorithm", *(item["url"] for item in algorithms))
        kept = self.links.explanations(slug, scope, kind="alignment", valid="any", sort="iia", order="desc")
        chosen, of = self._items(kept, most)
        self.selection.add("alignment", *(one["url"] for one in chosen))
        shares = self.part.shares
        shares.append(Share("algorithm", len(algorithms), total, "in the order of their list", bare))
        shares.append(Share("alignment", len(chosen), of, "of those kept: valid ones, then the best that fail"))
        return chosen

    def _comparisons(
        self,
        circuits: Sequence[dict[str, Any]],
        interpretations: Sequence[dict[str, Any]],
        alignments: Sequence[dict[str, Any]],
        directions: Sequence[dict[str, Any]],
    ) -> None:
        for chosen in self.wish.compare:
            self._chosen(chosen)
        if self.wish.compare:
            return
        if len(directions) > 1:
            self._compare([item["ref"] for item in directions[:2]])
        first = [items[0]["ref"] for items in (circuits, interpretations, alignments) if items]
        if len(first) > 1:
            self._compare(first)

    def _chosen(self, refs: tuple[str, ...]) -> None:
        if 2 < len(refs) <= MOST_COMPARED:
            self._compare(refs)
        for pair in combinations(refs, 2):
            self._compare(pair)

    def _compare(self, refs: Sequence[str], title: str = "") -> None:
        address = self.links.compare(self.part.network, refs, self.part.scope)
        page = self._twin(address)  # refused here, before anything is written, if a reference names nothing
        self._add_comparison(title or " · ".join(refs), page.get("url") or address)

    def _add_comparison(self, title: str, address: str) -> None:
        self.selection.add("comparison", address)
        if all(known.url != address for known in self.part.comparisons):
            self.part.comparisons.append(Titled(title, address))


def _addresses_in(value: Any) -> Iterator[str]:
    """Every address within the site that a JSON value holds."""
    if isinstance(value, str):
        if value.startswith("/networks/"):
            yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _addresses_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from _addresses_in(one)
