"""The driver: plan, estimate, write every page and what lies beside it, then the front page, README and manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.data import data_file_json
from analysis.network_files.files import network_file_json
from analysis.progress import Progress, Report, silent
from analysis.protocol import BUILT_IN, Protocol
from app.db.codecs import network_file_of
from app.db.reads import analyses as reads
from app.db.tables import AnalysisRow, NetworkRow
from app.figures.numbers import exact, noun
from app.main import create_app
from app.offline.client import OK, InProcess
from app.offline.errors import CannotExport
from app.offline.folder import MANIFEST, check_target, free_bytes, replacing, write_manifest
from app.offline.front import cited, front, not_included
from app.offline.markup import parse
from app.offline.names import FRONT, NOT_INCLUDED, file_of, join, normal, split
from app.offline.planning import Wish, plan
from app.offline.rewriting import Rewriter, inline_parts
from app.offline.selection import LISTS, SITE_PAGES, Part, Selection, Subject, Titled
from app.rendering import show
from app.resources import RESOURCES
from app.settings import Settings
from pluriscope.naming import Scope
from pluriscope.templating import Place, shown_at

_WIDTH: Final = 100
FORMAT: Final = "pluriscope-offline/1"
ROOM_TO_SPARE: Final = 1.25
MOST_BYTES_KEPT: Final = 1_000_000  # of one answer that the size was estimated by; few are asked for
_LOADED: Final = re.compile(r"""url\(["']?([^"')]+)["']?\)""")


@dataclass(frozen=True)
class Written:
    """What was written.

    Args:
        files: how many.
        bytes: together.
        pages: how many of the files are pages.
    """

    files: int
    bytes: int
    pages: int


def write_site(
    settings: Settings,
    wish: Wish,
    target: Path,
    *,
    base_url: str = "",
    force: bool = False,
    report: Report = silent,
    tell: Callable[[str], None] = lambda _: None,
) -> Written:
    """Write a copy of some networks' pages that is read from a disk.

    Args:
        settings: of the dashboard whose store is read.
        wish: what is wanted.
        target: the folder.
        base_url: address of a live site that links to pages outside of the copy lead to, "" for none.
        force: replace an earlier copy in the folder.
        report: progress.
        tell: takes sentences for people.

    Raises:
        CannotExport: nothing is stored of what is wanted, or the folder or disk is in the way.
        StoreError: the store cannot be opened, or has no such network.
    """
    check_target(target, force=force)
    live = base_url.rstrip("/")
    # it is its own only visitor, who calls it by no name
    own = {"prefix": "", "public_url": live, "trusted_hosts": "*"}
    app = create_app(settings.model_copy(update=own))
    with InProcess(app) as site:
        with app.state.store.read() as session:
            scopes, files = _stored(session, wish)
        report(Progress("planning", 0, 1))
        selection = plan(site, wish, scopes)
        for subject in selection.subjects:
            subject.files.extend(Titled(title, name) for title, name, _ in files[subject.slug])
        report(Progress("planning", 1, 1, f"{len(selection.pages)} pages"))
        maker = _Maker(site, selection, live)
        _state_size(maker, target, tell)
        try:
            with replacing(target) as folder:
                copy = _Copy(maker, folder)
                for chosen in files.values():
                    for _, name, document in chosen:
                        copy.write(name, json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
                copy.write_pages(report)
                copy.write_results()
                copy.write_front()
                copy.write_static()
                copy.write_contents()
                n_files = write_manifest(folder)
                n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        except OSError as error:
            raise CannotExport(
                f"folder {str(target)!r}",
                f"cannot be written ({error.strerror or error})",
                "make room or choose another place",
                ours=True,
            ) from None
    return Written(n_files, n_bytes, len(copy.pages))


NamedFile = tuple[str, str, dict[str, Any]]


def _stored(session: Session, wish: Wish) -> tuple[dict[str, list[tuple[Scope, str]]], dict[str, list[NamedFile]]]:
    """The analyses to copy, and the files from which they can be made again, by the networks' slugs.

    Raises:
        CannotExport: a network is named twice, or was not analysed under one of the protocols.
    """
    scopes: dict[str, list[tuple[Scope, str]]] = {}
    files: dict[str, list[NamedFile]] = {}
    for name in wish.networks:
        row = reads.find_network(session, name)
        if row.slug in scopes:
            continue
        found: list[tuple[Scope, str]] = []
        network = network_file_json(network_file_of(row))
        needed: list[NamedFile] = [("Network file", f"networks/{row.slug}/network.json", network)]
        if wish.output is not None:
            reads.check_output(row, wish.output)
        for protocol_name in wish.protocols:
            protocol = reads.find_protocol(session, protocol_name)
            stored = _analyses(session, row, protocol, wish.output)
            if not stored:
                raise CannotExport(
                    f"network {row.slug!r}",
                    f"has no finished analysis under protocol {protocol_name!r}",
                    f"choose among {_analysed_under(session, row)}, or let `pluriscope work` finish it first",
                )
            key = next((key for key, known in BUILT_IN.items() if known.digest == protocol.digest), "")
            if not key:
                short = protocol.digest[:12]
                document = protocol.model_dump(mode="json")
                needed.append((f"Protocol {protocol.name}", f"protocols/{short}.json", document))
            for analysis in stored:
                data = reads.find_data(session, analysis.data_digest, row.sizes[0])
                digest = "" if data.is_clean else data.digest[:12]
                scope = Scope(analysis.output, key or protocol.digest[:12], digest)
                words = f"protocol {protocol.name}" + (f", output {analysis.output}" if row.sizes[-1] > 1 else "")
                found.append((scope, words + (f", data {digest}" if digest else "")))
                name_of_data = f"data/{digest}.json"
                if digest and all(name_of_data != file for _, file, _ in needed):
                    needed.append((f"Data record {digest}", name_of_data, data_file_json(data)))
        scopes[row.slug], files[row.slug] = found, needed
    return scopes, files


def _analyses(session: Session, row: NetworkRow, protocol: Protocol, output: int | None) -> list[AnalysisRow]:
    """Stored analyses of a network under a protocol, by output, those on clean inputs first."""
    query = select(AnalysisRow).where(
        AnalysisRow.network_id == row.id, AnalysisRow.so_far == "", AnalysisRow.protocol_digest == protocol.digest
    )
    if output is not None:
        query = query.where(AnalysisRow.output == output)
    clean = reads.find_data(session, "", row.sizes[0]).digest
    found = session.scalars(query)
    return sorted(found, key=lambda one: (one.data_digest != clean, one.data_digest, one.output))


def _analysed_under(session: Session, row: NetworkRow) -> str:
    query = select(AnalysisRow.protocol_digest).where(AnalysisRow.network_id == row.id, AnalysisRow.so_far == "")
    digests = set(session.scalars(query))
    names = sorted(next((k for k, p in BUILT_IN.items() if p.digest == digest), digest[:12]) for digest in digests)
    return ", ".join(names) or "none (it was not analysed at all)"


def _state_size(maker: _Maker, target: Path, tell: Callable[[str], None]) -> None:
    """Say how large the copy will be, measured on three pages of each kind: the first, one in the middle, the last.

    Raises:
        CannotExport: there is not that much room on the disk.
    """
    by_kind: dict[str, list[str]] = {}
    for page, kind in maker.selection.pages.items():
        by_kind.setdefault(kind, []).append(page)
    estimate = 0.0
    for kind, pages in by_kind.items():
        if kind == "front":
            continue
        sample = dict.fromkeys((pages[0], pages[len(pages) // 2], pages[-1]))
        once: dict[str, int] = {}  # a list has one table, however many pages
        each = 0
        for page in sample:
            made = maker.look_at(page)
            each += len(made.text.encode())
            for address in made.files:
                if kind in LISTS and file_of(address).endswith(".csv"):
                    once[address] = maker.size(address)
                else:
                    each += maker.size(address)
        estimate += each * len(pages) / len(sample) + sum(once.values())
    free = free_bytes(target)
    tell(
        f"{len(maker.selection.pages)} pages and what lies beside them, about {_megabytes(estimate)}; "
        f"{_megabytes(free)} free"
    )
    if estimate * ROOM_TO_SPARE > free:
        raise CannotExport(
            f"disk of {str(target)!r}",
            f"has {_megabytes(free)} left and the copy takes about {_megabytes(estimate)}",
            "make room, choose another place, or lower --limit",
            ours=True,
        )


def _megabytes(n: float) -> str:
    return f"{n / 1e6:,.1f} MB"


@dataclass(frozen=True)
class _Made:
    """A page as the copy holds it.

    Args:
        text: its markup.
        name: its file.
        files: addresses of files beside pages to which it links.
    """

    text: str
    name: str
    files: tuple[str, ...]


class _Maker:
    """Makes pages of the application into pages of one copy, each once.

    Args:
        site: the application.
        selection: what is in the copy.
        live: address of the live site without a slash at the end, "" if there is none.
    """

    def __init__(self, site: InProcess, selection: Selection, live: str) -> None:
        self.site = site
        self.selection = selection
        self.live = live
        self.rewriter = Rewriter(selection, live, self._panel)
        self._looked_at: dict[str, _Made] = {}
        self._sizes: dict[str, int] = {}
        self._bodies: dict[str, bytes] = {}

    def look_at(self, page: str) -> _Made:
        """A page, kept until it is taken."""
        self._looked_at[page] = made = self.take(page)
        return made

    def take(self, page: str) -> _Made:
        """A page, made now unless somebody looked at it before.

        Raises:
            CannotExport: the application does not answer with a page.
        """
        if page in self._looked_at:
            return self._looked_at.pop(page)
        answer = self.site.get(page)
        if answer.status != OK:
            raise CannotExport(f"page {page[:200]!r}", f"was answered with status {answer.status}", "report it")
        return self.rewrite(answer.text, page, file_of(page))

    def size(self, address: str) -> int:
        """The bytes of what lies beside a page; what is not large is kept until it is saved."""
        if address not in self._sizes:
            answer = self.site.get(address)
            self._sizes[address] = len(answer.body)
            if answer.status == OK and len(answer.body) <= MOST_BYTES_KEPT:
                self._bodies[address] = answer.body
        return self._sizes[address]

    def save(self, address: str, path: Path) -> None:
        """Write what lies beside a page to a file."""
        body = self._bodies.pop(address, None)
        if body is None:
            self.site.save(address, path)
        else:
            path.write_bytes(body)

    def rewrite(self, text: str, address: str, name: str) -> _Made:
        """A page of the application, or of the copy's own, as a file of this name."""
        tree = parse(text)
        inline_parts(tree, self._part)
        text = self.rewriter.rewrite(tree, address, name)
        files = tuple(self.rewriter.files)
        self.rewriter.files.clear()
        return _Made(text, name, files)

    def _part(self, address: str) -> str:
        answer = self.site.get(address, fragment=True)
        return answer.text if answer.status == OK else ""

    def _panel(self, address: str, texts: Mapping[str, str]) -> str:
        """The panel for passing a page on, without what needs a server."""
        path, options = split(address)
        given = dict(options)
        slug = given.get("network") or path.split("/")[2]
        scope_files = {
            "network": f"networks/{slug}/network.json",
            "protocol": f"protocols/{given.get('protocol', '')}.json",
            "data": f"data/{given.get('data', '')}.json",
        }
        known = {file.url for subject in self.selection.subjects for file in subject.files}
        drawing = self.selection.data(join(f"{path}/drawing.svg", options)) if path != "/compare" else ""
        given_files = {key: file for key, file in scope_files.items() if file in known}
        with shown_at(Place("", address)):
            panel = cited(normal(address), self.live, texts, given_files, drawing)
            return panel.html(panel.id)


