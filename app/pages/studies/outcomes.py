"""The networks of a study one by one, whatever became of them, as one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from analysis.studies.measures.measure import Measured
from analysis.studies.outcome import CONVERGED, values_of
from analysis.studies.sources import DRAWN, SOURCES
from analysis.studies.summary import Record
from app.addressing import Addresses
from app.db.reads.studies import stored_slugs, studies_of_network
from app.db.studies import design_of
from app.figures.numbers import bounded_text
from app.figures.svg.marks import verdict_mark
from app.pages.place import Place
from app.pages.studies.figures import value_text
from app.pages.studies.page import protocol_named
from app.pages.studies.study import Study
from pluriscope.blocks import Action, Block, Choice, Head, Prose, Table
from pluriscope.naming import Scope, protocol_key
from pluriscope.records import MAX_EXACT_IN_JSON, RowsRecord, rows_record
from pluriscope.tables import AtHand, Column, Query, Row, Selection, read_query

ID: Final = "outcomes"
MOST_WORDS: Final = 6  # of a set, in a table
MOST_ANSWERS: Final = 12  # measures of answers that are columns, where there are no others
_FOR_CELLS: Final = ("told", "undo")  # values in words, and where a deletion is undone
_OF_TRAINING: Final = ("state", "epochs", "loss", "seed")


@dataclass(frozen=True)
class Asked:
    """Which networks of a study, under which protocol."""

    study: Study
    protocol: str
    table: Table

    def record(self) -> RowsRecord:
        """The same as JSON."""
        links, table = self.study.links, self.table
        found = table.listing.select(table.query)
        return rows_record(found, table.query, lambda start: links.twin(table.page_at(start)), _FOR_CELLS)


def asked(session: Session, study: Study, options: Mapping[str, Sequence[str]]) -> Asked:
    """What an address asks for.

    Raises:
        BadQuery: a protocol that the study does not have.
        InvalidOption: an option or a value that the list does not have.
    """
    links, slug = study.links, study.line.slug
    given = dict(options)
    protocol = protocol_named(study, "".join(given.pop("protocol", [])[-1:]))
    columns = _columns(study)
    listing = Outcomes(session, study, protocol, columns)
    files = {"CSV": links.study_data(slug, "csv")}
    kept = {} if protocol == next(iter(study.protocols)) else {"protocol": protocol}
    here, query = links.study_outcomes(slug), read_query(columns, given)
    return Asked(study, protocol, Table(listing, query, here, "network", files=files, kept=kept, id=ID))


def outcome_blocks(found: Asked) -> Iterator[Block]:
    """The page."""
    study, links = found.study, found.study.links
    rules = {name: links.study_outcomes(study.line.slug, protocol=name) for name in study.protocols}
    of = Markup('Every network of <a href="{}">{}</a>.').format(study.line.url, study.line.name)
    choices = [Choice("Protocol", rules, found.protocol)] if len(rules) > 1 else []
    yield Head("All networks", of, actions=choices)
    words = SOURCES[study.summary.design.source].judged_on
    if words:
        yield Prose(f"The study judged its networks on {words}; on clean inputs other numbers hold.", glossary=False)
    yield found.table


def _columns(study: Study) -> tuple[Column, ...]:
    summary, cells = study.summary, [cell.name for cell in study.summary.cells]
    measures = [one for one in summary.measures.values() if not one.of_answer]
    states = (CONVERGED, *sorted({state for _, state in study.summary.states if state != CONVERGED}))
    places = tuple(map(str, range(len(cells))))
    cell = partial(Column, "cell", "Cell", "By position from 0.", "text", "any", shown=False, orders=False)
    return (
        Column("network", "Network", "Its cell and seed.", "name", first=True, orders=False, show=_name),
        cell(choices=places, words=lambda position: cells[int(position)]),
        Column("seed", "Seed", "Of its training.", "int", shown=False),
        Column("state", "Outcome", "How training ended.", "text", "any", choices=states, words=_words, show=_state),
        Column("message", "Why", "Why it failed.", "text", shown=False, orders=False),
        Column("digest", "Digest", "SHA-256 of the network.", "text", shown=False, orders=False),
        Column("epochs", "Epochs", "Of its training.", "int"),
        *([] if summary.design.source == DRAWN else [Column("loss", "Loss", "Mean over its last epoch.", "float")]),
        *(
            Column(
                one.key,
                one.label,
                one.definition,
                "float" if one.numeric else "text",
                orders=one.kind != "set",
                largest_first=one.numeric,
                show=lambda row, key=one.key: row["told"].get(key, ""),  # type: ignore[misc]
            )
            for one in measures or list(summary.measures.values())[:MOST_ANSWERS]
        ),
    )


def _words(state: str) -> str:
    return state.replace("_", " ")


def _name(row: Row) -> Markup | str:
    undo, name = row["undo"], str(row["network"])
    return Markup('{} <span class="muted">deleted.</span> <a href="{}">Undo</a>').format(name, undo) if undo else name


def _state(row: Row) -> Markup:
    mark = verdict_mark("pass" if row["state"] == CONVERGED else "fail")
    said = Markup('<span class="glyph">{}</span> <span title="{}">{}</span>')
    return said.format(mark, row["message"] or "", _words(row["state"]))


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of a stored study as a list, in the order of cells and seeds; of one on its way as far as they were
    summed up.
    """

    session: Session
    study: Study
    protocol: str
    columns: tuple[Column, ...]

    def select(self, query: Query, facets: bool = True) -> Selection:
        """Some outcomes, and how many there are of each state and cell."""
        light = [_Light({}, record=record, protocol=self.protocol) for record in self.study.summary.records]
        found = AtHand(self.columns, light).select(query, facets)
        shown = [row.record for row in found.rows if isinstance(row, _Light)]
        return replace(found, rows=tuple(self._shown(shown)))

    def _shown(self, records: Sequence[Record]) -> Iterator[Row]:
        stored = stored_slugs(self.session, [one.network for one in records if one.network])
        links, design = self.study.links, self.study.summary.design
        key = next(protocol_key(one) for one in design.protocols if one.name == self.protocol)
        for one in records:
            slug, gone = stored.get(one.network or "", ("", False))
            here = links.network(slug, Scope(protocol=key, data=one.data))
            undo = links.network(slug) if gone else ""
            yield _row(self.study, self.columns, one, self.protocol, here if slug and not gone else "", undo)


