"""What a copy has instead of pages of the site: its front page, what links out of it lead to, how a page is cited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from analysis import ENGINE_VERSION
from app.figures.numbers import exact, noun, short
from app.offline.rewriting import OF_THE_COPY
from app.offline.selection import Part, Selection, Subject
from pluriscope.blocks import Action, Block, Head, More, Prose, Section, Table

_FILES = {
    "README.txt": "what is here and how to check it",
    "contents.json": "which file holds which address",
    "MANIFEST.sha256": "the digest of every file, for sha256sum --check",
}


def front(copy: Selection, live: str) -> Iterator[Block]:
    """The front page of a copy."""
    names = [one.name for one in copy.subjects] + [one.title for one in copy.studies]
    what = f"explanations of {noun(len(copy.subjects), 'small network')}" if copy.subjects else "a study of networks"
    told = f"An offline copy: {what}, side by side, as files. No server and no connection is needed."
    yield Head(", ".join(names), told)
    for subject in copy.subjects:
        for part in subject.parts:
            yield from _part(copy, subject, part)
    if copy.studies:
        yield Section("Studies", "many networks each", id="studies")
        yield Table.plain(["Study"], [[_link(one.url, one.title)] for one in copy.studies])
    yield Section("Comparisons", "explanations side by side", id="comparisons")
    parts = [(subject, part) for subject in copy.subjects for part in subject.parts]
    compared = [[_link(one.url, one.title), s.name, part.title] for s, part in parts for one in part.comparisons]
    if compared:
        yield Table.plain(["Comparison", "Network", "Analysis"], compared)
    yield Section("What this copy is", id="about")
    where = f"on the [live site]({live}/) only" if live else "not here"
    yield Prose(
        f"Pages of a Pluriscope dashboard, written by `pluriscope export --static` with engine {ENGINE_VERSION}. There "
        "is the list of explanations with the first of each kind, and of each kind as many pages as show "
        f"{exact(copy.limit)} rows; whole lists are in the tables to which they lead.\n\nLinks marked "
        f"[like this](/not-included) lead to pages that are {where}. Forms, filters, the choice of what to compare and "
        "re-verification need a running Pluriscope.",
        glossary=False,
    )
    files: list[list[Any]] = []
    for subject in copy.subjects:
        files += [[_link(OF_THE_COPY + one.url, one.url), f"{one.title} of {subject.name}"] for one in subject.files]
        files += [
            [_link(copy.addresses.result(subject.slug, part.scope), "Result file"), f"{subject.name}, {part.title}"]
            for part in subject.parts
        ]
    files += [[_link(OF_THE_COPY + name, name), words] for name, words in _FILES.items()]
    yield Table.plain(["File", "What it is"], files)


def _part(copy: Selection, subject: Subject, part: Part) -> Iterator[Block]:
    links, slug, scope = copy.addresses, subject.slug, part.scope
    network = _link(links.network(slug, scope), subject.name)
    yield Section(network, f"{part.title} · {subject.shape} · {short(subject.digest)}", id=f"{slug}-{scope.output}")
    pages = {
        "Network": links.network(slug, scope),
        "All explanations": links.explanations(slug, scope),
        "Criteria": links.analysis(slug, "funnel", scope),
        "Common ground": links.analysis(slug, "common-ground", scope),
    } | {one.title: one.url for one in part.presets}
    led = " · ".join(f"[{words}]({url})" for words, url in pages.items())
    yield Prose(f"{led}\n\n{subject.attribution}", glossary=False)
    rows = [
        [
            _link(one.url, _plural(one.noun)) if one.url else _plural(one.noun),
            one.included,
            one.of,
            "all" if one.of == one.included else one.order,
        ]
        for one in part.shares
    ]
    yield Table.plain(["Kind", "Pages here", "Of", "Which"], rows)


def _plural(noun: str) -> str:
    return f"{noun.removesuffix('s')}s"


def _link(url: str, words: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(url, words)


def not_included(copy: Selection) -> Iterator[Block]:
    """What links out of the copy lead to; a script says which address was wanted."""
    wanted = Markup(' <span data-wanted hidden>Its address: <code class="mono"></code></span>')
    why = "It is beyond the number of pages that were included, or computes something when it is asked for."
    yield Head("Not in this copy", why + wanted, actions=[Action("What this copy holds", copy.addresses.front())])
    yield Prose(
        "On a running Pluriscope that has the network, that address shows the page: addresses are made of content and "
        "are the same everywhere. The network file in this copy is added to one by "
        "`pluriscope import networks/NAME/network.json`.",
        glossary=False,
    )


def cited(address: str, live: str, texts: Mapping[str, str], files: Mapping[str, str], drawing: str) -> More:
    """How a page is cited and checked without a server.

    Args:
        address: of the page.
        live: where the site is, "" if nobody said.
        texts: what the page gives to be copied, by name.
        files: of the copy, from which it is computed anew, by the option that names them.
        drawing: address of its drawing, "" if there is none.
    """
    given = "".join(f" --{name} {file}" for name, file in files.items())
    command = f"pluriscope verify '{address}'{given}" if "/explanations/" in address else ""
    told = {
        "Link" if live else "Address on any Pluriscope": live + address,
        "BibTeX": texts.get("bibtex", ""),
        "Citation": texts.get("citation", ""),
        "Computed anew from the weights, in the folder of this copy": command,
        "The paper behind the question": texts.get("paper", ""),
    }
    words = "\n\n".join(f"**{what}**\n\n```\n{text}\n```" for what, text in told.items() if text)
    more = f"\n\n[Drawing as SVG]({drawing})" if drawing else ""
    return More("Cite and verify", lambda: [Prose(words + more, glossary=False)], id="cite")