class _Copy:
    """One copy while it is written."""

    def __init__(self, maker: _Maker, folder: Path) -> None:
        self.maker = maker
        self.site, self.selection, self.live = maker.site, maker.selection, maker.live
        self.folder = folder
        self.pages: dict[str, str] = {}

    def path(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name: str, text: str) -> None:
        self.path(name).write_text(text, encoding="utf-8", newline="\n")

    def write_pages(self, report: Report) -> None:
        """Every planned page, each with what lies beside it."""
        planned = [page for page in self.selection.pages if page != "/"]
        for done, page in enumerate(planned, start=1):
            self._write_page(page)
            report(Progress("pages", done, len(planned), f"{done} of {len(planned)}"))

    def _write_page(self, page: str) -> None:
        self._write_made(page, self.maker.take(page))
        if page not in SITE_PAGES:
            self._save(self.selection.addresses.twin(page))

    def _write_made(self, page: str, made: _Made) -> None:
        """One page with the files to which it links."""
        self.pages[page] = made.name
        self.write(made.name, made.text)
        for address in made.files:
            self._save(address)

    def _save(self, address: str) -> None:
        path = self.path(file_of(address))
        if not path.exists():
            self.maker.save(address, path)

    def write_results(self) -> None:
        """The result file of every analysis."""
        for page, kind in self.selection.pages.items():
            if kind == "network":
                self._save(self.selection.result(page))

    def write_front(self) -> None:
        """The front page, and the one that links to what is not in the copy lead to."""
        pages = {FRONT: front(self.selection, self.live), NOT_INCLUDED: not_included(self.selection)}
        for name, blocks in pages.items():
            answer = show(self.site.request("/"), blocks, room="Explore")
            self._write_made(f"/{name}", self.maker.rewrite(bytes(answer.body).decode(), "/", name))

    def write_static(self) -> None:
        """Styles, scripts and fonts that the pages load, with the licences that lie beside them."""
        waiting = sorted(self.maker.rewriter.static)
        written: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in written:
                continue
            written.add(name)
            content = (RESOURCES / name).read_bytes()
            self.path(name).write_bytes(content)
            folder = Path(name).parent
            if name.endswith(".css"):
                for found in _LOADED.findall(content.decode()):
                    if not found.startswith(("data:", "#")):
                        waiting.append((folder / found).as_posix())
            stem = Path(name).name.split("-")[0].lower()
            for licence in sorted((RESOURCES / folder).glob("*LICENSE*")):
                if licence.name.lower().startswith(stem[:4]):
                    waiting.append((folder / licence.name).as_posix())

    def write_contents(self) -> None:
        """README.txt for people, contents.json for scripts."""
        subjects = [
            {
                "slug": subject.slug,
                "name": subject.name,
                "digest": subject.digest,
                "analyses": [
                    {
                        "output": part.scope.output,
                        "protocol": part.scope.protocol,
                        "data": part.scope.data,
                        "included": {share.noun: {"n": share.included, "of": share.of} for share in part.shares},
                    }
                    for part in subject.parts
                ],
            }
            for subject in self.selection.subjects
        ]
        document = {
            "format": FORMAT,
            "engine": ENGINE_VERSION,
            "live": self.live,
            "limit": self.selection.limit,
            "networks": subjects,
            "pages": {page: self.pages[page] for page in sorted(self.pages)},
        }
        self.write("contents.json", json.dumps(document, ensure_ascii=False, indent=1) + "\n")
        self.write("README.txt", readme(self.selection, self.live, len(self.pages)))


