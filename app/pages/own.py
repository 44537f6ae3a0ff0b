"""Your own answer: a circuit of a stored network, held against what is known of the valid ones, also while these are
searched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.circuits.result import some_circuits
from pluriscope.analysis.methods.report import Analysed
from pluriscope.analysis.subjects.graph import number_array
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.app.db.analysed import read_analysed
from pluriscope.app.pages.analyses import context_of, known_rules
from pluriscope.app.pages.counted import counts_of
from pluriscope.app.pages.pending_work import missing, progress_of
from pluriscope.app.pages.place import AnyPlace
from pluriscope.app.pages.plan import refused
from pluriscope.app.pages.shared import job_now, known_of, work_state
from pluriscope.objects.counts import Count, count_of
from pluriscope.own_circuits.page import Given, page
from pluriscope.page_kit.blocks import Action, Block, Choice, Notice


@dataclass(frozen=True, eq=False)
class Own:
    """The page.

    Args:
        given: what somebody gave.
        rules: the address of the same under each of some rules.
    """

    given: Given
    rules: Mapping[str, str]

    @classmethod
    def find(cls, session: Session, links: Addresses, place: AnyPlace, options: Mapping[str, str]) -> Own:
        """Read a claim of somebody's own about a network.

        Args:
            options: of the address, but for those that say which analysis.
        """
        known, count = known_circuits_of(session, place)
        waiting = () if place.analysis is not None else [*_waiting(session, links, place)]
        given = Given(replace(context_of(session, place, links), read=lambda: known), count, options, waiting)
        rules = {name: links.claim(place.slug, scope, **options) for name, scope in known_rules(session, place).items()}
        return cls(given, rules)

    def blocks(self) -> Iterator[Block]:
        """The page."""
        return page(self.given, [Choice("Rules", self.rules, next(iter(self.rules)))] if len(self.rules) > 1 else ())


def known_circuits_of(session: Session, place: AnyPlace) -> tuple[Analysed[SubjectQuestion], Count | None]:
    """Stored valid circuits, else those that their search has found by now and the whole network, if it is right."""
    row = place.analysis
    if row is not None and row.circuits_method != "refused":
        return read_analysed(session, row), counts_of(row).valid_circuits
    question = place.question
    whole = (1 << question.graph.n_bits) - 1
    found = known_of(job_now(session, place))
    masks = {*([] if found is None else found.masks), *([whole] if question.judge(whole).valid else [])}
    known = some_circuits(0 if found is None else found.possible, number_array(sorted(masks), question.graph.n_bits))
    return Analysed(question, known), None if found is None else count_of(found)


def _waiting(session: Session, links: Addresses, place: AnyPlace) -> Iterator[Block]:
    """Progress or notice where no analysis is stored."""
    job = job_now(session, place)
    why, _ = refused(session, place)
    if work_state(job) == "computing" and job is not None:
        yield progress_of(job, links, "progress", "The valid circuits are searched")
    elif why:
        yield Notice("The valid circuits are not searched", why)
    else:
        ask = Action("Analyse", links.analyses(place.slug), True, True, dict(place.scope.fields))
        yield missing("How many other circuits are valid", work_state(job), job, ask, links)
