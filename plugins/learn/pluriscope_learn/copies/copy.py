"""Crawling of the pages of a copy: those chosen, and pages that these lead to, as far as the limits allow."""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urljoin

from sqlalchemy import select
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses, below_api
from pluriscope.addresses.naming import ExplanationRef, Scope
from pluriscope.analyses.registry import EVERY
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.running.progress import Progress, Report, silent
from pluriscope.app.as_file import FRONT, SENTENCE, file_of, normal, rewritten
from pluriscope.app.db.reads.analyses import check_output, find_network, find_question, scope_of
from pluriscope.app.db.tables import AnalysisRow
from pluriscope.app.main import create_app
from pluriscope.app.offline.site import OK, CannotExport, Site, answering
from pluriscope.app.pages.place import place_of
from pluriscope.app.rendering import show
from pluriscope.app.settings import Settings
from pluriscope.page_kit.blocks import Block, Head, Prose, Section, Table
from pluriscope.page_kit.templating import EVERY_PART, PART, linked
from pluriscope.resources import static_file
from pluriscope_learn.copies.folder import NoRoom, check_target, made_at_once

FORMAT: Final = "pluriscope-offline/4"
CONTENTS: Final = "contents.json"
_ABOUT: Final = (
    f"Written by `pluriscope copy`, engine {ENGINE_VERSION}. {SENTENCE} Beside pages lie their JSON (below "
    f"`api/`), tables as CSV and drawings as SVG; `{CONTENTS}` says which file holds which address."
)
_SITE: Final = ("/glossary", "/scope")
_SCOPE: Final = frozenset(("output", "protocol", "data"))
_HREF: Final = re.compile(r'href="([^"#]+)')
_URL: Final = re.compile(r"""url\(["']?([^"')#]+)["']?\)""")
_AT_ONCE: Final = frozenset(one.key for one in EVERY if not one.find)
"""Analyses that are forms, which only a server answers."""
_FORMS: Final = (".svg", ".csv", ".json")


@dataclass(frozen=True)
class Wish:
    """Content of a copy.

    Args:
        networks: slugs or digests.
        protocols: names or digests, each of which must have been used.
        output: index of an output; None for all.
        limit: most explanations of each kind, and rows of each list.
        studies: slugs or digests.
    """

    networks: tuple[str, ...]
    protocols: tuple[str, ...] = ("complete",)
    output: int | None = None
    limit: int = 250
    studies: tuple[str, ...] = ()


