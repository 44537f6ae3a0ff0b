"""The glossary, read from the one file that holds it, in four groups."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from app.addressing import Addresses
from app.options import Options, PageModel
from app.pages.prose import Block, anchor_of, block_of, chapters
from app.resources import DOCUMENTS

GLOSSARY_FILE: Final = DOCUMENTS / "glossary.md"
_SEE: Final = "See also:"
GroupKey = Literal["start", "tests", "counting", "site"]
TITLES: Final[dict[GroupKey, tuple[str, str]]] = {
    "start": ("Start here", "twelve terms, in the order in which they are best read"),
    "tests": ("Tests", "what explanations are asked, and how it is decided"),
    "counting": ("Counting", "what is searched, listed and counted, and under which rules"),
    "site": ("The site", "studies, training, work in the background, and addresses"),
}
GROUPS: Final[dict[GroupKey, tuple[str, ...]]] = {
    "start": (
        *("Network", "Task", "Circuit", "Valid", "Margin", "Interpretation", "Cut", "Gate"),
        *("Algorithm", "Variable", "Alignment", "Interchange intervention"),
    ),
    "tests": (
        *(
            "Ablation",
            "Accuracy",
            "Base",
            "Causal order",
            "Causal scrubbing",
            "Certificate",
            "Circuit error",
            "Common ground",
        ),
        *(
            "Complement",
            "Completeness",
            "Coverage",
            "Criterion",
            "Crucial experiment",
            "Decision",
            "Direction",
            "Duality of places",
        ),
        *("Faithfulness", "Fragile", "Funnel", "IIA", "Interchange intervention accuracy", "Intervention"),
        *(
            "Intervention by hand",
            "Joint interchange",
            "Ladder",
            "Learned subspace",
            "Lens",
            "Linear probe",
            "Map class",
        ),
        *("Mapping consistency", "Mean ablation", "Minimal alignment", "Minimality", "Near miss", "Necessity"),
        *(
            "Oblique projection",
            "Own swap",
            "Read-out",
            "Refinement",
            "Resample ablation",
            "Robustness",
            "Row-space check",
        ),
        *("Selective", "Shapley value", "Source", "Sparsity", "Verdict", "Witness", "Zero ablation"),
    ),
    "site": (
        *("Analysis", "Audit", "Budget", "Card", "Cell", "Claim", "Convergence", "Digest", "Discovery method"),
        *("Effect size", "Embedding", "Epoch", "Facet", "Job", "Level", "Loss", "Measure", "Outcome", "Permalink"),
        *("Planted network", "Re-verification", "Reference", "Sandbox", "Short key", "Study"),
    ),
}
"""Terms of each group but the third, which has all others."""
_GROUP_OF: Final = {term: key for key, terms in GROUPS.items() for term in terms}


class GlossaryOptions(Options):
    """Options of the glossary."""

    q: str = Field("", max_length=100, description="Words that terms or their entries have.")


class SeeAlso(PageModel):
    """A related term."""

    term: str
    anchor: str


class Entry(PageModel):
    """One term."""

    term: str
    anchor: str
    url: str
    group: GroupKey
    paragraphs: list[Block]
    see_also: list[SeeAlso]


class GlossaryPage(PageModel):
    """All terms in alphabetical order, or those that have some words."""

    intro: list[Block] = Field(description="What stands before the first term.")
    entries: list[Entry]
    of: int = Field(description="Terms of the glossary.")
    q: str
    url: str

    @property
    def groups(self) -> list[tuple[GroupKey, str, str, list[Entry]]]:
        """Each group that has entries here: its key, title, what it holds, and its entries as they are best read."""
        order = {term: place for place, term in enumerate(GROUPS["start"])}
        entries = sorted(self.entries, key=lambda entry: order.get(entry.term, 0))
        listed = [(key, *words, [e for e in entries if e.group == key]) for key, words in TITLES.items()]
        return [group for group in listed if group[3]]


def build_glossary(addresses: Addresses, options: GlossaryOptions) -> GlossaryPage:
    """The glossary as it stands in the documentation, or what of it has some words."""
    intro, entries = read_glossary(GLOSSARY_FILE)
    words = options.q.lower().split()
    return GlossaryPage(
        intro=[block_of(block, addresses) for block in intro],
        entries=[
            Entry(
                term=term,
                anchor=anchor_of(term),
                url=addresses.glossary(anchor_of(term)),
                group=_GROUP_OF.get(term, "counting"),
                paragraphs=[block_of(block, addresses) for block in blocks if not block.startswith(_SEE)],
                see_also=[
                    SeeAlso(term=other, anchor=anchor_of(other))
                    for block in blocks
                    if block.startswith(_SEE)
                    for other in (part.strip() for part in block.removeprefix(_SEE).rstrip(".").split(";"))
                ],
            )
            for term, blocks in entries
            if all(word in " ".join((term, *blocks)).lower() for word in words)
        ],
        of=len(entries),
        q=" ".join(options.q.split()),
        url=addresses.glossary(q=options.q),
    )


@lru_cache(maxsize=4)
def read_glossary(path: Path) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
    """The blocks before the first term, then each term with its own; a block is a paragraph or an indented formula."""
    (_, intro), *entries = chapters(path)
    return intro, tuple(sorted(entries, key=lambda entry: entry[0].lower()))
