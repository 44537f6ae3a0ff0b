"""The search: a text → groups of results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.models import all_models
from app.db.reads import finding
from app.db.reads.studies import all_studies
from app.db.tables import NetworkRow
from app.pages.models.models import matches
from app.pages.search.explanations import LOOKED_IN, Finder, is_formula, reference_in
from app.pages.search.known import actions_named, section_named, terms_named
from app.pages.search.views import MOST_IN_GROUP, TITLES, Group, GroupKey, Hit, SearchOptions, SearchPage

MOST_WORDS: Final = 8
Looked = tuple[list[Hit], bool, str]
"""Hits, whether there are more, and what was not looked through."""


def build_search(session: Session, addresses: Addresses, options: SearchOptions) -> SearchPage:
    """What a text names. Without a text: the first networks and everything that can be done."""
    text = " ".join(options.q.split())
    search = _Search(session, addresses, text, options.limit)
    ways: dict[GroupKey, Callable[[], Looked]] = {
        "networks": search.networks,
        "explanations": search.explanations,
        "studies": search.studies,
        "terms": search.terms,
        "actions": search.actions,
        "study-networks": search.study_networks,
    }
    groups, notes = [], []
    for key, title in TITLES.items():
        if options.kind not in ("", key):
            continue
        hits, more, note = ways[key]()
        notes += [note] if note else []
        if hits:
            url = addresses.search(q=text, kind=key, limit=MOST_IN_GROUP)
            groups.append(Group(key=key, title=title, hits=hits, more=more, url=url))
    return SearchPage(
        q=text,
        kind=options.kind,
        groups=groups,
        note=" ".join(notes),
        all_url=addresses.search(q=text),
        url=addresses.search(**options.model_copy(update={"q": text}).view_of()),
    )


class _Search:
    """One text, looked for in each group."""

    def __init__(self, session: Session, addresses: Addresses, text: str, limit: int) -> None:
        self._session = session
        self._addresses = addresses
        self._text = text
        self._limit = limit
        self._words = text.lower().replace(",", " ").split()[:MOST_WORDS]
        self._is_formula = is_formula(text)

    def networks(self) -> Looked:
        rows, more = finding.networks_named(self._session, self._words, self._limit)
        models = [row for row in all_models(self._session) if self._words and matches(row, self._text.lower())]
        hits = [*(self._page_of(row) for row in rows), *self._pages_named(rows)]
        hits += [
            Hit(kind="model", label=row.name, detail="model of another kind", url=self._addresses.model(row.slug))
            for row in models
        ]
        return hits[: self._limit], more or len(hits) > self._limit, ""

    def study_networks(self) -> Looked:
        if not self._words:
            return [], False, ""
        rows, more = finding.study_networks_named(self._session, self._words, self._limit)
        return [self._page_of(row) for row in rows], more, ""

    def _page_of(self, row: NetworkRow) -> Hit:
        tasks = ", ".join(str(task["name"] or "unnamed task") for task in row.tasks)
        detail = f"{'–'.join(map(str, row.sizes))}, {tasks} · {row.slug}"
        return Hit(kind="network", label=row.name, detail=detail, url=self._addresses.network(row.slug))

    def _pages_named(self, found: Sequence[NetworkRow]) -> list[Hit]:
        """Pages of networks that the text names by a word such as sandbox, where it names no network by itself."""
        if found or len(self._words) < 2:
            return []
        hits = []
        section, words = section_named(self._addresses, "any", self._words)
        if section is None:
            return []
        rows, _ = finding.networks_named(self._session, words, self._limit)
        for row in rows:
            section, _ = section_named(self._addresses, row.slug, self._words)
            if section is not None:
                hits.append(Hit(kind="page", label=section.label, detail=row.name, url=section.url))
        return hits

    def explanations(self) -> Looked:
        finder = Finder(self._session, self._addresses, self._limit)
        hits, note = finder.by_formula(self._text) if self._is_formula else [], ""
        named, words = reference_in(self._words)
        if named is not None:
            found, more = finder.by_reference(named, words)
            hits = [*found, *hits]
            if more:
                note = (
                    f"Circuits were looked for in the first {LOOKED_IN} networks; add a network's name to look in "
                    "another."
                )
        return hits[: self._limit], len(hits) >= self._limit, note

    def studies(self) -> Looked:
        hits = []
        for row in all_studies(self._session) if self._words else ():
            question = str(row.design["question"])
            if all(word in f"{row.name} {row.slug} {question}".lower() for word in self._words):
                hits.append(Hit(kind="study", label=row.name, detail=question, url=self._addresses.study(row.slug)))
        return self._cut(hits)

    def terms(self) -> Looked:
        return self._cut(terms_named(self._addresses, self._words) if self._words and not self._is_formula else [])

    def actions(self) -> Looked:
        hits = [] if self._is_formula else actions_named(self._addresses, self._words)
        return (hits, False, "") if not self._words else self._cut(hits)

    def _cut(self, hits: list[Hit]) -> Looked:
        return hits[: self._limit], len(hits) > self._limit, ""
