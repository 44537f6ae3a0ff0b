"""``python -m benchmarks.kinds_table``: the tables in docs/scope.md of what each kind offers, and why not."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.parity import DOCUMENT, between_marks
from pluriscope.analysis.subjects.registry import SUBJECT_KINDS
from pluriscope.analysis.subjects.traits import TRAITS


def kinds_table() -> Iterator[str]:
    """A row for each trait, a column for each kind: whether it has it."""
    yield f"||{'|'.join(kind.plural for kind in SUBJECT_KINDS)}|"
    yield f"|---|{'---|' * len(SUBJECT_KINDS)}"
    yield f"|Every valid circuit; methods, lenses|{'yes|' * len(SUBJECT_KINDS)}"
    for key, trait in TRAITS.items():
        yield f"|{trait.label}|{'|'.join('no' if kind.refuses(key) else 'yes' for kind in SUBJECT_KINDS)}|"


def reasons_table() -> Iterator[str]:
    """A row for each reason why a trait is lacked, with all kinds that lack it for that reason."""
    yield "| | Not offered because |"
    yield "|---|---|"
    for key, trait in TRAITS.items():
        kinds: dict[str, list[str]] = {}
        for kind in SUBJECT_KINDS:
            if reason := kind.refuses(key):
                kinds.setdefault(reason.replace(kind.plural, "{}"), []).append(kind.plural)
        for reason, plurals in kinds.items():
            others = [kind.plural for kind in SUBJECT_KINDS if kind.plural not in plurals]
            some = "kinds other than " * (len(plurals) > 2 * len(others))  # in fewer words
            *first, last = others if some else plurals
            yield f"| {trait.label} | {reason.format(some + ' and '.join(filter(None, (', '.join(first), last))))} |"


def with_kinds(text: str) -> str:
    """The document with both tables made anew between their marks."""
    return between_marks(between_marks(text, "kinds", kinds_table()), "reasons", reasons_table())


if __name__ == "__main__":
    DOCUMENT.write_text(with_kinds(DOCUMENT.read_text()))