@dataclass(frozen=True, kw_only=True)
class _Light(Row):
    """An outcome as far as it is sorted and filtered by; values are read when they are asked for."""

    record: Record
    protocol: str

    def __getitem__(self, name: str) -> Any:
        if name in _OF_TRAINING:
            return getattr(self.record, name)
        if name == "cell":
            return str(self.record.position)
        entry = next(iter(self.record.figures.get(self.protocol, ())), {}).get(name)
        return None if entry is None else Measured.from_json(entry).value


def _row(study: Study, columns: Sequence[Column], row: Record, protocol: str, url: str, undo: str) -> Row:
    """One outcome."""
    [outputs] = values_of({protocol: row.figures.get(protocol, ())}).values()
    measured = {one.name: [output[one.name] for output in outputs if one.name in output] for one in columns}
    told = {name: " | ".join(map(value_words, found)) for name, found in measured.items() if found}
    values = {one.name: getattr(row, one.name) for one in columns if one.name in (*_OF_TRAINING, "message")}
    values["cell"] = str(row.position)
    values["network"] = f"{study.summary.cells[row.position].name}, seed {row.seed}"
    values["digest"] = row.network
    for name, text in told.items():
        number = measured[name][0].value if len(measured[name]) == 1 else None
        is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
        values[name] = safe_in_json(number) if is_number else text
    return Row(values | {"told": told, "undo": undo}, ref=values["digest"] or "", url=url)


def counted_by_study(session: Session, links: Addresses, place: Place) -> tuple[str, Action] | None:
    """How many valid circuits a study counted at a place, in a sentence, and the way to its networks."""
    for row, outcome in studies_of_network(session, place.row.digest):
        name = next((one.name for one in design_of(row).protocols if one.digest == place.protocol_digest), "")
        told = [output.get("circuits-valid") for output in outcome.figures.get(name, ())]
        same_rows = place.question.record.is_clean == (outcome.data_digest is None)
        if same_rows and place.scope.output < len(told) and (n := told[place.scope.output]) is not None:
            words = f"{row.name} counted {value_words(Measured.from_json(n))} valid circuits here and listed none."
            return words, Action("Networks of the study", links.study_outcomes(row.slug, protocol=name))
    return None


def value_words(measured: Measured) -> str:
    """A value for people, with its bound or interval where it is not exact."""
    value = measured.value
    if isinstance(value, int) and not isinstance(value, bool) and not measured.exact:
        if measured.low is None or measured.high is None:
            # of a search that stopped before anything was found, 0 says nothing
            return bounded_text(value, "at_least" if value else "unknown")
        return bounded_text(value, "about", round(measured.low), round(measured.high))
    if value is None:
        return "n/a"
    if isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, tuple):
        rest = len(value) - MOST_WORDS
        text = ", ".join(value[:MOST_WORDS]) + (f" and {rest:,} more" if rest > 0 else "") or "none"
    else:
        text = value if isinstance(value, str) else value_text(value)
    if measured.exact:
        return text
    return f"≥ {text}" if measured.low is None else f"≈ {text}"


def safe_in_json(value: Any) -> Any:
    """A value that JSON holds exactly: text for integers that not every reader of JSON does."""
    big = isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_EXACT_IN_JSON
    return str(value) if big else value