@dataclass
class _Copy:
    """A copy while it is made."""

    site: Site
    wish: Wish
    folder: Path
    live: str
    scopes: dict[str, list[Scope]]
    pages: dict[str, str] = field(default_factory=dict)
    _counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _files: dict[str, str] = field(default_factory=dict)

    def crawl(self, report: Report) -> None:
        """Fetch every chosen page, then the pages that these lead to."""
        links = Addresses()
        analyses = [(slug, scope) for slug, scopes in self.scopes.items() for scope in scopes]
        addresses = [links.network(slug, scope) for slug, scope in analyses]
        addresses += [links.url("studies", study) for study in self.wish.studies]
        waiting = deque(dict.fromkeys(map(normal, [*addresses, *_SITE])))
        first, seen = set(waiting), set(waiting)
        while waiting:
            page = waiting.popleft()
            answer = self.site.ask(f"{page}{'&' if '?' in page else '?'}{PART}={EVERY_PART}")
            found = [answer.location] if answer.location else []
            if answer.status == OK:
                self.pages[page] = file_of(page)
                self.path(self.pages[page]).write_bytes(answer.body)
                found = [unescape(one) for one in _HREF.findall(answer.body.decode())]
            elif not found and (page in first or answer.status >= 500):
                raise answer.refused(page)
            for target in (normal(urljoin(page, one)) for one in found):
                if target not in seen and (answer.location or self._is_wanted(target)):
                    seen.add(target)
                    waiting.append(target)
            report(Progress("asking", len(self.pages), len(self.pages) + len(waiting)))

    def _is_wanted(self, address: str) -> bool:
        """Whether a page is in the copy if another leads to it; counts those of which there are limits."""
        path, _, query = address.partition("?")
        options = dict(parse_qsl(query))
        parts = path.strip("/").split("/")
        room, slug, below = parts[0], "".join(parts[1:2]), parts[2:]
        if room == "studies":
            known = options.keys() <= {"figure", "protocol", "by", "start"} and below in ([], ["outcomes"])
            return known and slug in self.wish.studies and int(options.get("start", "0")) < self.wish.limit
        scope = {key: value for key, value in options.items() if key in _SCOPE}
        if not any(scope == one.query() for one in self.scopes.get(slug, ())):
            return False
        further = options.keys() - _SCOPE
        if below == ["explanations"]:
            if further == {"view"}:
                return True
            return further <= {"kind", "valid", "start"} and int(options.get("start", "0")) < self.wish.limit
        if below == ["training"]:
            return further <= {"checkpoint"}
        if below[:1] == ["explanations"] and len(below) == 2 and not further:
            return self._room(slug, str(scope), _kind_of(below[1]))
        return below[:1] == ["analyses"] and len(below) < 3 and not further and below[-1] not in _AT_ONCE

    def _room(self, *kind: str) -> bool:
        self._counts[kind] += 1
        return self._counts[kind] <= self.wish.limit

    def path(self, name: str) -> Path:
        """Path that a file is written to; its folders are made."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def find(self, address: str) -> str:
        """The file of an address; what lies beside a page of the copy is fetched when a page first leads to it."""
        if address in ("/", "/networks"):
            return FRONT
        if address.startswith("/static/"):
            return self._static(address.removeprefix("/").partition("?")[0])
        if address == f"/{CONTENTS}":
            return CONTENTS
        if address not in self.pages and address not in self._files:
            answer = self.site.ask(address) if self._is_beside(address) else None
            name = file_of(address) if answer is not None and answer.status == OK else ""
            if answer is not None and name:
                self.path(name).write_bytes(answer.body)
            self._files[address] = name
        return self.pages.get(address) or self._files[address]

    def _is_beside(self, address: str) -> bool:
        path, question, query = address.partition("?")
        page, options = below_api(path), question + query
        if page != path:
            of = page.rpartition("/")[0].rpartition("/")[2]
            whole = page.endswith(("/file", "/result", "/design", "/data.csv", "/data.json", "/data.parquet"))
            return page + options in self.pages or (whole and of in (*self.scopes, *self.wish.studies))
        stem = path.rpartition(".")[0]
        beside = (stem, stem.rpartition("/")[0], stem.rpartition("/figures/")[0])
        return path.endswith(_FORMS) and any(one + options in self.pages for one in beside)

    def _static(self, name: str) -> str:
        if not (path := self.path(name)).exists():
            source = static_file(name.removeprefix("static/"))
            path.write_bytes(source.read_bytes())
            for licence in source.parent.glob("*LICENSE*"):
                (path.parent / licence.name).write_bytes(licence.read_bytes())
            if name.endswith(".css"):
                for loaded in _URL.findall(path.read_text()):
                    if not loaded.startswith("data:"):
                        self._static(f"{Path(name).parent.as_posix()}/{loaded}")
        return name

    def rewrite(self, report: Report) -> None:
        """Make every page into a file, with what lies beside it."""
        for done, (page, name) in enumerate(self.pages.items(), start=1):
            path = self.path(name)
            path.write_text(rewritten(path.read_text(), page, name, self.find, self.live))
            self.find(normal(Addresses().twin(page)))
            report(Progress("pages", done, len(self.pages), f"{done:,} of {len(self.pages):,}"))
        for slug, scopes in self.scopes.items():
            self.find(normal(Addresses().network_file(slug)))
            for scope in scopes:
                self.find(normal(Addresses().result(slug, Scope(0, scope.protocol, scope.data))))

    def write_front(self) -> None:
        """The front page, and the contents for programs."""
        page = bytes(show(self.site.request(), self._front()).body).decode()
        self.path(FRONT).write_text(rewritten(page, "/", FRONT, self.find, self.live))
        document = {"format": FORMAT, "engine": ENGINE_VERSION, "live": self.live, "pages": self.pages}
        self.path(CONTENTS).write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")

    def _front(self) -> Iterator[Block]:
        names = ", ".join((*self.scopes, *self.wish.studies))
        yield Head("An offline copy", f"{names}: pages of a Pluriscope as files.")
        own = [normal(Addresses().network(slug, scope)) for slug, scopes in self.scopes.items() for scope in scopes]
        others = [page for page in self.pages if page.startswith("/studies") or page in _SITE]
        for title, pages in (("Networks", own), ("Studies and words", others)):
            if pages:
                yield Section(title)
                yield Table.plain(("Page",), [(linked(page.removeprefix("/networks/"), page),) for page in pages])
        yield Section("What this copy is", id="about")
        yield Prose(_ABOUT, glossary=False)


def _kind_of(ref: str) -> str:
    try:
        return ExplanationRef.parse(unquote(ref)).kind
    except ValueError:
        return ""


def write_copy(
    settings: Settings, wish: Wish, target: Path, *, base_url: str = "", report: Report = silent
) -> tuple[int, int]:
    """Write a copy of some networks' and studies' pages that is read from a disk.

    Args:
        settings: of the dashboard whose store is read.
        base_url: address of a live site that links to pages outside of the copy lead to, "" for none.

    Returns:
        how many files there are, and how many bytes.

    Raises:
        CannotExport: nothing is stored of what is wanted, or the folder or disk is in the way.
        PageError: the store cannot be opened, or has no such network.
    """
    check_target(target)
    live = base_url.rstrip("/")
    # it is its own only visitor, who calls it by no name
    app = create_app(settings.model_copy(update={"prefix": "", "public_url": live, "trusted_hosts": "*"}))
    try:
        with answering(app) as site, made_at_once(target) as folder:
            with app.state.store.read() as session:
                scopes = _analysed(session, wish)
            copy = _Copy(site, wish, folder, live, scopes)
            copy.crawl(report)
            copy.rewrite(report)
            copy.write_front()
    except OSError as error:
        cause = f"cannot be written ({error.strerror or error})"
        raise NoRoom(f"folder {str(target)!r}", cause, "make room or choose another place") from None
    sizes = [path.stat().st_size for path in target.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)


def _analysed(session: Session, wish: Wish) -> dict[str, list[Scope]]:
    """The analyses to copy, by the networks' slugs; those on clean inputs first."""
    found: dict[str, list[Scope]] = {}
    for row in dict.fromkeys(find_network(session, name) for name in wish.networks):
        if wish.output is not None:
            check_output(row, wish.output)
        query = select(AnalysisRow).where(AnalysisRow.network_id == row.id)
        scopes = [scope_of(analysis) for analysis in session.scalars(query)]
        found[row.slug] = []
        for name in wish.protocols:
            question = find_question(session, row, Scope(wish.output or 0, name))
            protocol = place_of(session, row, question).scope.protocol
            chosen = [one for one in scopes if one.protocol == protocol and wish.output in (None, one.output)]
            if not chosen:
                others = ", ".join(sorted({one.protocol for one in scopes})) or "none (it was not analysed at all)"
                raise CannotExport(
                    f"network {row.slug!r}",
                    f"has no finished analysis under protocol {name!r}",
                    f"choose among {others}, or let `pluriscope work` finish it first",
                )
            found[row.slug] += sorted(chosen, key=lambda one: (one.data, one.output))
    return found
