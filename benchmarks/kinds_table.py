"""``python -m benchmarks.kinds_table``: the table in docs/scope.md of what each kind of network offers, from traits."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.subjects.registry import SUBJECT_KINDS
from analysis.subjects.traits import TRAITS
from benchmarks.parity import DOCUMENT, between_marks


def kinds_table() -> Iterator[str]:
    """A row for each trait, a column for each kind: "yes", or why not."""
    yield f"| | {' | '.join(kind.plural for kind in SUBJECT_KINDS)} |"
    yield f"|---|{'---|' * len(SUBJECT_KINDS)}"
    yes = " yes |" * len(SUBJECT_KINDS)
    yield f"| Every valid circuit with its verdicts; discovery methods, lenses, claims; training |{yes}"
    for key, trait in TRAITS.items():
        told = (f"no: {reason}" if (reason := kind.refuses(key)) else "yes" for kind in SUBJECT_KINDS)
        yield f"| {trait.label} | {' | '.join(told)} |"


def with_kinds(text: str) -> str:
    """The document with the table made anew between its marks."""
    return between_marks(text, "kinds", kinds_table())


if __name__ == "__main__":
    DOCUMENT.write_text(with_kinds(DOCUMENT.read_text()))
