"""The record of your own answer, for pages, JSON, the library and commands: a circuit that a reader gives, among all
valid circuits of a network; and its sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.discovery.audit import Baseline, location_json, null_json
from pluriscope.analysis.discovery.claims import Claim
from pluriscope.analysis.discovery.landscape import Landscape, distance
from pluriscope.analysis.discovery.masked_subject import MaskedSubject
from pluriscope.analysis.discovery.mechanistic_validity import in_terms
from pluriscope.analysis.discovery.neighbours import Neighbours, distinguish, neighbours_of, row_name, valid_beside
from pluriscope.analysis.discovery.part_names import names_of
from pluriscope.analysis.discovery.ties import ties_json
from pluriscope.analysis.numerics.large_numbers import estimate, interval
from pluriscope.analysis.questions.decisions import NEITHER, decide, decided_right, margin_to_edge
from pluriscope.analysis.subjects.graph import Graph, number_array
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.numbers import enumerated, exact, noun, plural
from pluriscope.objects.counts import Count

MAX_ROWS: Final = 64
"""Most rows in an answer; of more those that are wrong come first."""
_NAMED: Final = 4
"""Wrong rows, and edges that differ, up to which each is named."""
_SURE: Final = 2
"""Bits that differ up to which none is nearer, where every mask that differs in one was tried."""
LATE: Final = (
    "To decide every criterion takes too long here. A worker decides those of an analysis that is asked for; locate() "
    "in a notebook takes the time that it needs."
)
UNDEFINED: Final = (
    "The whole of it and the empty mask have the same margin or loss on average under this ablation, so faithfulness "
    "is undefined and no mask can be picked by it. Give k instead of a threshold."
)


def own_answer(
    landscape: Landscape[SubjectQuestion], claim: Claim, count: Count | None, null: Baseline | None = None
) -> dict[str, Any]:
    """Record of a claimed circuit as JSON values: validity, neighbours, location, every quick criterion, and ties.

    Args:
        landscape: the circuits that are known.
        count: how many are valid, as far as that is known.
        null: the null networks that a valid one is held against, if any.
    """
    masked = landscape.under(claim.ablation)
    answer = claim.answer(masked)
    reply: dict[str, Any] = {"form": claim.form, "outcome": answer.outcome, "faithfulness": answer.faithfulness}
    if claim.note:
        reply["note"] = claim.note
    if answer.raw_mask is None:
        return reply | {"state": "undefined", "sentence": UNDEFINED}
    reply |= standing(landscape, answer.raw_mask, count)
    reply |= location(landscape, answer.raw_mask, masked if claim.ablation else None, null)
    if answer.ways and (ties := ties_json(answer.ways, answer.raw_mask, masked)):
        reply["ties"] = ties
    return reply


def location(
    landscape: Landscape[SubjectQuestion], raw: int, own: MaskedSubject | None, null: Baseline | None = None
) -> dict[str, Any]:
    """Location of a mask among the valid circuits as audit files have it, with every criterion that is judged
    quickly.
    """
    reply = location_json(landscape.locate(raw, own), landscape.graph, complete=landscape.complete)
    against = null_json(null, reply["edges"], reply["criteria"]) if null else ()
    late = {"late": LATE} if landscape.work.is_over else {}
    return {**reply, **late, "mechanistic_validity": [term.model_dump() for term in in_terms(reply, against)]}


def standing(landscape: Landscape[SubjectQuestion], raw: int, count: Count | None) -> dict[str, Any]:
    """First part of a mask's record: whether it is valid and by how much, its answer on each row, the number of valid
    circuits, the nearest and the farthest of these, and the runs in which they differ from it.

    Args:
        landscape: the circuits that are known.
        raw: any mask.
        count: how many are valid, as far as that is known.
    """
    question, graph, known = landscape.question, landscape.graph, landscape.known
    left = landscape.left(raw)
    mask, names = left.mask, part_names(graph)
    rows = _rows(question, mask)
    verdict = question.judge(mask) if left.possible else None
    valid = verdict is not None and verdict.valid
    masks, sure = known.masks, 1
    # a circuit beside this one may be valid and not listed; models whose runs take long are not asked that often
    if not known.complete and (landscape.judges_quickly or not question.kind.refuses("neurons")):
        sure = _SURE
        masks = np.union1d(masks, number_array(valid_beside(landscape.under(""), raw), graph.n_bits))
    near = neighbours_of(mask, masks)
    others = [one for one in dict.fromkeys((near.nearest, near.farthest)) if one is not None]
    apart = dict(zip(others, distinguish(question, mask, others), strict=True))

    def rival(one: int | None) -> dict[str, Any] | None:
        if one is None:
            return None
        return {
            "mask": graph.to_hex(one),
            "edges": one.bit_count(),
            "differs": distance(one, mask),
            "shared": (one & mask).bit_count(),
            "added": _named(one & ~mask, names),
            "left_out": _named(mask & ~one, names),
            "apart": asdict(apart[one]) if left.possible else None,
        }

    wrong = [row["row"] for row in rows if not row["right"]]
    reply = {
        "raw_mask": graph.to_hex(raw),
        "mask": graph.to_hex(mask),
        "state": "valid" if valid else "not valid" if left.possible else "no circuit",
        "reason": verdict.reason if verdict is not None else why_no_circuit(graph, mask),
        "edges": mask.bit_count(),
        "left_over": _named(raw & ~mask, names),
        "margin": None if verdict is None else verdict.margin,
        "wrong": wrong,
        "rows": sorted(rows, key=_nearness)[:MAX_ROWS] if len(rows) > MAX_ROWS else rows,
        "n_rows": len(rows),
        "circuits": _count_json(count, near, valid=valid),
        "listed": len(masks),
        "all_listed": known.complete,
        "smallest": _smallest(known, masks),
        "smallest_known": known.fewest is not None,
        "nearest_other": rival(near.nearest),
        "nearest_known": known.complete or (near.nearest is not None and distance(near.nearest, mask) <= sure),
        "farthest": rival(near.farthest),
        "by_distance": list(near.by_distance),
    }
    return {**reply, "sentence": " ".join(part for part in sentence(reply, graph.cut[:-1]) if part)}


def _nearness(row: Mapping[str, Any]) -> tuple[bool, float]:
    """Wrong rows before right ones, then those nearest to another answer."""
    return row["right"], row["gap" if "gap" in row else "margin"]


def _smallest(known: CircuitSearch, masks: NDArray[Any]) -> int | None:
    """Edges of the smallest valid circuit that is known; those tried in order of size are in no distribution."""
    if known.fewest is not None:
        return known.fewest
    sizes: set[int] = {*known.distribution.by_edges, *(int(mask).bit_count() for mask in masks.tolist())}
    return min(sizes, default=None)


def part_names(graph: Graph) -> list[str]:
    """Names of the bits of masks, as drawings have them."""
    return [name.replace("-", "→", 1) for name in names_of(graph).drawn]


def why_no_circuit(graph: Graph, mask: int) -> str:
    """Clause with the reason why a mask is no circuit."""
    reads = {source for bit, (source, _) in enumerate(graph.ends) if mask >> bit & 1}
    unread = [node.label for number, node in enumerate(graph.nodes) if node.layer == 0 and number not in reads]
    if not mask:
        return "nothing leads to the output"
    which = f"{plural(len(unread), 'input')} {enumerated(unread)} {'is' if len(unread) == 1 else 'are'} not read"
    return f"{which}, and the rules look at circuits that read every input"


def _named(mask: int, names: list[str]) -> list[str]:
    return [name for bit, name in enumerate(names) if mask >> bit & 1]


def _rows(question: SubjectQuestion, mask: int) -> list[dict[str, Any]]:
    """Answers of a mask on the rows that circuits are judged on, in their order."""
    if not isinstance(question, Question):
        outputs, subject = question.outputs(mask), question.subject
        answered, apart = outputs.argmax(axis=1).tolist(), question.margins(outputs[None])[0].tolist()
        reply = zip(subject.rows, subject.answers.tolist(), answered, apart, strict=True)
        return [
            {"row": row, "wanted": subject.outputs[answer], "given": subject.outputs[one], "right": gap > 0, "gap": gap}
            for row, answer, one, gap in reply
        ]
    (inputs, labels), rule = question.judged, question.protocol.circuit_decision
    outputs = question.activations(Circuit(question.layout, mask), inputs)[-1][:, 0]
    columns = (
        labels,
        outputs,
        decide(outputs, rule),
        decided_right(outputs, labels, rule),
        margin_to_edge(outputs, rule),
    )
    return [
        {
            "row": row_name(question, number),
            "wanted": f"{label:g}",
            "output": output,
            "given": "neither" if decided == NEITHER else str(decided),
            "right": right,
            "margin": margin,
        }
        for number, (label, output, decided, right, margin) in enumerate(
            zip(*(c.tolist() for c in columns), strict=True)
        )
    ]


def _count_json(count: Count | None, near: Neighbours, *, valid: bool) -> dict[str, Any] | None:
    """Number of valid circuits with its bound, at least those that are known; None where nothing is."""
    least = sum(near.by_distance) + (valid and not sum(near.by_distance[:1]))
    if count is None or count.bound == "unknown":
        return {"value": least, "bound": "at_least"} if least else None
    reply = {"value": count.value, "bound": count.bound}
    if count.bound == "at_least":
        return {**reply, "value": max(count.value, least)}
    ends = {"low": count.low, "high": count.high, "possible": count.possible, "confidence": count.confidence}
    return reply if count.is_exact else {**reply, **ends}


# --- the sentence


def sentence(reply: Mapping[str, Any], part: str) -> tuple[str, str]:
    """Head of an answer: a few words, and the sentences after them.

    Args:
        reply: as of :func:`standing`.
        part: word for a bit of a mask, "edge" or "node".
    """
    if reply["state"] == "valid":
        return _valid(reply), " ".join(filter(None, (_others(reply, part), _sizes(reply, part), _between(reply))))
    wrong = reply["wrong"]
    if reply["state"] == "no circuit":
        first, why = "Not a circuit yet.", f"{reply['reason'][:1].upper()}{reply['reason'][1:]}."
    elif not wrong:
        first, why = "Not valid.", f"{reply['reason'][:1].upper()}{reply['reason'][1:]}."
    elif len(wrong) > _NAMED:
        first, why = f"Not valid: wrong on {len(wrong):,} of {noun(reply['n_rows'], 'row')}.", ""
    else:
        first, why = f"Not valid: wrong on {enumerated(wrong)}.", ""
    return first, " ".join(filter(None, (why, _way_back(reply, part))))


def _valid(reply: Mapping[str, Any]) -> str:
    count = reply["circuits"]
    if count is None or (count["bound"] == "at_least" and count["value"] < 2):
        return "Valid."
    if count["bound"] == "exact" and count["value"] == 1:
        return "Valid, and the only one."
    if count["bound"] == "about" and count["low"] is not None:
        return f"Valid, and one of about {estimate(count['value'], count['low'], count['high'])}."
    how = {"exact": "", "at_least": "at least ", "about": "about "}[count["bound"]]
    return f"Valid, and one of {how}{exact(count['value'])}."


def _others(reply: Mapping[str, Any], part: str) -> str:
    near, far = reply["nearest_other"], reply["farthest"]
    if near is None:
        count = reply["circuits"]
        alone = count is not None and count["bound"] == "exact" and count["value"] == 1
        return "" if alone else "No other is known yet."
    differs = f"differs in {noun(near['differs'], part)}"
    known, shares = reply["listed"], _shares(far, reply["edges"])
    if near["mask"] == far["mask"]:
        return f"The other {'' if reply['all_listed'] else 'that is known '}{differs}."
    if reply["all_listed"]:
        return f"The nearest other {differs}, the farthest {shares}."
    if reply["nearest_known"]:
        return f"The nearest other {differs}. Of the {exact(known)} that are known the farthest {shares}."
    return f"Of the {exact(known)} that are known the nearest {differs}. The farthest {shares}."


def _shares(far: Mapping[str, Any], own: int) -> str:
    if far["shared"] == own:
        return f"holds all your {own:,} and {far['edges'] - own:,} more"
    if far["shared"] == far["edges"]:
        return f"has {far['edges']:,} of your {own:,} and nothing else"
    return f"shares {far['shared']:,} of your {own:,}"


def _sizes(reply: Mapping[str, Any], part: str) -> str:
    least, own = reply["smallest"], reply["edges"]
    if least is None or reply["nearest_other"] is None:
        return ""
    which = "smallest" if reply["smallest_known"] else "smallest that is known"
    if own <= least:
        return (
            f"None {'' if reply['smallest_known'] else 'that is known '}is smaller than yours, with {noun(own, part)}."
        )
    return f"The {which} has {noun(least, part)}, yours {own:,}."


def _between(reply: Mapping[str, Any]) -> str:
    count = reply["circuits"]
    if count is None or count["bound"] != "about" or count["low"] is None:
        return ""
    sure = "" if count["confidence"] is None else f", with {count['confidence']:.0%} confidence"
    ends = interval(count["low"], count["high"], count.get("possible")).replace("–", " and ")
    return f"There are between {ends}{sure}."


def _way_back(reply: Mapping[str, Any], part: str) -> str:
    near, count = reply["nearest_other"], reply["circuits"]
    if near is None:
        none = reply["all_listed"] and count is not None and count["bound"] == "exact"
        return "No circuit is valid." if none else "No valid circuit is known yet."
    which = "nearest valid one" if reply["nearest_known"] else "nearest valid one that is known"
    if reply["listed"] == 1:
        which = "only valid one" if reply["all_listed"] else "only valid one that is known"
    elif reply["all_listed"]:
        which = f"nearest of the {exact(reply['listed'])} valid ones"
    steps = "" if near["differs"] > _NAMED else f": {changed(near)}"
    return f"The {which} differs in {noun(near['differs'], part)}{steps}."


def changed(rival: Mapping[str, Any]) -> str:
    """Difference from an answer to another circuit: ``+ A→n1.0, − n1.2→y``."""
    return ", ".join([f"+ {one}" for one in rival["added"]] + [f"− {one}" for one in rival["left_out"]])


def apart_words(apart: Mapping[str, Any]) -> tuple[str, str]:
    """Sentence on the number of runs in which two circuits differ, and the first of these runs in words."""
    every = f"{exact(apart['of'])} {apart['asked']}"
    if not apart["differ"]:
        return f"None of {every} tells them apart.", _limits(apart)
    yours, other, network = apart["answers"]
    run = (
        apart["row"]
        if apart["asked"] == "rows"
        else f"{apart['row']} runs, {enumerated(apart['neurons'])} as on {apart['source']}"
    )
    ends = "tells" if apart["differ"] == 1 else "tell"
    first = f"{run}: yours {yours or 'none'}, this {other or 'none'}, the network {network or 'none'}."
    return f"{exact(apart['differ'])} of {every} {ends} them apart.", " ".join(filter(None, (first, _limits(apart))))


def _limits(apart: Mapping[str, Any]) -> str:
    most = apart["largest"]
    return "" if most is None else f"Swaps of up to {noun(most, 'neuron')} are tried."
