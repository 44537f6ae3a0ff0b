"""What can be passed on of a page: addresses, citation, embedding, card; all read off the page's own model.

Nothing is asked of the store here, so that a page is not slower for being sharable.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from html import escape
from typing import Final

from pydantic import Field

from app.addressing import Addresses
from app.options import PageModel
from app.pages.compare.views import ComparePage
from app.pages.overview import Overview
from app.pages.page import Document
from app.pages.place import ModelPlace
from app.pages.sharing.facts import facts_of
from app.pages.sharing.targets import Kind, SharedPage, Target, read_target
from app.pages.studies.views import StudyPage

EMBED_HEIGHTS: Final[dict[str, int]] = {
    "network": 560,
    "algorithm": 420,
    "alignment": 640,
    "direction": 700,
    "explanation": 640,
    "compare": 720,
    "sandbox": 640,
    "study": 640,
}
EMBED_WIDTH: Final = 720
IN_LIBRARY: Final = frozenset({"network", "circuit", "interpretation", "algorithm", "alignment"})
"""What the library has values of."""


class ShareView(PageModel):
    """What a page's panel for passing it on shows, and what its head tells about it."""

    kind: Kind
    title: str
    description: str
    path: str = Field(description="The permalink as a path.")
    url: str = Field(description="The permalink with scheme and host.")
    identity: str = Field(description="Which explanation of the network it is; empty for the network itself.")
    network_digest: str
    engine_version: str
    analysed_on: str = Field(description="Date of the analysis; empty where it is computed on request.")
    bibtex: str
    citation: str
    paper_bibtex: str
    paper_citation: str
    notebook: str = Field(description="Lines that open the same in Python; empty where the library has no value of it.")
    embed_url: str
    embed_code: str
    card_url: str = Field(description="The rendered card, with scheme and host.")
    oembed_json: str
    oembed_xml: str
    verify_url: str = Field(description="Empty for a sandbox, which is computed when asked for, and a study.")
    drawing_svg: str = Field(description="The drawing as a file; empty for a comparison, whose card is its figure.")
    drawing_png: str
    drawing_pdf: str = Field(description="The drawing in the size and the type of a paper.")


def share_of(page: object, addresses: Addresses, base: str) -> ShareView | None:
    """What can be passed on of a page; None of one that names no network, explanation or comparison.

    Args:
        page: any page's model.
        addresses: builds paths.
        base: scheme and host before every path, without a slash at the end.
    """
    if not isinstance(page, SharedPage) or (isinstance(page, ComparePage) and page.missing):
        return None
    facts = facts_of(page)
    target = read_target(page.url, addresses)
    network = _network(page)
    path = f"{addresses.prefix}{target.path}{target.query_text}"
    names = ("card.png", "drawing.svg", "drawing.png", "drawing.pdf")
    made = {name: addresses.made_of(path, name) for name in names}
    embed = addresses.embedded(path)
    whole = base + page.url
    citation = Citation(
        facts.title,
        whole,
        network,
        facts.identity,
        facts.protocol,
        facts.engine_version,
        facts.analysed_on,
    )
    drawn = target.kind != "compare"
    return ShareView.showing(
        facts,
        kind=target.kind,
        description=facts.sentence,
        path=page.url,
        url=whole,
        network_digest=network,
        bibtex=citation.bibtex,
        citation=citation.plain,
        paper_bibtex=PAPER_BIBTEX,
        paper_citation=PAPER_PLAIN,
        notebook=notebook_lines(page, target, base and base + addresses.prefix),
        embed_url=embed,
        embed_code=embed_code(base, embed, facts.title, target.kind, addresses),
        card_url=base + made["card.png"],
        oembed_json=base + addresses.oembed(url=whole, format="json"),
        oembed_xml=base + addresses.oembed(url=whole, format="xml"),
        verify_url="" if target.kind in ("sandbox", "study") else addresses.verified(path),
        drawing_svg=made["drawing.svg"] if drawn else "",
        drawing_png=made["drawing.png"] if drawn else "",
        drawing_pdf=made["drawing.pdf"] if drawn else "",
    )


def notebook_lines(page: SharedPage, target: Target, site: str) -> str:
    """Lines of Python that open what a page is about, in a notebook; "" where the library has no value of it.

    Args:
        page: the page.
        target: what its address names.
        site: where this server is, with the prefix below which it is served; "" if that is not known.
    """
    kinds: set[str] = {target.kind}
    if isinstance(page, ComparePage):
        kinds = {one.kind for one in page.explanations}
    elif isinstance(page, Overview) and isinstance(page.place, ModelPlace):
        kinds = set()
    elif isinstance(page, Document):
        kinds = {page.one.ref.kind} if page.one.known is not None else set()
    if not site or not kinds or not kinds <= IN_LIBRARY:
        return ""
    address = f"{target.path}{target.query_text}"
    return f"import pluriscope\nsite = pluriscope.connect({json.dumps(site)})\nsite.open({json.dumps(address)})"


