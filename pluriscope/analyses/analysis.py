"""The record of an analysis: its question, its cost, the function that computes it and the module that shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import Any, Final, get_type_hints

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analysis.methods.method import lacking
from pluriscope.analysis.methods.report import Report
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.analysis.values.late_functions import function_at

LONGEST: Final = 60_000
"""Milliseconds that work may be expected to take to be begun unasked. As a job's priority: behind all such jobs."""


@dataclass(frozen=True)
class Analysis:
    """An analysis of a network, as a record.

    Args:
        key: in addresses, jobs and the store.
        group: the heading under which it is listed.
        title: of a word or two.
        question: that it answers, one sentence.
        price: how long it takes, a sentence.
        find: path of the function that computes it, as "module:function", of an
            :class:`pluriscope.analysis.methods.report.Analysed`, settings and work; "" where nothing is stored, since a
            page answers at once.
        stages: of its progress: key, name, and what happens in it.
        milliseconds: about how long it takes, from its question. What takes no longer than :data:`LONGEST` is made
            unasked once the circuits are found, the quickest first.
        reads: fields of :class:`pluriscope.analysis.methods.report.Analysed` that it needs beside question and
            circuits.
        needs: traits that the kind of subject must have.
        one_of: traits of which it must have one.
        boolean: whether rows of data have to stand for the Boolean inputs.
        thoroughly: additional work of a thorough run; "" if there is none.
        thorough_needs: traits without which there is none.
        searched: whether it starts from the valid circuits, which may be too many to search.
        version: raised when the same question would get another result.
        methods: path of the registry of its methods, as "module:name"; their versions count as well.
        written: whether it places algorithms that somebody wrote, which later reports hold as well.
        sums: kind of the job whose results it sums up; "" if it has a job of its own.
        sums_on_sites: the same of subjects that no formulas are read of, where that is another one.
        example: options of an address, for an analysis that is answered at once.
        asks: its name in the library, if it is answered at once.
        after_play: words of the link from Play; "" if Play has none.
        page: key of the analysis on whose page it is shown in short, or "compare"; "" if it has a page of its own.
        gathers: keys of others that are shown on its page, and have pages of their own where it does not apply.
        baseline: whether claimed circuits are compared with it: its report's ``against`` takes the edges of a valid
            circuit and the criteria that it meets, and returns records, which ``SHOWN.claimed`` shows.
        shows: path of the module whose ``SHOWN`` shows it; "" for that of its key in this package.
        saves: path of the function that keeps rows beside the report, as "module:function" of the writer's session, the
            stored report and the report that was found; "" where the report is all.
        thumb: path of the function that makes its chart for overviews, as "module:function" of its report; references
            of explanations stand in place of addresses. "" where overviews have no chart.
    """

    key: str
    group: str
    title: str
    question: str
    price: str
    find: str
    stages: tuple[tuple[str, str, str], ...]
    milliseconds: Callable[[Any], float]
    reads: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    boolean: bool = True
    thoroughly: str = ""
    thorough_needs: tuple[str, ...] = ()
    searched: bool = True
    version: int = 1
    methods: str = ""
    written: bool = False
    sums: str = ""
    sums_on_sites: str = ""
    example: Mapping[str, str] = field(default_factory=dict)
    asks: str = ""
    after_play: str = ""
    page: str = ""
    gathers: tuple[str, ...] = ()
    baseline: bool = False
    shows: str = ""
    saves: str = ""
    thumb: str = ""

    def url(self, links: Addresses, slug: str, scope: Scope | None = None) -> str:
        """Address of where it is shown."""
        if self.page == "compare":
            return links.compare(slug, scope=scope)
        return links.analysis(slug, self.page or self.key, scope) + (f"#{self.key}" if self.page else "")

    def follows(self, question: Any) -> bool:
        """Whether it is made unasked once the circuits are found."""
        return self.milliseconds(question) <= LONGEST

    @property
    def finds(self) -> Callable[..., Report]:
        """Function that computes the analysis."""
        found: Callable[..., Report] = function_at(self.find)
        return found

    @cached_property
    def report(self) -> type[Report]:
        """Type of the report; analyses that a page answers at once have no report."""
        report: type[Report] = get_type_hints(self.finds)["return"] if self.find else Report
        return report

    def version_for(self, kind: SubjectKind | None = None) -> int:
        """Version of the results on subjects of a kind, or of the analysis as a whole."""
        return self.version + (function_at(self.methods).n_changes(kind) if self.methods else 0)

    def details(self, *, thorough: bool = False) -> dict[str, Any]:
        """Arguments of the job beside the network."""
        return {"thorough": thorough} if self.thoroughly else {}

    def lacks(self, kind: SubjectKind) -> str:
        """Sentence with the reason why subjects of a kind cannot be analysed so; "" if they can."""
        missing = [lacking(kind, [one]) for one in self.one_of]
        return missing[-1] if missing and all(missing) else lacking(kind, self.needs)

    def summed(self, kind: SubjectKind) -> str:
        """Kind of the job whose results on subjects of a kind it sums up; "" if it has a job of its own."""
        return self.sums_on_sites if self.sums_on_sites and kind.refuses("formulas") else self.sums

    def starts_from_circuits(self, kind: SubjectKind) -> bool:
        """Whether it needs the valid circuits of subjects of a kind; what stands on sites does without."""
        return self.searched and not (self.sums_on_sites and kind.refuses("formulas"))

    def refuses(self, question: SubjectQuestion, planted: object = None) -> str:
        """Sentence with the reason why the analysis does not apply to a question; "" if it does.

        Args:
            question: about a subject of any kind.
            planted: the record of what was planted in it.
        """
        if lacking := self.lacks(question.kind):
            return lacking
        if "planted" in self.reads and planted is None:
            return "Nothing is said to be planted in this network."
        if self.boolean and on_own_rows(question):
            return "The rows of this data record stand for no Boolean inputs, so there are only circuits on it."
        return ""

    def more(self, kind: SubjectKind) -> str:
        """Additional work of a thorough analysis of subjects of a kind; "" if there is none."""
        return "" if lacking(kind, self.thorough_needs) else self.thoroughly


def on_own_rows(question: SubjectQuestion) -> bool:
    """Whether the rows are a data record that stands for no Boolean inputs, though subjects of this kind have such."""
    return isinstance(question, Question) and not question.data.boolean


def about(seconds: float) -> Callable[[Any], float]:
    """Return an estimate that is the same for every question."""
    return lambda _: 1_000 * seconds


def never(_: Any) -> float:
    """Make the analysis only on request."""
    return inf
