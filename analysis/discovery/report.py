"""Report of the answers of discovery methods about a subject."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from pluriscope.analysis.discovery.audit import audit, location_json
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.discovery.registry import METHODS, default_methods
from pluriscope.analysis.discovery.sweep import sweep
from pluriscope.analysis.discovery.ties import decide
from pluriscope.analysis.errors import InvalidMethod
from pluriscope.analysis.methods.report import Analysed, Mask, Part, Report, Settings
from pluriscope.analysis.methods.settings import Value
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.question import part as part_of

MAX_JUDGED: Final = 200_000
"""Circuits up to which answers are judged by criteria, since minimality looks at all of them."""


class AnswerFound(Part):
    """An answer of a method; its location is written as in audit files."""

    method: str
    settings: dict[str, Any]
    default: bool = Field(description="Whether these are the method's default settings.")
    outcome: str
    raw_mask: Mask | None
    faithfulness: float | None
    fragile: bool
    place: dict[str, Any] | None
    ties: dict[str, Any] | None = Field(None, description="Ties that it rests on, as audit files have them.")


class MethodsReport(Report):
    """The answers of every method under every setting that was tried."""

    thorough: bool = Field(description="Whether methods that learn were asked too.")
    complete: bool = Field(description="Whether every valid circuit is listed.")
    answers: list[AnswerFound]
    refused: dict[str, str] = Field(description="Methods that could not be asked, with the reason.")

    @property
    def defaults(self) -> dict[str, dict[str, Any]]:
        """The places of the answers under default settings, by method."""
        return {one.method: one.place for one in self.answers if one.default and one.place is not None}

    def findings(self, question: SubjectQuestion) -> list[str]:
        """Summarise the default answers, baselines counted like any other; the sizes of those that ask the judge stand
        apart.
        """
        part, defaults = part_of(question), self.defaults
        if not defaults:
            return ["No method came to a circuit."]
        valid = [location for location in defaults.values() if location["valid"]]
        distinct = len({location["mask"] for location in defaults.values()})
        reply = (
            f"Under default settings {len(valid)} of {len(defaults)} methods, baselines among them, answer with "
            f"a valid circuit, and they give {distinct} different answer{'' if distinct == 1 else 's'}."
        )
        more: list[str] = []
        judged = {key for key, method in METHODS.by_key.items() if method.asks_judge}
        unaided = [one for key, one in defaults.items() if one["valid"] and key not in judged]
        if sizes := sorted(location["edges"] for location in unaided):
            least = min((location["excess"] for location in unaided if location["excess"] is not None), default=None)
            span = f"{sizes[0]}" if sizes[0] == sizes[-1] else f"{sizes[0]} to {sizes[-1]}"
            need = f"; the smallest has {least} more than needed" if least else "; one is smallest"
            size = f"{span} {part}s{'' if least is None else need}"
            more.append(f"Those found without asking which circuits are valid have {size}.")
        random = defaults.get("random")
        if random is not None:
            words = "is valid too" if random["valid"] else "is not valid"
            many = f"{random['edges']} {part}{'' if random['edges'] == 1 else 's'}"
            more.append(f"A random order of {part}s {words}, with {many}.")
        deleted = defaults.get("random-deletion")
        if deleted is not None:
            more.append(f"Deleting {part}s in a random order while the circuit stays valid leaves {deleted['edges']}.")
        tied = sum(one.default and one.ties is not None and decide(one.ties) for one in self.answers)
        more += [f"Ties decide whether {tied} of the answers {'is' if tied == 1 else 'are'} valid."] if tied else []
        return [reply, " ".join(more)] if more else [reply]


def find(of: Analysed[SubjectQuestion], settings: Settings, work: Work = DEFAULT_WORK) -> MethodsReport:
    """Run every method under its settings; only those that learn load torch."""
    methods, judges = METHODS.of(of.question.kind), of.search is None or len(of.search.masks) <= MAX_JUDGED
    landscape = landscape_of(of.question, of.search, work=work, judges=judges, stored=of.stored)
    asked = [one for one in default_methods(of.question.kind) if settings.thorough or not one[0].learns]
    if landscape.swept is not None:
        asked = sweep(methods.values(), landscape.swept, thorough=settings.thorough)
    barred: dict[Value, str] = {}
    for ablation in landscape.ablations:
        try:
            landscape.under(ablation)
        except InvalidMethod as problem:
            barred[ablation] = f"{problem.cause[:1].upper()}{problem.cause[1:]}."
    refused = {method.label: barred[given["ablation"]] for method, given in asked if given.get("ablation") in barred}
    admitted = {None, *landscape.ablations} - {*barred}
    found = audit(landscape, [one for one in asked if one[1].get("ablation") in admitted], work=work)
    answers = [
        AnswerFound.showing(
            one.answer,
            context=landscape.graph,
            method=one.method,
            settings=dict(one.settings),
            default=dict(one.settings) == methods[one.method].defaults,
            place=one.location and location_json(one.location, landscape.graph, complete=landscape.complete),
            ties=one.ties and dict(one.ties),
        )
        for one in found
    ]
    return MethodsReport(complete=landscape.complete, answers=answers, refused=refused, thorough=settings.thorough)
