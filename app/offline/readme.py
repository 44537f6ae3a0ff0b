"""README.txt of a copy: what it is, what is in it and what is not, and how to check it."""

from __future__ import annotations

from textwrap import fill
from typing import Final

from analysis import ENGINE_VERSION
from app.figures.numbers import exact, noun
from app.offline.folder import MANIFEST
from app.offline.selection import Part, Selection, Subject

_WIDTH: Final = 100


def readme(selection: Selection, live: str, n_pages: int) -> str:
    """The text, lines of at most 100 characters where words allow it."""
    names = ", ".join(subject.name for subject in selection.subjects)
    several = len(selection.subjects) > 1
    parts = [
        f"Pluriscope, an offline copy\n{'=' * 27}",
        _wrapped(
            f"Every valid explanation of {names}, side by side: {exact(n_pages)} pages of a Pluriscope dashboard as "
            "files. Open index.html in a browser; no server and no connection is needed. Nothing is loaded from "
            "elsewhere."
        ),
        _wrapped(
            f"Made by Pluriscope engine {ENGINE_VERSION}. Nothing in the files tells when: the same store gives the "
            "same bytes."
        ),
        *(_subject(subject) for subject in selection.subjects),
        "What is not here\n----------------\n"
        + _wrapped(
            "Links to pages that are not part of the copy are marked. "
            + (f"They lead to {live}. " if live else "They lead to not-included.html. ")
            + f"Of lists there are as many pages in their own order as show {exact(selection.limit)} rows, and the "
            "first page of every other order and of every single filter that is a link. Of each kind of explanation "
            f"there are {exact(selection.limit)} at most ({exact(selection.most_interpretations)} interpretations). "
            "Whole lists are in the tables: networks/NAME/circuits.csv, algorithms.csv, and below api/v1 "
            "explanations.csv and common-ground.csv. What computes is not here: forms, filters, the choice of what to "
            "compare, re-verification on the spot, jobs and training."
        ),
        "Data\n----\n"
        + _wrapped(
            "Every page has a JSON twin below api/v1, as the dashboard answers it; addresses in these are those of the "
            "dashboard. contents.json tells which file holds which address. Tables begin with lines that say what they "
            "hold; drawings are SVG."
        ),
        "How to check it\n---------------\n"
        + _wrapped("The files are as they were written if this says OK of each:")
        + f"\n\n    sha256sum --check --quiet {MANIFEST}\n    shasum -a 256 --check --quiet {MANIFEST}    (macOS)\n\n"
        + _wrapped(
            f"The numbers are found again from the weights of {'each network' if several else 'the network'} with "
            "Pluriscope, by the engine alone, without a database:"
        )
        + "\n\n"
        + "\n".join(_commands(subject) for subject in selection.subjects)
        + "\n\n"
        + _wrapped(
            "The result is the same as the result file in this copy but for the seconds it took, and for criteria, "
            "which a dashboard judges later. One explanation is checked by its address, which its page names under "
            "“Cite and verify”:"
        )
        + "\n\n    pluriscope verify ADDRESS --network networks/NAME/network.json"
        " --result api/v1/networks/NAME/result.json",
    ]
    return "\n\n".join(parts) + "\n"


def _wrapped(text: str) -> str:
    return fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _subject(subject: Subject) -> str:
    lines = [
        subject.name,
        "-" * len(subject.name),
        f"{subject.shape}, SHA-256 {subject.digest}",
        *([_wrapped(subject.attribution)] if subject.attribution else []),
        *(f"{file.title}: {file.url}" for file in subject.files),
    ]
    for part in subject.parts:
        lines += ["", f"{part.title[:1].upper()}{part.title[1:]}:", *_shares(part)]
        lines.append(
            f"  {noun(len(part.comparisons), 'comparison')}, {noun(len(part.presets), 'sequence')} of criteria"
        )
    return "\n".join(lines)


def _shares(part: Part) -> list[str]:
    told = []
    for share in part.shares:
        of = "" if share.of is None else f" of {exact(share.of)}"
        text = f"{exact(share.included)}{of} {share.noun}s ({share.order})"
        told.append(fill(text, _WIDTH, initial_indent="  ", subsequent_indent="    "))
    return told


def _commands(subject: Subject) -> str:
    lines = []
    for part in subject.parts:
        short = part.scope.protocol
        known = {file.url for file in subject.files}
        protocol = f"protocols/{short}.json" if f"protocols/{short}.json" in known else short
        data = f" --data data/{part.scope.data}.json" if part.scope.data else ""
        options = f"--protocol {protocol}{data} --output result.json"
        line = f"    pluriscope analyse networks/{subject.slug}/network.json {options}"
        if line not in lines:
            lines.append(line)
    return "\n".join(lines)