def readme(selection: Selection, live: str, n_pages: int) -> str:
    """The text, lines of at most 100 characters where words allow it."""
    names = ", ".join(subject.name for subject in selection.subjects)
    several = len(selection.subjects) > 1
    parts = [
        f"Pluriscope, an offline copy\n{'=' * 27}",
        _wrapped(
            f"Every valid explanation of {names}, side by side: {exact(n_pages)} pages of a Pluriscope dashboard as "
            "files. Open index.html in a browser; no server and no connection is needed. Nothing is loaded from "
            "elsewhere."
        ),
        _wrapped(
            f"Made by Pluriscope engine {ENGINE_VERSION}. Nothing in the files tells when: the same store gives the "
            "same bytes."
        ),
        *(_subject(subject) for subject in selection.subjects),
        "What is not here\n----------------\n"
        + _wrapped(
            "Links to pages that are not part of the copy are marked. "
            + (f"They lead to {live}. " if live else "They lead to not-included.html. ")
            + "There is the list of explanations with the first of each kind, and of each kind as many pages as show "
            f"{exact(selection.limit)} rows. Of each kind of explanation there are {exact(selection.limit)} at most "
            f"({exact(selection.most_interpretations)} interpretations). "
            "Whole lists are in the tables: networks/NAME/explanations.csv. "
            "What computes is not here: forms, filters, the choice of what to "
            "compare, re-verification on the spot, jobs and training."
        ),
        "Data\n----\n"
        + _wrapped(
            "Pages have JSON twins below api/v2, as the dashboard answers them; addresses in these are "
            "those of the dashboard. contents.json tells which file holds which address. Tables other than "
            "explanations.csv begin with lines that say what they hold; drawings are SVG."
        ),
        "How to check it\n---------------\n"
        + _wrapped("The files are as they were written if this says OK of each:")
        + f"\n\n    sha256sum --check --quiet {MANIFEST}\n    shasum -a 256 --check --quiet {MANIFEST}    (macOS)\n\n"
        + _wrapped(
            f"The numbers are found again from the weights of {'each network' if several else 'the network'} with "
            "Pluriscope, by the engine alone, without a database:"
        )
        + "\n\n"
        + "\n".join(_commands(subject) for subject in selection.subjects)
        + "\n\n"
        + _wrapped(
            "The result is the same as the result file in this copy but for the seconds it took, and for criteria, "
            "which a dashboard judges later. One explanation is checked by its address, which its page names under "
            "“Cite and verify”:"
        )
        + "\n\n    pluriscope verify ADDRESS --network networks/NAME/network.json",
    ]
    return "\n\n".join(parts) + "\n"


