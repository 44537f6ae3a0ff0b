"""A circuit of somebody's own: a form that takes one, and where it stands. The address holds it all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

from markupsafe import Markup
from pydantic import Field

from analysis.discovery.audit import location_json, null_json
from analysis.discovery.claims import FORMS, Claim, Vocabulary, read_claim, vocabulary_of
from analysis.discovery.landscape import Landscape
from analysis.discovery.mechanistic_validity import in_terms
from analysis.discovery.method import Answer
from analysis.discovery.part_names import PartNames
from analysis.discovery.ties import ties_json
from analysis.errors import AnalysisError, InvalidClaim
from analysis.method_settings import filled, read_values
from analysis.subjects.perceptron.circuit import Circuit
from analysis.unlearned import wrong_rows
from pluriscope.analyses.methods import ties_words
from pluriscope.analyses.null import against_null
from pluriscope.analyses.registry import NULL, on_own_rows
from pluriscope.analyses.shown import AnalysisContext, Item, Shown, settings_form
from pluriscope.blocks import Action, Block, Figure, Form, Head, More, Notice, Prose, Section, Side, Table, Verdict
from pluriscope.figures.numbers import noun

MAX_TEXT: Final = 8_000
_WAYS: Final = ("text", "mask", "edges", "scores")
"""Options that say what is claimed, each alone; the last three say it as links from earlier do."""
_UNDEFINED: Final = (
    "The whole of it and the empty mask have the same margin or loss on average under this ablation, so faithfulness "
    "is undefined and no mask can be picked by it."
)
_OTHERS: Final = """
[Mechanistic Validity](https://mechanistic-validity.github.io) has 27 criteria. The others ask about further tasks,
prompts, models and training, about the instrument, or about the words of a claim. A search of one network leaves them
open, and so gives no tier.
"""
_ABOUT: Final = "Nothing is kept: the address of the answer holds what you gave."


@dataclass(frozen=True, eq=False)
class _Standing:
    """What somebody gave, among the valid circuits of a subject."""

    of: AnalysisContext

    @property
    def landscape(self) -> Landscape:
        """The valid circuits."""
        return self.of.landscape

    @cached_property
    def about(self) -> Vocabulary:
        """What claims have to be about."""
        return vocabulary_of(self.of.question)

    @property
    def names(self) -> PartNames:
        """Of what masks speak about."""
        return self.about.names

    def read(self, text: str, picking: Mapping[str, Any]) -> Claim:
        """The circuit in a text."""
        if len(text) > MAX_TEXT:
            cause, cure = f"is longer than {MAX_TEXT:,} characters", "locate it in a notebook, with audit(claims=…)"
            raise InvalidClaim("claim", cause, cure)
        return read_claim(text.encode(), self.about, picking)

    def place(self, answer: Answer, own: Any) -> dict[str, Any]:
        """Where an answer stands, as audit files say it; empty where it is no mask."""
        if answer.raw_mask is None:
            return {}
        graph, found = self.landscape.graph, self.landscape.locate(answer.raw_mask, own)
        told = location_json(found, graph, complete=self.landscape.complete)
        return {"raw_mask": graph.to_hex(answer.raw_mask), **told}


def _page(_: None, of: AnalysisContext) -> Iterator[Block]:
    yield from _form(of, {})


def _form(of: AnalysisContext, given: Mapping[str, str]) -> Iterator[Block]:
    """The form, and what it reads."""
    about = _Standing(of).about
    names = about.names
    text = f"Nodes are {names.listed}. Edges are written as in {names.example}; helpful ones have negative scores."
    area: dict[str, Any] = {"control": "textarea", "placeholder": names.example}
    first: dict[str, Any] = {
        "text": (
            str,
            Field(title="A circuit: mask, edges, scores, JSON or GraphML", description=text, json_schema_extra=area),
        )
    }
    yield Section("Another of your own" if any(given.values()) else "Your own", _ABOUT, id="form")
    kept = {"text": next((given[name] for name in _WAYS if given.get(name)), "")}
    model, url = (settings_form(about.settings, of.scope, first), of.links.analysis(of.slug, "claims", None, "given"))
    values = {**given, **kept, **of.scope.query()}
    yield Form(model, url, "Locate it", values, changes=False, primary=not any(given.values()))
    forms = "\n".join(f"- **{one.label}.** {one.about} `{one.example}`" for one in FORMS)
    yield More("What is read", lambda: [Prose(forms, glossary=False)])


def _item(_: None, of: AnalysisContext, key: str, options: Mapping[str, str]) -> Item:
    """Where what an address holds stands; what cannot be read stands in the form, below why."""
    if key != "given":
        raise InvalidClaim(f"page {key[:40]!r}", "is not one of these", "give a circuit in the form")
    given = {name: text.strip() for name, text in options.items() if text.strip()}
    head = Head("Your own answer")
    try:
        return _located(of, given) if given else Item(head.title, lambda: [head, *_form(of, given)])
    except AnalysisError as error:
        refused = Notice.refused(error)
        return Item(head.title, lambda: [head, refused, *_form(of, given)], refused=error)


def _located(of: AnalysisContext, given: Mapping[str, str]) -> Item:
    """The circuit that is given."""
    ways = [name for name in _WAYS if name in given]
    if len(ways) > 1:
        raise InvalidClaim("claim", f"has {' and '.join(ways)}", "give one of them")
    if not ways:
        raise InvalidClaim("claim", "is empty", "give a circuit")
    standing = _Standing(of)
    settings = {name: text for name, text in given.items() if name not in ways}
    picking = read_values(standing.about.settings, settings, "claim")
    filled(standing.about.settings, picking, "claim")  # refuses what is no setting
    text = given[ways[0]]
    claim = standing.read(json.dumps({"mask": text.lower()}) if ways == ["mask"] else text, picking)
    masked = standing.landscape.under(claim.ablation)
    answer = claim.answer(masked)
    place = standing.place(answer, masked if claim.ablation else None)
    record = {"form": claim.form, "outcome": answer.outcome, "faithfulness": answer.faithfulness, **place}
    if claim.note:
        record["note"] = claim.note
    if answer.ways and (ties := ties_json(answer.ways, answer.raw_mask or 0, masked)):
        record["ties"] = ties
    if place:
        null = None if NULL.refuses(of.question) else of.report("null")
        against = null_json(null, place["edges"], place["criteria"]) if null else ()
        record["mechanistic_validity"] = [term.model_dump() for term in in_terms(place, against)]
    return Item("A circuit of your own", partial(_circuit, standing, record, given), record)


# --- a circuit


def _circuit(standing: _Standing, told: Mapping[str, Any], given: Mapping[str, str]) -> Iterator[Block]:
    of = standing.of
    methods = Action("What methods answer", of.links.analysis(of.slug, "methods", of.scope))
    if "mask" not in told:
        yield Head("A circuit of your own", actions=[methods])
        yield Notice("No circuit", _UNDEFINED, "Give k instead of a threshold.", "refused")
        yield from _form(of, given)
        return
    actions = [methods]
    if told["possible"]:
        actions.insert(0, Action("Its page", of.circuit_url(told["mask"])))
        nearest = (told["nearest"] or {}).get("mask")
        if nearest and nearest != told["mask"] and not on_own_rows(of.question):
            url = of.compare([of.ref(told["mask"]), of.ref(nearest)])
            actions.insert(0, Action("Compare with the nearest valid circuit", url, True))
    valid = Verdict("valid", "pass" if told["valid"] else "fail")
    yield Head(f"Your circuit of {noun(told['edges'], of.part)}", _words(told, standing), (valid,), actions)
    if standing.landscape.known.n_valid is None:
        yield Notice("What else is valid is not known", "The circuits were not searched under these rules.")
    drawn = told["mask"] if told["possible"] else told["raw_mask"]
    caption = f"Raw mask {told['raw_mask']}."
    if told["mask"] != told["raw_mask"]:
        caption += f" {told['mask']} is left once what leads nowhere or comes from nowhere is dropped."
    rows = [(label, value) for label, value in _rows(told, standing) if value not in (None, "")]
    yield Side((Figure(of.thumb(drawn), caption), Table.plain(("Among all valid circuits", "It"), rows)))
    if told["valid"] and not NULL.refuses(of.question):
        met = [key for key, passed in (told["criteria"] or {}).items() if passed]
        yield from against_null(of.report("null"), of, told["edges"], met)
    yield Section("In the terms of Mechanistic Validity", id="mechanistic-validity")
    rows = [tuple(one.values()) for one in told["mechanistic_validity"]]
    yield Table.plain(("Criterion", "Validity", "Outcome", "Why"), rows)
    yield More("The other criteria", lambda: [Prose(_OTHERS)])
    yield from _form(of, given)


def _words(told: Mapping[str, Any], standing: _Standing) -> str:
    if not told["possible"]:
        return "What is left is no possible circuit: an input has no edge, or nothing reaches the output."
    question, mask = standing.of.question, int(told["mask"], 16)
    reason = question.judge(mask).reason
    if not told["valid"] and not question.kind.refuses("numbers"):  # which rows, by name
        outputs = question.activations(Circuit(question.layout, mask), question.judged[0])[-1][:, 0]
        reason = wrong_rows(question, outputs) or reason
    which = "one of the valid circuits" if told["valid"] else "a possible circuit, but no valid one"
    return f"It is {which}: {reason}."


def _chance(told: Mapping[str, Any]) -> str:
    chance = told["chance"]
    if chance["valid"] is None:
        return "not known exactly"
    return f"{int(chance['valid']):,} of {int(chance['possible']):,}"


def _rows(told: Mapping[str, Any], standing: _Standing) -> Iterator[tuple[str, Any]]:
    """What is known of a circuit's place, for people."""
    of, names = standing.of, standing.names.drawn
    part, backbone, nearest = of.part, told["backbone"], told["nearest"]
    yield f"More {part}s than the smallest", told["excess"]
    yield "Valid circuits of its size", _chance(told)
    if nearest and nearest["mask"]:
        away = nearest.get("distance", nearest.get("at_most"))
        least = "at most " if "undecided" in nearest else ""
        link = Markup("{}, {}{} away").format(of.circuit(nearest["mask"]), least, noun(away, part))
        yield "Nearest valid circuit", "itself" if told["valid"] else link
        here, there = int(told["mask"], 16), int(nearest["mask"], 16)
        apart = [f"+ {one}" for one in _named(there & ~here, names)] + [
            f"− {one}" for one in _named(here & ~there, names)
        ]
        yield "What separates them", ", ".join(apart)
    if backbone:
        held, of_all = backbone["recall"]
        outside = f", {backbone['extra']} outside it" if backbone["extra"] is not None else ""
        yield f"Backbone {part}s that it holds", f"{held} of {of_all}{outside}"
    yield "Dropped from the raw mask", ", ".join(_named(int(told["raw_mask"], 16) & ~int(told["mask"], 16), names))
    yield "Note", told.get("note")
    yield "Ties", ties_words(told["ties"], part) if "ties" in told else None
    yield "Carried algorithms, beside the network's", told["story"] and told["story"]["relation"]
    for words, wanted in (("passed", True), ("failed", False)):
        keys = [key for key, passed in (told["criteria"] or {}).items() if passed is wanted]
        yield f"Criteria {words}", ", ".join(keys)


def _named(mask: int, names: list[str]) -> list[str]:
    return [name for bit, name in enumerate(names) if mask >> bit & 1]


SHOWN: Final = Shown(_page, item=_item)
