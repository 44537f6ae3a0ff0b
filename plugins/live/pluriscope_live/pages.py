"""Pages of stored live spaces: what was found, each circuit, comparisons."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from itertools import combinations
from typing import Any, Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses, anchor_of
from pluriscope.addresses.naming import Scope
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.errors import BadQuery, NotFound
from pluriscope.app.pages.place import find_network
from pluriscope.app.pages.sharing.share import InShort, Options, Shared, SharedPage
from pluriscope.figures.charts import Axis, Chart, heat_chart
from pluriscope.figures.numbers import exact, noun
from pluriscope.figures.svg.charts import FILE_WIDTH, draw
from pluriscope.page_kit import blocks as kit
from pluriscope.tables.frames import AtHand
from pluriscope.tables.table import Column, Row, read_query
from pluriscope_live.kind import KEY, LIVE
from pluriscope_live.record import Entry, Record, cell_of, jaccard, trust_in_words

NOT_HERE: Final = "was computed where its model is, and nothing of it was recounted here"
_MOST_COMPARED: Final = 6
_MOST_IN_MATRIX: Final = 40
_MOST_LINES: Final = 25
_MOST_COLUMNS: Final = 8
_plain: Final = partial(kit.Prose, glossary=False)
_SCORES: Final = (
    Column("score", "Score", "By the protocol's criterion.", "float", largest_first=True),
    Column("held_out", "Held out", "Score on other rows.", "float", largest_first=True),
    Column("complement", "Complement", "Score of all other units together.", "float"),
    Column("least_gap", "Least gap", "Of a row, from the answer to what it is compared with.", "float", shown=False),
    Column("spare", "Spare", "Units each of which can be removed alone.", "int"),
    Column("wrong", "Rows wrong", "That it decides wrong.", "int"),
)
COLUMNS: Final = (
    Column("circuit", "Circuit", "Its mask in hexadecimal.", "name", first=True, show=lambda row: f"c·{row.ref[:12]}"),
    Column("size", "Units", "That it keeps.", "int", "range"),
    Column("label", "Found by", "The way, or whose it is.", "text", "any"),
    *_SCORES,
    Column("units", "Units kept", "Their names.", "text", orders=False, shown=False),
)


@dataclass(frozen=True)
class Content:
    """Content of a page below its head, with the table that is its file and what can be done."""

    title: str
    sentence: str
    blocks: Sequence[kit.Block]
    table: kit.Table
    actions: Sequence[kit.Action] = ()


@dataclass(frozen=True)
class LivePage(Shared):
    """A page of a stored live space.

    Args:
        path: behind the network's own address.
    """

    session: Session
    links: Addresses
    row: NetworkRow
    path: tuple[str, ...]
    options: Mapping[str, Sequence[str]]

    @cached_property
    def record(self) -> Record:
        found: Record = LIVE.read_file(self.row.document or b"")
        return found

    def at(self, *parts: str, **view: Any) -> str:
        """The address of a page of the same space."""
        return self.links.url(KEY, self.row.slug, *parts, **view)

    def entry(self, key: str) -> Entry:
        """The circuit of a key.

        Raises:
            NotFound: it is not listed.
        """
        for one in self.record.circuits:
            if one.key == key:
                return one
        cause, cure = "is not listed", "choose one of the list"
        raise NotFound(f"circuit {key[:40]!r}", cause, cure, "circuit", self.at(), "the circuits")

    @cached_property
    def content(self) -> Content:
        what = self.path[0] if self.path else ""
        if what == "circuits" and len(self.path) == 2:
            return sheet(self, self.entry(self.path[1]))
        if what not in _PAGES or len(self.path) > 1:
            cause, cure = "is no page of a live space", "choose one of the overview"
            raise NotFound(f"page {what[:40]!r}", cause, cure, "what", self.at(), "the overview")
        return _PAGES[what](self)

    @cached_property
    def blocks(self) -> Sequence[kit.Block]:
        files = {"Record": self.links.network_file(self.row.slug), "JSON": self.links.twin(self.url)}
        if self.path:
            files["CSV"] = self.at(*self.path[:-1], f"{self.path[-1]}.csv", **self.options)
        share = kit.Menu("Share", [kit.Action(*one) for one in files.items()], self.url)
        marks, found = [kit.Verdict("not recounted here", "untested")], self.content
        head = kit.Head(found.title, found.sentence, verdicts=marks, actions=[*found.actions, share])
        words = f"{trust_in_words(self.record.trust)} [How far to trust it](/findings/trust)."
        return [head, *[_plain(words)][: self.record.searches is not None], *found.blocks]

    @property
    def url(self) -> str:
        return self.at(*self.path, **self.options)

    @property
    def in_short(self) -> InShort:
        lines, rules = (("Circuits", self.record.in_short), ("Recounted here", "no")), self.record.rules or "none"
        return InShort("Live space", self.content.title, lines, f"record {self.record.digest[:12]}", rules)

    @property
    def about(self) -> tuple[NetworkRow, Scope]:
        return self.row, Scope()

    @property
    def copied(self) -> str:
        return ""

    def drawn(self, name: str) -> Markup | None:
        found = kit.find(self.blocks, name)
        return draw(found.chart, FILE_WIDTH) if isinstance(found, kit.ChartFigure) else None

    def scripted(self) -> dict[str, Any]:
        """All that the page shows: its facts, and the rows of each table and drawing below the title that it has."""
        found: dict[str, Any] = {"url": self.url, "title": self.content.title, "sentence": self.content.sentence}
        found |= {"recounted_here": False, "facts": {}, "notes": []}
        title = "rows"
        for one in self.blocks:
            if isinstance(one, kit.Section):
                title = anchor_of(str(one.title)).replace("-", "_")
            elif isinstance(one, kit.Facts):
                found["facts"] |= {str(fact.label): f"{fact.value} {fact.protocol}".strip() for fact in one.facts}
            elif isinstance(one, kit.Table):
                found[title] = [dict(row.values) for row in one.found.rows]
            elif isinstance(one, kit.ChartFigure):
                found[one.id] = [dict(zip(one.chart.columns(), row, strict=True)) for row in one.chart.rows()]
            elif isinstance(one, kit.Prose | kit.Notice):
                found["notes"].append(one.text if isinstance(one, kit.Prose) else f"{one.item}. {one.cause}")
        return found


def page_of(session: Session, links: Addresses, parts: Sequence[str], query: Options) -> LivePage:
    """The page that an address names.

    Raises:
        NotFound: there is no such network, or it is of another kind.
    """
    row, options = find_network(session, links, parts[0]), defaultdict[str, list[str]](list)
    if row.kind != KEY:
        page = links.network(row.slug)
        raise NotFound(f"network {row.slug!r}", "is no live space", "look at its page", "network", page, "its page")
    for key, value in query:
        options[key].append(value)
    read_query(() if parts[1:] else COLUMNS, {key: options[key] for key in options if key != "e"})
    return LivePage(session, links, row, tuple(parts[1:]), options)


SHARED: Final = (
    SharedPage("live", "/live/{network}", page_of, NOT_HERE),
    SharedPage("live-page", "/live/{network}/{what}", page_of, NOT_HERE),
    SharedPage("live-circuit", "/live/{network}/{what}/{circuit}", page_of, NOT_HERE),
)


# --- drawings


def _heat(title: str, places: Sequence[tuple[str, str]], use: Sequence[int], whole: int, name: str) -> kit.ChartFigure:
    """A heat map of units by place; those of one place are a bundle.

    Args:
        use: how many circuits keep each unit.
        whole: of how many.
    """
    cells = defaultdict[tuple[str, str], list[int]](list)
    for place, kept in zip(places, use, strict=True):
        cells[place].append(kept)
    rows, columns = ([*dict.fromkeys(sorted((one[at] for one in cells), key=_number))] for at in (0, 1))
    some = [[cells.get((row, column), []) for column in columns] for row in rows]
    values = [[sum(one) / len(one) / whole if one else None for one in line] for line in some]
    single = all(len(one) == 1 for one in cells.values())
    of = "" if len(columns) > _MOST_COLUMNS else "/{}"  # there is no room for more, and the table has shares
    texts = [[_words(one, single, of, whole) for one in line] for line in some]
    named = [f"layer {one}" if one.isdigit() else one for one in rows]
    heads = [f"head {one}" if one.isdigit() else one for one in columns]
    chart = heat_chart(title, named, heads, values, measured=Axis("share kept", low=0, high=1), texts=texts)
    return kit.ChartFigure(chart=chart, caption=f"{title}.", id=name)


def _number(text: str) -> tuple[bool, int, str]:
    found = re.search(r"\d+", text)
    return found is None, int(found[0]) if found else 0, text


def _words(some: Sequence[int], single: bool, of: str, whole: int) -> str:
    if not some or whole > 1:
        return f"{sum(some) / len(some):.3g}" if some else ""
    return ("●" if some[0] else "–") if single else f"{sum(some)}{of.format(len(some))}"


def _drawn(page: LivePage, one: Entry, name: str = "drawing") -> Iterator[kit.ChartFigure]:
    """A circuit as layers × heads, and of edges the bundles between layers."""
    units = page.record.units
    kept = [one.bits >> number & 1 for number in range(len(units))]
    yield _heat(f"{_named(one)}: {one.size} of {noun(len(units), 'unit')}", [*map(cell_of, units)], kept, 1, name)
    ends = [edge.partition(" -> ") for edge in units]
    if all(arrow for _, arrow, _ in ends):
        between = [(f"from {cell_of(writer)[0]}", f"to {cell_of(reader)[0]}") for writer, _, reader in ends]
        yield _heat(f"Edges kept of those between layers, {short(one)}", between, kept, 1, f"{name}-bundles")


def _use(page: LivePage) -> kit.ChartFigure:
    record, n = page.record, len(page.record.circuits)
    title = f"How many of {noun(n, 'circuit')} keep a unit, on average over those of a cell"
    return _heat(title, [*map(cell_of, record.units)], [record.use[name] for name in record.units], n, "drawing")


# --- one space, its circuits


def short(one: Entry) -> str:
    return f"c·{one.key[:12]}"


def _named(one: Entry) -> str:
    return f"{short(one)} ({one.label})" if one.label else short(one)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + ", …" * (len(names) > 8)


def _cut_off(rows: Sequence[Any]) -> list[kit.Block]:
    left = len(rows) - _MOST_LINES
    return [_plain(f"{noun(left, 'more row')}; the file has all of them.")] if left > 0 else []


def _count(rows: str | None) -> int | None:
    return None if rows is None else int(rows, 16).bit_count()


def _rows_in(record: Record, rows: int) -> list[str]:
    return [record.rows[row] if record.rows else f"row {row + 1}" for row in range(record.n_rows) if rows >> row & 1]


def _lines(page: LivePage, some: Sequence[Entry]) -> list[Row]:
    rows = []
    for one in some:
        spare, units = None if one.spare is None else len(one.spare), ", ".join(page.record.names(one.bits))
        values = {column.name: getattr(one, column.name, None) for column in COLUMNS} | {"label": one.label or None}
        values |= {"circuit": one.key, "spare": spare, "wrong": _count(one.wrong), "units": units}
        rows.append(Row(values, ref=one.key, url=page.at("circuits", one.key)))
    return rows


def _says(row: Row) -> str:
    return _few(row["units"].split(", "))


def overview(page: LivePage) -> Content:
    record, query = page.record, read_query(COLUMNS, page.options)
    tray = kit.Tray(f"{page.row.slug}/live", page.at("compare"))
    listing = AtHand(COLUMNS, _lines(page, record.circuits))
    table = kit.Table(listing, query, page.at(), "circuit", says=_says, tray=tray, id="circuits")
    n, of = len(record.circuits), record.minimal or 0
    listed = f"the {n:,} smallest of {of:,}" if n < of else ""
    blocks = [kit.Facts([*_facts(page)]), _plain(record.about), _use(page), kit.Section("Circuits", listed), table]
    blocks += [*_overlaps(page), *_backbone(page)]
    if record.trust:
        where = "means with 95% intervals, where every valid circuit is known; no promise here"
        keys = [*dict.fromkeys(key for row in record.trust for key in row)]
        rows = [[one.get(key, "") for key in keys] for one in record.trust]
        blocks += [kit.Section("How far to trust such a search", where), kit.Table.plain(keys, rows)]
    actions = [kit.Action("Settings", page.links.settings(page.row.slug))]
    return Content(page.row.name, record.verdict, blocks, table, actions)


def _facts(page: LivePage) -> Iterator[kit.Fact]:
    record, sizes = page.record, [one.size for one in page.record.circuits]
    if record.valid is not None and record.tested is not None:
        yield kit.Fact("Valid circuits", exact(record.valid), f"of {exact(record.tested)} masks that were run")
    n = record.minimal if record.complete and record.minimal else len(sizes)
    of = "by " + noun(record.searches, "search", "searches") if record.searches else f"{len(sizes):,} listed"
    yield kit.Fact("Minimal circuits" if record.complete else "Circuits", exact(n), of, "", "#circuits")
    yield kit.Fact("Units of one", f"{min(sizes)} to {max(sizes)}", f"of {len(record.units):,}")
    if record.farthest:
        words = f"shared ÷ all, of {len(record.tight):,} of which nothing can be spared"
        yield kit.Fact("Least overlap", f"{jaccard(*record.farthest):.2f}", words, "", "#overlaps")
    yield kit.Fact(_standing(record), exact(len(record.kept_by_all)), "units", "", "#backbone")


def _standing(record: Record) -> str:
    """What stands for the backbone: exact where every mask was run, and only there."""
    runs = f", {exact(record.runs)} runs" if record.runs else ""
    return "Indispensable" if record.complete else f"Kept by all found ({noun(len(record.circuits), 'circuit')}{runs})"


def sheet(page: LivePage, one: Entry) -> Content:
    """One circuit."""
    record, others = page.record, [each for each in page.record.circuits if each.key != one.key]
    names, both = record.names(one.bits), (one.without, record.without)
    rows = [(name, *(_count(of.get(name)) for of in both), record.use[name] - 1) for name in names]
    labels = ("Unit", "Rows wrong without it", "Of the whole model", f"Kept by others, of {len(others)}")
    (line,) = _lines(page, [one])
    facts = [kit.Fact(column.label, column.text(line)) for column in _SCORES if column.has(line)]
    sentence = f"{one.size} of {noun(len(record.units), 'unit')}, published as a mask; nobody judged it here."
    if record.rules:
        spare = "" if one.spare is None else f"; {_few(one.spare) or 'nothing'} can be spared"
        sentence = f"{one.size} of {noun(len(record.units), 'unit')} suffice by {record.rules}{spare}."
    wrong = _rows_in(record, int(one.wrong or "0", 16))
    blocks: list[kit.Block] = [kit.Facts(facts)] if facts else []
    blocks += [*_drawn(page, one), *[_plain(f"Rows that it decides wrong: {_few(wrong)}.")][: len(wrong)]]
    blocks += [kit.Section("Units", "Each is ablated, too, and of the whole model alone.")]
    blocks += [kit.Table.plain(labels, rows[:_MOST_LINES]), *_cut_off(rows)]
    refs = [one.key, min(others, key=partial(jaccard, one)).key] if others else []
    actions = [kit.Action("Compare", page.at("compare", e=refs), True)][: len(others)]
    title, table = f"Circuit {_named(one)} of {page.row.name}", kit.Table.plain(labels, rows)
    return Content(title, sentence, blocks, table, actions)


# --- comparison


def _chosen(page: LivePage) -> list[tuple[LivePage, Entry]]:
    """The circuits to compare; those that share least where none is named.

    Raises:
        BadQuery: fewer than two, more than six, one twice, or of other units.
    """
    refs, found = page.options.get("e") or [one.key for one in page.record.farthest or ()], []
    if not 2 <= len({*refs}) == len(refs) <= _MOST_COMPARED:
        cause, cure = f"has {noun(len(refs), 'circuit')}", "choose two to six of the list, each once"
        raise BadQuery("a comparison", cause, cure, "e")
    for ref in refs:
        slug, _, key = ref.rpartition("~")
        other = page_of(page.session, page.links, (slug,), ()) if slug and slug != page.row.slug else page
        if other.record.units != page.record.units:
            cause = f"has other units than {page.row.slug!r}, so its masks mean something else"
            raise BadQuery(f"network {slug!r}", cause, "compare circuits of the same units, in the same order", "e")
        found.append((other, other.entry(key)))
    return found


def compare(page: LivePage) -> Content:
    """Two to six circuits: what differs, on which rows they disagree, the intervention that tells them apart."""
    chosen, record, blocks = _chosen(page), page.record, list[kit.Block]()
    some, foreign = [one for _, one in chosen], any(of is not page for of, _ in chosen)
    heads = [f"{of.row.slug} " * (of is not page) + _named(one) for of, one in chosen]
    flags = [(name, [one.bits >> number & 1 for one in some]) for number, name in enumerate(record.units)]
    rows = [(name, *("kept" if one else "–" for one in kept)) for name, kept in flags if 0 < sum(kept) < len(some)]
    digests = {of.record.digest_of_model or "unknown" for of, _ in chosen}
    if foreign and (len(digests) > 1 or "unknown" in digests):
        words = ", ".join(one[:12] for one in sorted(digests))
        cause = f"Units have the same names; the digests of the parameters are {words}."
        blocks.append(kit.Notice("These are not known to be of one model", cause, "What follows is about masks alone."))
    drawn = [figure for number, (of, one) in enumerate(chosen, 1) for figure in _drawn(of, one, f"circuit-{number}")]
    blocks += kit.side_by_side(drawn, 2 if len(drawn) == len(chosen) else 1)
    blocks += [kit.Section("What differs"), kit.Table.plain(("Unit", *heads), rows[:_MOST_LINES]), *_cut_off(rows)]
    blocks += [kit.Section("Rows on which they disagree"), _rows_apart(record, [] if foreign else some, heads)]
    blocks += [
        kit.Section("The intervention that tells them apart", "one unit is ablated, here and in the whole model")
    ]
    blocks += _apart_by(record, [] if foreign else some, heads)
    both = sum(all(kept) for _, kept in flags)
    sentence = f"They share {noun(both, 'unit')}; some of them and not all keep {len(rows):,} of {len(flags):,}."
    table = kit.Table.plain(("Unit", *heads), rows)
    return Content(f"{len(some)} circuits of {page.row.name}", sentence, blocks, table)


def _apart(says: Sequence[int]) -> int:
    """Rows of which not all say the same."""
    return reduce(lambda rows, one: rows | (one ^ says[0]), says, 0)


def _rows_apart(record: Record, some: Sequence[Entry], heads: Sequence[str]) -> kit.Block:
    wrong = [int(one.wrong, 16) for one in some if one.wrong is not None]
    if len(wrong) < max(2, len(some)):
        return kit.Notice("Decisions by row are not known", "Masks alone are here, or they are of two records.")
    if not (apart := _apart(wrong)):
        return _plain(f"None: they decide all {noun(record.n_rows, 'row')} alike. Only interventions tell them apart.")
    rows = [row for row in range(record.n_rows) if apart >> row & 1][:_MOST_LINES]
    says = [["wrong" if one >> row & 1 else "right" for one in wrong] for row in rows]
    lines = [(*_rows_in(record, 1 << row), *of) for row, of in zip(rows, says, strict=True)]
    return kit.Table.plain(("Row", *heads), lines)


def experiments(record: Record, some: Sequence[Entry]) -> list[tuple[str, int, list[int]]]:
    """Ablations of one unit of which circuits say different things, those first that they do on most rows: the unit,
    the number of these rows, and on how many of them each circuit says what the whole model then did.
    """
    found = []
    for number, unit in enumerate(record.units):
        says = [rows for one in some if (rows := one.wrong_without(unit, number)) is not None]
        if len(says) == max(2, len(some)) and unit in record.without and (apart := _apart(says)):
            whole = int(record.without[unit], 16)
            found.append((unit, apart.bit_count(), [(~(one ^ whole) & apart).bit_count() for one in says]))
    return sorted(found, key=lambda one: -one[1])


def _apart_by(record: Record, some: Sequence[Entry], heads: Sequence[str]) -> Iterator[kit.Block]:
    if not (found := experiments(record, some)):
        ran = some and record.without
        yield kit.Notice("None is known", "They say the same of each ablation." if ran else "No ablations were run.")
        return
    unit, n_rows, right = found[0]
    best = _few([head for head, one in zip(heads, right, strict=True) if one == max(right)])
    words = f"Ablate {unit}: they say different things of {noun(n_rows, 'row')}, and the whole model then does what "
    yield _plain(f"{words}{best} says on {max(right)} of them.")
    lines = [(unit, n_rows, *right) for unit, n_rows, right in found[:_MOST_LINES]]
    yield kit.Table.plain(("Ablated", "Rows apart", *(f"{head} is right" for head in heads)), lines)


# --- overlaps and backbone


def _overlaps(page: LivePage) -> Iterator[kit.Block]:
    record, n = page.record, len(page.record.units)
    some = sorted(record.tight, key=lambda one: (one.size, one.bits))[:_MOST_IN_MATRIX]
    rows = []
    for a, b in sorted(combinations(some, 2), key=lambda two: jaccard(*two)):
        shared, least = (a.bits & b.bits).bit_count(), max(1, min(a.size, b.size))
        rows.append((short(a), short(b), shared, round(a.size * b.size / n, 2), shared / least, jaccard(a, b)))
    table = kit.Table.plain(("One", "Other", "Shared", "By chance", "Shared ÷ smaller", "Shared ÷ all"), rows)
    title, names = f"Overlaps of {noun(len(some), 'circuit')}", [*map(short, some)]
    tight = "as published: spare units may lower them" if record.rules is None else "of which nothing can be spared"
    yield kit.Section("Overlaps", f"shared units ÷ all units of two, {tight}", id="overlaps")
    if not rows:
        yield kit.Notice("There is nothing to compare", "It takes two circuits of which nothing can be spared.")
        return
    values = [[jaccard(a, b) for b in some] for a in some]
    texts = [[f"{one:.2f}" for one in line] for line in values]
    urls = [[page.at("compare", e=[a.key, b.key]) if a is not b else "" for b in some] for a in some]
    measured = Axis("shared ÷ all", low=0, high=1)
    chart: Chart = heat_chart(title, names, names, values, measured=measured, texts=texts, urls=urls)
    caption = f"{noun(len(rows), 'pair')}; the {len(some)} smallest of {noun(len(record.tight), 'circuit')}."
    yield kit.ChartFigure(chart=chart, caption=caption, id="overlap")
    yield kit.More("Pairs", lambda: [table], "the least alike first")


def _backbone(page: LivePage) -> Iterator[kit.Block]:
    record, label, rows = page.record, _standing(page.record), list[tuple[Any, ...]]()
    kept, other = {*record.kept_by_all}, "dispensable" if record.rules else "left out by some"
    for number, name in sorted(enumerate(record.units), key=lambda one: -record.use[one[1]]):
        without = next((short(one) for one in record.circuits if not one.bits >> number & 1), "")
        rows.append((name, record.use[name], label if name in kept else other, without))
    labels = ("Unit", f"Kept by, of {len(record.circuits)}", "What that says", "A circuit without it")
    yield kit.Section("Backbone", f"{label}: {_few(record.kept_by_all) or 'none'}", id="backbone")
    yield kit.Table.plain(labels, rows[:_MOST_LINES])
    if rows[_MOST_LINES:]:
        yield kit.More("Every unit", lambda: [kit.Table.plain(labels, rows)])


_PAGES: Final[Mapping[str, Callable[[LivePage], Content]]] = {"": overview, "compare": compare}
