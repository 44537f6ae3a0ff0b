"""Which words each page uses that are terms here, with the beginning of what the glossary says of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

from app.addressing import Addresses
from app.pages.glossary import GLOSSARY_FILE, read_glossary
from app.pages.prose import anchor_of

PAGE_TERMS: Final[Mapping[str, tuple[str, ...]]] = {
    "search": ("Reference", "Mask", "Digest", "Algorithm"),
    "gallery": ("Network", "Circuit", "Interpretation", "Algorithm", "Alignment", "Valid", "Task"),
    "network": (
        "Protocol",
        "Valid",
        "Circuit",
        "Interpretation",
        "Observed class",
        "Algorithm",
        "Alignment",
        "Margin",
        "Planted network",
    ),
    "circuits": ("Circuit", "Valid", "Mask", "Active neuron", "Margin", "Fragile", "Interpretation", "Observed class"),
    "circuit": (
        "Circuit",
        "Valid",
        "Zero ablation",
        "Margin",
        "Mask",
        "Interpretation",
        "Observed class",
        "Story",
        "Verdict",
    ),
    "interpretations": ("Interpretation", "Gate", "Observed class", "Index of an interpretation"),
    "interpretation": (
        "Interpretation",
        "Cut",
        "Local gate",
        "Free row",
        "Observed class",
        "Index of an interpretation",
    ),
    "algorithms": (
        "Algorithm",
        "Candidate",
        "Variable",
        "Alignment",
        "Irredundant",
        "Interchange intervention accuracy",
    ),
    "algorithm": ("Algorithm", "Variable", "Alignment", "Neuron set", "Near miss", "Irredundant", "Minimal alignment"),
    "alignment": ("Alignment", "Variable", "Interchange intervention", "Base", "Source", "Minimal alignment", "Margin"),
    "rivals": (
        "Circuit",
        "Edge",
        "Most different circuits",
        "Common ground",
        "Interpretation",
        "Observed class",
        "Valid",
    ),
    "methods": (
        "Discovery method",
        "Audit",
        "Claim",
        "Circuit",
        "Valid",
        "Chance at its size",
        "Backbone",
        "Story",
        "Mask",
        "Planted network",
    ),
    "lenses": ("Lens", "Polysemanticity", "Shapley value", "Linear probe", "Alignment", "Irredundant", "Read-out"),
    "lens": ("Lens", "Shapley value", "Linear probe", "Decision", "Interchange intervention"),
    "method_path": ("Discovery method", "Circuit", "Mask", "Valid", "Chance at its size", "Faithfulness"),
    "claims": ("Claim", "Circuit", "Mask", "Valid", "Chance at its size", "Discovery method", "Faithfulness", "Story"),
    "kept_claim": ("Claim", "Circuit", "Mask", "Valid", "Chance at its size", "Faithfulness", "Backbone", "Story"),
    "claim_delete": ("Claim", "Circuit"),
    "claim": ("Claim", "Circuit", "Mask", "Valid", "Chance at its size", "Backbone", "Story", "Criterion"),
    "stories": ("Story", "Circuit", "Irredundant", "Algorithm", "Alignment", "Ablation", "Valid", "Refinement"),
    "ladder": ("Ladder", "Map class", "Alignment", "Variable", "Read-out", "Irredundant", "Duality of places"),
    "directions": (
        "Direction",
        "Read-out",
        "Map class",
        "Oblique projection",
        "Learned subspace",
        "Joint interchange",
    ),
    "direction": (
        "Direction",
        "Read-out",
        "Oblique projection",
        "Joint interchange",
        "Row-space check",
        "Interchange intervention",
        "Margin",
    ),
    "explanations": (
        "Explanation",
        "Facet",
        "Standing",
        "Coverage",
        "Accuracy",
        "Fragile",
        "Observed class",
        "Criterion",
    ),
    "explanation": ("Explanation", "Linear probe", "Selective", "Margin", "Criterion"),
    "funnel": ("Funnel", "Criterion", "Verdict", "Representative", "Observed class", "Truncated"),
    "common_ground": ("Common ground", "Intervention", "Coverage", "Accuracy", "Observed class", "Completion"),
    "standing": ("Common ground", "Coverage", "Accuracy", "Intervention"),
    "compare": ("Explanation", "Crucial experiment", "Coverage"),
    "compare_choose": ("Explanation", "Crucial experiment"),
    "verdicts": ("Verdict", "Criterion", "Witness", "Certificate"),
    "verify": ("Re-verification", "Digest", "Permalink"),
    "lessons": ("Sandbox", "Alignment", "Interpretation", "Intervention by hand"),
    "sandbox": ("Sandbox", "Intervention by hand", "Base", "Source", "Ablation"),
    "bring_in": ("Network", "Task", "Encoding", "Protocol"),
    "bring_in_preview": ("Task", "Margin", "Fragile", "Circuit", "Algorithm", "Encoding"),
    "check_network_file": ("Network", "Task"),
    "bring_in_help": ("Network", "Task", "Encoding"),
    "delete": ("Network", "Permalink"),
    "rename": ("Network", "Permalink"),
    "studies": ("Study", "Outcome", "Network"),
    "study": ("Study", "Cell", "Level", "Measure", "Outcome", "Effect size", "Protocol"),
    "study_outcomes": ("Study", "Outcome", "Cell", "Measure"),
    "study_delete": ("Study", "Outcome", "Permalink"),
    "study_rename": ("Study", "Permalink"),
    "study_new": ("Study", "Level", "Cell", "Measure", "Protocol", "Criterion"),
    "train": ("Task", "Network", "Loss", "Epoch", "Convergence", "Protocol"),
    "jobs": ("Job", "Analysis"),
    "job": ("Job", "Analysis", "Truncated", "Loss", "Epoch", "Convergence"),
    "models": ("Model", "Circuit", "Valid"),
    "model": ("Model", "Circuit", "Gap", "Zero ablation", "Mean ablation", "Mask", "Induction head"),
    "model_circuits": ("Circuit", "Valid", "Mask", "Gap", "Margin", "Minimality", "Facet"),
    "model_circuit": ("Circuit", "Valid", "Mask", "Gap", "Margin", "Minimality", "Induction head"),
    "model_compare": ("Circuit", "Gap", "Margin"),
    "model_sandbox": ("Sandbox", "Attention-only transformer", "Circuit", "Gap", "Mean ablation"),
    "model_study": ("Study", "Attention-only transformer", "Granularity", "Circuit", "Minimality", "Induction head"),
    "model_verify": ("Re-verification", "Digest"),
    "admin": ("Job", "Network", "Analysis"),
}
"""Template in templates/pages, without its ending → terms, the most needed first."""


@dataclass(frozen=True)
class Word:
    """A term with the beginning of its entry.

    Args:
        term: as the glossary writes it.
        anchor: of its entry.
        meaning: the first two sentences, without marks.
    """

    term: str
    anchor: str
    meaning: str


def words_of(template: str) -> tuple[Word, ...]:
    """The terms of a page; none for one that uses none.

    Args:
        template: as it is rendered, "pages/circuits.html".
    """
    name = template.removeprefix("pages/").removesuffix(".html")
    known = _meanings()
    return tuple(Word(term, anchor_of(term), known[term]) for term in PAGE_TERMS.get(name, ()))


def every_word() -> tuple[Word, ...]:
    """All terms in the order of the glossary."""
    return tuple(Word(term, anchor_of(term), meaning) for term, meaning in _meanings().items())


def meaning_of(anchor: str) -> str:
    """The beginning of the entry with an anchor.

    Raises:
        KeyError: there is none.
    """
    return _by_anchor()[anchor]


_SAID: Final[Mapping[str, str]] = {
    r"decided by rounding|decided by threshold|by threshold|by rounding": "decision",
    r"depth ≤ \d+": "depth",
    r"leaky ReLU \(slope [^)]+\)|leaky ReLU": "leaky-relu",
    r"σ = [\d.]+|σ [\d.]+": "noise",
    r"\bIIA\b": "iia",
    r"\bmargins?\b": "margin",
}
"""Words that sentences of ours have → the entry that explains them."""


def explained(text: str, addresses: Addresses) -> Markup:
    """A sentence that is put together elsewhere, with the first use of each word that needs it as a term.

    Args:
        text: plain; what is markup already is left as it is.
        addresses: builds links into the glossary.
    """
    if isinstance(text, Markup):
        return text
    firsts = [(said, anchor) for pattern, anchor in _SAID.items() if (said := re.search(pattern, text))]
    shown, at = Markup(), 0
    for said, anchor in sorted(firsts, key=lambda first: first[0].start()):
        term = Markup('<a class="term" href="{}" data-meaning="{}">{}</a>')
        shown += escape(text[at : said.start()])
        shown += term.format(addresses.glossary(anchor), meaning_of(anchor), said[0])
        at = said.end()
    return shown + escape(text[at:])


@lru_cache(maxsize=1)
def _meanings() -> Mapping[str, str]:
    _, entries = read_glossary(GLOSSARY_FILE)
    return {term: _beginning(blocks[0]) for term, blocks in entries}


@lru_cache(maxsize=1)
def _by_anchor() -> Mapping[str, str]:
    return {anchor_of(term): meaning for term, meaning in _meanings().items()}


def _beginning(block: str) -> str:
    plain = re.sub(r"\[([^\]]+)\]\([^)\s]+\)", r"\1", " ".join(block.split())).replace("`", "")
    sentences = re.split(r"(?<=[.!?]) (?=[A-Z])", re.sub(r"\*([^*]+)\*", r"\1", plain))
    return " ".join(sentences[:2])