def _wrapped(text: str) -> str:
    return fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _subject(subject: Subject) -> str:
    lines = [
        subject.name,
        "-" * len(subject.name),
        f"{subject.shape}, SHA-256 {subject.digest}",
        *([_wrapped(subject.attribution)] if subject.attribution else []),
        *(f"{file.title}: {file.url}" for file in subject.files),
    ]
    for part in subject.parts:
        lines += ["", f"{part.title[:1].upper()}{part.title[1:]}:", *_shares(part)]
        lines.append(
            f"  {noun(len(part.comparisons), 'comparison')}, {noun(len(part.presets), 'sequence')} of criteria"
        )
    return "\n".join(lines)


def _shares(part: Part) -> list[str]:
    told = []
    for share in part.shares:
        of = "" if share.of is None else f" of {exact(share.of)}"
        text = f"{exact(share.included)}{of} {share.noun}s ({share.order})"
        told.append(fill(text, _WIDTH, initial_indent="  ", subsequent_indent="    "))
    return told


def _commands(subject: Subject) -> str:
    lines = []
    for part in subject.parts:
        short = part.scope.protocol
        known = {file.url for file in subject.files}
        protocol = f"protocols/{short}.json" if f"protocols/{short}.json" in known else short
        data = f" --data data/{part.scope.data}.json" if part.scope.data else ""
        options = f"--protocol {protocol}{data} --output result.json"
        line = f"    pluriscope analyse networks/{subject.slug}/network.json {options}"
        if line not in lines:
            lines.append(line)
    return "\n".join(lines)
