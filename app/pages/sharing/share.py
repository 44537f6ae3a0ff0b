"""What can be passed on of a page: addresses, citation, embedding, card; all read off the page's own model.

Nothing is asked of the store here, so that a page is not slower for being sharable.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

from markupsafe import Markup
from pydantic import Field

from analysis import ENGINE_VERSION
from app.addressing import Addresses
from app.figures.numbers import exact, noun
from app.figures.svg import (
    aligned_diagram,
    circuit_thumb,
    direction_diagram,
    formula_tree,
    gate_tiles,
    network_diagram,
)
from app.pages.algorithm import AlgorithmPage
from app.pages.alignment import AlignmentPage
from app.pages.circuit import CircuitPage
from app.pages.compare.views import ComparePage
from app.pages.directions.places import comb_rows
from app.pages.directions.views import DirectionPage
from app.pages.interpretation import InterpretationPage
from app.pages.network.page import NetworkPage
from app.pages.options import PageModel
from app.pages.sandbox.drawing import drawing_of as sandbox_drawing
from app.pages.sandbox.views import SandboxPage
from app.pages.sharing.citations import PAPER_BIBTEX, PAPER_PLAIN, Citation
from app.pages.sharing.targets import Kind, SharedPage, read_target
from app.pages.studies.sketch import sketch_drawing
from app.pages.studies.views import StudyPage

SHARED: Final = (
    NetworkPage,
    CircuitPage,
    InterpretationPage,
    AlgorithmPage,
    AlignmentPage,
    DirectionPage,
    ComparePage,
    SandboxPage,
    StudyPage,
)
EMBED_HEIGHTS: Final[dict[str, int]] = {
    "network": 560,
    "circuit": 560,
    "interpretation": 560,
    "algorithm": 420,
    "alignment": 640,
    "direction": 700,
    "compare": 720,
    "sandbox": 640,
    "study": 640,
}
EMBED_WIDTH: Final = 720


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
    embed_url: str
    embed_code: str
    card_url: str = Field(description="The rendered card, with scheme and host.")
    oembed_json: str
    oembed_xml: str
    verify_url: str = Field(description="Empty for a sandbox, which is computed when asked for, and a study.")
    drawing_svg: str = Field(description="The drawing as a file; empty for a comparison, whose card is its figure.")
    drawing_png: str


@dataclass(frozen=True)
class Facts:
    """What is said of a page wherever it is named without being shown.

    Args:
        kicker: what kind of thing it is.
        title: its name.
        lines: key numbers as (what, value), the most telling first.
        identity: which explanation of the network it is.
        protocol: name and digest of the rules.
        engine_version: of what computed it.
        analysed_on: date of the analysis, "" where it is computed on request.
    """

    kicker: str
    title: str
    lines: tuple[tuple[str, str], ...]
    identity: str
    protocol: str
    engine_version: str = ENGINE_VERSION
    analysed_on: str = ""

    @property
    def sentence(self) -> str:
        """One line for previews."""
        return f"{self.title}. " + "; ".join(f"{what}: {value}" for what, value in self.lines) + "."


def share_of(page: object, addresses: Addresses, base: str) -> ShareView | None:
    """What can be passed on of a page; None of one that names no network, explanation or comparison.

    Args:
        page: any page's model.
        addresses: builds paths.
        base: scheme and host before every path, without a slash at the end.
    """
    if not isinstance(page, SHARED) or (isinstance(page, ComparePage) and page.missing):
        return None
    facts = facts_of(page)
    target = read_target(page.url, addresses)
    network = _network(page)
    path = f"{addresses.prefix}{target.path}{target.query_text}"
    names = ("verify", "card.png", "drawing.svg", "drawing.png")
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
    return ShareView(
        kind=target.kind,
        title=facts.title,
        description=facts.sentence,
        path=page.url,
        url=whole,
        identity=facts.identity,
        network_digest=network,
        engine_version=facts.engine_version,
        analysed_on=facts.analysed_on,
        bibtex=citation.bibtex,
        citation=citation.plain,
        paper_bibtex=PAPER_BIBTEX,
        paper_citation=PAPER_PLAIN,
        embed_url=embed,
        embed_code=embed_code(base, embed, facts.title, target.kind, addresses),
        card_url=base + made["card.png"],
        oembed_json=base + addresses.oembed(url=whole, format="json"),
        oembed_xml=base + addresses.oembed(url=whole, format="xml"),
        verify_url="" if target.kind in ("sandbox", "study") else made["verify"],
        drawing_svg=made["drawing.svg"] if drawn else "",
        drawing_png=made["drawing.png"] if drawn else "",
    )


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


def facts_of(page: SharedPage) -> Facts:
    """What a page is, in a few words and numbers."""
    if isinstance(page, NetworkPage):
        return _of_network(page)
    if isinstance(page, CircuitPage):
        return _of_circuit(page)
    if isinstance(page, InterpretationPage):
        return _of_interpretation(page)
    if isinstance(page, AlgorithmPage):
        return _of_algorithm(page)
    if isinstance(page, AlignmentPage):
        return _of_alignment(page)
    if isinstance(page, DirectionPage):
        return _of_direction(page)
    if isinstance(page, SandboxPage):
        return _of_sandbox(page)
    if isinstance(page, StudyPage):
        return _of_study(page)
    return _of_comparison(page)


def drawing_of(page: SharedPage) -> Markup:
    """The drawing of the very thing that a page is about.

    Raises:
        ValueError: a comparison has no drawing of its own.
    """
    if isinstance(page, NetworkPage):
        return network_diagram(page.network.weights_for(page.scope.output), title=page.network.name)
    if isinstance(page, CircuitPage):
        mask = page.circuit.mask
        return network_diagram(page.network.weights_for(page.scope.output), mask, title=f"Circuit {mask}")
    if isinstance(page, InterpretationPage):
        tiles = gate_tiles(page.tiles, page.network.sizes[0])
        weights = page.network.weights_for(page.scope.output)
        return network_diagram(weights, page.circuit.mask, tiles, title=f"Interpretation {page.index}")
    if isinstance(page, AlgorithmPage):
        return formula_tree(page.algorithm.value, hues=page.hues, title=page.algorithm.formula)
    if isinstance(page, AlignmentPage):
        return aligned_diagram(
            page.network.weights_for(page.scope.output),
            page.algorithm.value,
            page.algorithm.aligned(page.places),
            hues=page.hues,
            title=page.algorithm.formula,
        )
    if isinstance(page, DirectionPage):
        return direction_diagram(
            page.network.weights_for(page.scope.output),
            comb_rows(page.places),
            hues=page.hues,
            title=page.algorithm.formula,
        )
    if isinstance(page, SandboxPage):
        return sandbox_drawing(page, linked=False)
    if isinstance(page, StudyPage):
        return sketch_drawing(page)
    raise ValueError("a comparison has no drawing of its own, but one of each explanation")


def thumbs_of(page: ComparePage) -> list[tuple[str, str, Markup]]:
    """Letter, name and thumb of each explanation of a comparison."""
    if page.network is None:
        return []
    weights, n_inputs = page.network.weights_for(page.output), page.network.sizes[0]
    found = []
    for item in page.explanations:
        tiles = [] if item.kind == "circuit" else gate_tiles(item.tiles, n_inputs)
        name = item.formula or f"{noun(item.n_edges or 0, 'edge')} kept"
        found.append((item.letter, name, circuit_thumb(weights, item.mask, tiles, hues=page.hues, title=name)))
    return found


def _rules(
    page: NetworkPage | CircuitPage | InterpretationPage | AlgorithmPage | AlignmentPage | DirectionPage,
) -> str:
    protocol = page.scope.protocol
    data = "" if page.scope.data.is_default else f", data {page.scope.data.digest[:12]}"
    return f"{protocol.name} ({protocol.digest[:12]}){data}"


def _stored(page: NetworkPage | CircuitPage | InterpretationPage) -> dict[str, str]:
    """Engine and date of the stored analysis, {} where there is none."""
    if page.provenance is None:
        return {}
    return {"engine_version": page.provenance.engine_version, "analysed_on": page.provenance.created_at[:10]}


def _of_network(page: NetworkPage) -> Facts:
    network, counts = page.network, page.counts
    lines = [("Task", page.scope.task.label), ("Shape", network.shape)]
    if counts is not None:
        readings = "≥ " if counts.interpretations_kind == "truncated" else ""
        valid = f"{counts.circuits_sign}{exact(counts.circuits_valid)} of {exact(counts.circuits_possible)}"
        lines = [
            *lines[:1],
            ("Valid circuits", valid),
            ("Interpretations", readings + exact(counts.interpretations_total)),
            ("Valid alignments", exact(counts.alignments_valid)),
            ("of them minimal", exact(counts.alignments_minimal)),
        ]
    return Facts(f"Network, {network.shape}", network.name, tuple(lines), "", _rules(page), **_stored(page))


def _of_circuit(page: CircuitPage) -> Facts:
    circuit, verdict = page.circuit, page.verdict
    lines = [
        ("Verdict", "valid" if verdict.valid else "not valid"),
        ("Rows decided right", f"{verdict.n_right} of {verdict.n_rows}"),
        ("Edges kept", f"{circuit.n_edges} of {circuit.n_possible_edges}"),
        ("Smallest margin", f"{verdict.margin:.4g}"),
    ]
    if page.interpretations is not None:
        lines.append(("Interpretations", exact(page.interpretations)))
    title = f"Circuit {circuit.mask} of {page.network.name}"
    return Facts("Circuit: where", title, tuple(lines), f"circuit {circuit.mask}", _rules(page), **_stored(page))


def _of_interpretation(page: InterpretationPage) -> Facts:
    mask = page.circuit.mask
    lines = (
        ("Reads", page.reading or "one gate"),
        ("Index", f"{exact(page.index)} of {exact(page.of)}"),
        ("Observed class", f"{exact(page.observed_class)} of {exact(page.observed)}"),
        ("Edges kept", f"{page.circuit.n_edges} of {page.circuit.n_possible_edges}"),
    )
    title = f"Interpretation {exact(page.index)} of circuit {mask} of {page.network.name}"
    identity = f"circuit {mask}, interpretation {page.index}"
    return Facts("Circuit, interpreted", title, lines, identity, _rules(page), **_stored(page))


def _of_algorithm(page: AlgorithmPage) -> Facts:
    lines = (
        ("Gates", str(page.algorithm.n_gates)),
        ("Variables", str(len(page.algorithm.variables))),
        ("Valid alignments", exact(page.n_valid)),
        ("of them minimal", exact(page.n_minimal)),
    )
    title = f"Algorithm {page.algorithm.formula} in {page.network.name}"
    return Facts("Algorithm: what", title, lines, f"algorithm {page.algorithm.id}", _rules(page))


def _of_alignment(page: AlignmentPage) -> Facts:
    lines = [
        ("Interchanges agreed", f"{exact(page.iia.agreed)} of {exact(page.iia.of)}"),
        ("Verdict", ("valid" if page.valid else "fails") + (", minimal" if page.minimal else "")),
        *((place.formula, f"on {place.site}") for place in page.places),
    ]
    title = f"{page.algorithm.formula} placed in {page.network.name}"
    identity = f"algorithm {page.algorithm.id}, alignment {page.id}"
    analysed = page.provenance.analysed_at
    return Facts(
        "Algorithm, aligned",
        title,
        tuple(lines),
        identity,
        _rules(page),
        page.provenance.engine_version,
        "" if analysed is None or not page.provenance.stored else analysed.date().isoformat(),
    )


def _of_direction(page: DirectionPage) -> Facts:
    joint = "not run" if page.joint is None else f"{exact(page.joint.agreed)} of {exact(page.joint.of)}"
    lines = [
        ("Interchanges agreed", f"{exact(page.iia.agreed)} of {exact(page.iia.of)}"),
        ("Joint interchanges agreed", joint),
        *((place.formula, place.site) for place in page.places),
    ]
    searched = page.provenance.analysed_at
    return Facts(
        "Algorithm on directions",
        f"{page.algorithm.formula} on directions of {page.network.name}",
        tuple(lines),
        f"algorithm {page.algorithm.id}, directions {page.id}",
        _rules(page),
        page.provenance.engine_version,
        "" if searched is None or not page.provenance.stored else searched.date().isoformat(),
    )


def _of_sandbox(page: SandboxPage) -> Facts:
    threshold = [] if page.run is None else [one for one in page.run.decisions if one.rule == "threshold"]
    if page.run is None or page.run.output is None or not threshold:
        answer = "hidden until it is foretold" if page.hidden else "beyond float64"
    else:
        answer = f"{threshold[0].decision}, from an output of {page.run.output:.4g}"
    says = {0: "predicts 0", 1: "predicts 1", -1: "says nothing"}
    lines = [
        ("Input", page.base),
        ("The network decides", answer),
        *((one.letter, says[one.says] + _outcome(one.right)) for one in page.explanations),
    ]
    data = "" if page.data.is_default else f", data {page.data.digest[:12]}"
    asked = ", ".join(one.ref for one in page.explanations)
    return Facts(
        "Intervention by hand",
        f"{page.network.name} on {page.words}",
        tuple(lines),
        f"intervention {page.now}" + (f"; asked: {asked}" if asked else ""),
        f"{page.protocol.name} ({page.protocol.digest[:12]}){data}",
    )


def _outcome(right: bool | None) -> str:
    return "" if right is None else ", right" if right else ", wrong"


def _of_study(page: StudyPage) -> Facts:
    p = page.progress
    lines = [
        ("Networks with an outcome", f"{exact(p.finished)} of {exact(p.networks)}"),
        ("Converged and analysed", f"{exact(p.converged)} of {exact(p.finished)}"),
        *((what, value) for what, value in page.sketch.lines[:3]),
    ]
    protocol = next(one for one in page.protocols if one.current)
    return Facts(
        "Study",
        page.name,
        tuple(lines),
        f"study design {page.digest}, {exact(p.finished)} of {exact(p.networks)} networks",
        f"{protocol.name} ({protocol.digest[:12]})",
        page.engine_version,
        page.updated_at.date().isoformat(),
    )


def _of_comparison(page: ComparePage) -> Facts:
    name = "" if page.network is None else page.network.name
    experiments = 0 if page.space is None else page.space.interventions
    lines = [
        ("Crucial experiments", f"{exact(page.n_crucial)} of {exact(experiments)} interventions"),
        *(
            (
                f"{item.letter} right",
                f"{exact(item.standing.right)} of {exact(item.standing.predicted)} predicted"
                if item.standing.predicted
                else "silent under interventions",
            )
            for item in page.explanations
        ),
    ]
    protocol = "" if page.protocol is None else f"{page.protocol.name} ({page.protocol.digest[:12]})"
    title = f"{len(page.explanations)} explanations of {name} compared"
    return Facts("Comparison", title, tuple(lines), ", ".join(page.refs), protocol)