def embed_code(
    base: str, path: str, title: str, kind: str, addresses: Addresses, width: int = EMBED_WIDTH, height: int = 0
) -> str:
    """A frame ready to be pasted, which grows to its content where the page that holds it loads our small script."""
    height = height or EMBED_HEIGHTS[kind]
    script = f"{base}{addresses.static('embed-host.js')}"
    return (
        f'<iframe src="{escape(base + path)}" title="{escape(title)}" width="{width}" height="{height}" '
        f'style="max-width:100%;border:0" loading="lazy" data-pluriscope></iframe>\n'
        f'<script src="{escape(script)}" async></script>'
    )


def _network(page: SharedPage) -> str:
    return "" if isinstance(page, StudyPage) or page.network is None else page.network.digest


# --- how a page is cited: BibTeX and one plain sentence, and the paper behind it all


_BIBTEX: Final[dict[str, str]] = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "¬": r"$\neg$",
    "∧": r"$\wedge$",
    "∨": r"$\vee$",
    "⊕": r"$\oplus$",
    "·": r"$\cdot$",
    "→": r"$\rightarrow$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "≈": r"$\approx$",
    "−": r"$-$",
    "–": "--",
    "—": "---",
    "’": "'",
    "“": "``",
    "”": "''",
    "…": r"\ldots{}",
    "ß": r"{\ss}",
    "æ": r"{\ae}",
    "Æ": r"{\AE}",
    "ø": r"{\o}",
    "Ø": r"{\O}",
    "ł": r"{\l}",
    "Ł": r"{\L}",
}
_ACCENTS: Final[dict[str, str]] = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
    "\u0328": "k",
}
PAPER_BIBTEX: Final = r"""@inproceedings{meloux2025everything,
  title = {Everything, Everywhere, All at Once: Is Mechanistic Interpretability Identifiable?},
  author = {M{\'e}loux, Maxime and Maniu, Silviu and Portet, Fran{\c{c}}ois and Peyrard, Maxime},
  booktitle = {The Thirteenth International Conference on Learning Representations},
  year = {2025},
  url = {https://arxiv.org/abs/2502.20914}
}"""
PAPER_PLAIN: Final = (
    "M. Méloux, S. Maniu, F. Portet, M. Peyrard. Everything, Everywhere, All at Once: Is Mechanistic Interpretability "
    "Identifiable? ICLR 2025. https://arxiv.org/abs/2502.20914"
)


@dataclass(frozen=True)
class Citation:
    """What a citation of a page says.

    Args:
        title: of the page.
        url: its whole address.
        network_digest: SHA-256 of settings and weights; "" for a study, whose identity is that of its design.
        identity: which explanation of that network it is, "" for the network itself.
        protocol: name and digest of the rules.
        engine_version: of what computed it.
        analysed_on: date of the analysis as YYYY-MM-DD; "" where it is computed on request.
    """

    title: str
    url: str
    network_digest: str
    identity: str
    protocol: str
    engine_version: str
    analysed_on: str = ""

    @property
    def key(self) -> str:
        """A key that is made of content, so that it is the same wherever the page is cited."""
        tail = re.sub(r"[^0-9A-Za-z]+", "-", self.identity).strip("-").lower()[:40].strip("-")
        return "-".join(part for part in ("pluriscope", self.network_digest[:12], tail) if part)

    @property
    def _notes(self) -> list[str]:
        found = [f"Network SHA-256 {self.network_digest}"] if self.network_digest else []
        if self.identity:
            found.append(self.identity)
        found.append(f"protocol {self.protocol}")
        when = f"analysed on {self.analysed_on}" if self.analysed_on else "computed on request"
        return [*found, f"{when} by Pluriscope engine {self.engine_version}"]

    @property
    def bibtex(self) -> str:
        """One entry, with every special character escaped."""
        fields = [
            ("title", f"{{{escape_bibtex(self.title)}}}"),  # the inner braces keep its capitals
            ("author", "{Pluriscope}"),
            ("howpublished", "Interactive page, recomputable from its address"),
        ]
        if self.analysed_on:
            fields.append(("year", self.analysed_on[:4]))
        # in a url field only what would end it or begin a comment must not stand as it is
        fields.append(("url", self.url.replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C")))
        fields.append(("note", escape_bibtex("; ".join(self._notes))))
        return f"@misc{{{self.key},\n" + ",\n".join(f"  {name} = {{{value}}}" for name, value in fields) + "\n}"

    @property
    def plain(self) -> str:
        """One sentence."""
        return f"{self.title}. Pluriscope. {'; '.join(self._notes)}. {self.url}"


def escape_bibtex(text: str) -> str:
    """Text for a BibTeX field: LaTeX's special characters escaped, accents and logic signs as commands.

    Characters that have no command stay as they are, which biber and any Unicode engine read.
    """
    return "".join(_escaped(character) for character in " ".join(text.split()))


def _escaped(character: str) -> str:
    if character in _BIBTEX:
        return _BIBTEX[character]
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 2 and parts[1] in _ACCENTS and parts[0].isascii():
        command = _ACCENTS[parts[1]]
        # an i or a j loses its dot under an accent above
        letter = {"i": r"\i", "j": r"\j"}.get(parts[0], parts[0]) if command not in ("c", "k") else parts[0]
        return f"{{\\{command}{{{letter}}}}}"
    return character
