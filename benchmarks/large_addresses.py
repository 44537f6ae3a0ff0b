"""Every address of the site whose work may depend on how much is stored, as it is asked for in a large store.

Templates over identities of that store, so that a test can hold them against the routes without one: a route that is
neither asked for here nor named among those that do not depend on it fails `tests/benchmarks/test_large_pages.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import quote

PARTS: Final = {
    "page": "pages",
    "list": "lists, at every order and filter",
    "twin": "JSON twins",
    "taken": "tables and result files to take away, to the first byte",
    "picture": "drawings, cards and embeddings",
    "verified": "verified anew",
    "service": "of the installation",
}
"""What is measured, pages first so that the first visit of the process is one to a page, and what each part is."""


@dataclass(frozen=True)
class Names:
    """Identities in a large store.

    Args:
        network: its slug.
        mask: of a circuit.
        algorithm: id of one that is aligned.
        alignment: id of its best alignment.
        gate: a gate of a neuron of that circuit, as the list of its interpretations is asked for it.
        six: six circuits, as a comparison's address names them.
        mixed: six explanations of three kinds.
        job: id of a job; "" if there is none.
        study: slug of a study; "" if there is none.
        pair: two of its networks, as its pages name them.
    """

    network: str
    mask: str
    algorithm: str
    alignment: str
    gate: str
    six: str
    mixed: str
    job: str
    study: str = ""
    pair: str = ""

    def addresses(self, part: str) -> Iterator[str]:
        """The addresses of one part, this store's identities in them.

        Args:
            part: a key of `PARTS`.
        """
        names = {**asdict(self), "page": quote(f"http://127.0.0.1/networks/{self.network}", safe="")}
        for template in _TEMPLATES[part]:
            if all(f"{{{name}}}" not in template or names[name] for name in ("job", "study")):
                yield template.format(**names)


_PAGES: Final = (
    "/networks/{network}",
    "/networks/{network}/funnel",
    "/networks/{network}/funnel?criteria=mean-ablation&criteria=minimal-local&criteria=interchange",
    "/networks/{network}/common-ground",
    "/networks/{network}/common-ground?kind=interpretation&accuracy_min=0.5",
    "/networks/{network}/common-ground/standing?e=i-{mask}.0",
    "/networks/{network}/explanations?criteria=mean-ablation",
    "/networks/{network}/explanations?criteria=mean-ablation&criteria=necessity&sort=margin&order=desc",
    "/networks/{network}/explanations?kind=alignment&criteria=above-random",
    "/networks/{network}/circuits/{mask}",
    "/networks/{network}/circuits/{mask}/interpretations",
    "/networks/{network}/circuits/{mask}/interpretations?{gate}",
    "/networks/{network}/circuits/{mask}/interpretations?{gate}&classes=observed",
    "/networks/{network}/circuits/{mask}/interpretations/1",
    "/networks/{network}/algorithms/{algorithm}",
    "/networks/{network}/algorithms/{algorithm}/alignments/{alignment}",
    "/networks/{network}/algorithms/{algorithm}/directions",
    "/networks/{network}/directions",
    "/networks/{network}/ladder",
    "/networks/{network}/stories",
    "/networks/{network}/rivals",
    "/networks/{network}/methods",
    "/networks/{network}/lenses",
    "/networks/{network}/lenses/lime",
    "/networks/{network}/claims?mask={mask}",
    "/networks/{network}/methods/acdc",
    "/networks/{network}/methods/weights?step=3",
    "/networks/{network}/sandbox",
    "/networks/{network}/sandbox?{mixed}&now=11_1.0s00_2.1z&tried=00_1.0s11&tried=01_2.0z",
    "/networks/{network}/verdicts?{six}",
    "/networks/{network}/verdicts?{mixed}",
    "/networks/{network}/delete",
    "/networks/{network}/rename?slug=larger",
    "/compare",
    "/compare?network={network}",
    "/compare?network={network}&{six}",
    "/compare?network={network}&{mixed}",
    "/",
    "/?q=made+up&limit=200",
    "/networks",
    "/studies",
    "/studies/{study}",
    "/studies/{study}?by=hidden",
    "/studies/{study}/progress",
    "/studies/{study}/side-by-side?{pair}",
    "/studies/{study}/figures/irredundant-literals-alignments",
    "/studies/{study}/delete",
    "/studies/{study}/rename?slug=larger",
    "/search",
    "/search?q={mask}",
    "/search?q=c-{mask}",
    "/search?q=i-{mask}.1",
    "/search?q={algorithm}",
    "/search?q=a-{algorithm}.{alignment}",
    "/search?q=A%26%21B",
    "/search?q=large",
    "/search?q=nothing-like-it",
)
_LISTS: Final = (
    *(
        f"/studies/{{study}}/outcomes?{query}"
        for query in (
            "sort=",
            "order=desc",
            *(
                f"sort={sort}&order={order}"
                for sort in ("state", "loss", "paper-alignments")
                for order in ("asc", "desc")
            ),
            "state=failed",
            "cell=1",
            "limit=200",
        )
    ),
    *(
        f"/networks/{{network}}/circuits?sort={sort}&order={order}"
        for sort in ("mask", "edges", "neurons", "margin", "interpretations", "observed")
        for order in ("asc", "desc")
    ),
    *(
        f"/networks/{{network}}/circuits?{query}"
        for query in (
            "edges_min=20",
            "edges_max=18",
            "neurons_min=9",
            "neurons_max=8",
            "margin_min=0.4",
            "keep=n2.1",
            "keep=A-n1.0",
            "drop=n1.0-n2.1",
            "keep=n1.0&keep=n2.3&drop=A-n1.0&drop=B-n1.3",
            "edges_min=15&edges_max=20&margin_min=0.1&keep=n2.1&sort=margin&order=desc",
            "edges_max=10&neurons_max=7&drop=n1.0-n2.0&drop=n1.0-n2.1&sort=observed",
            "edges_max=3",
            "view=grid",
            *(
                f"limit=200&sort={sort}&order=desc"
                for sort in ("mask", "edges", "neurons", "margin", "interpretations")
            ),
        )
    ),
    *(
        f"/networks/{{network}}/algorithms?{query}"
        for query in (
            *(f"sort={sort}" for sort in ("order", "valid", "minimal", "iia", "gates", "variables", "depth")),
            "aligned=1",
            "minimal=1&irredundant=irredundant-gates",
            "variables=3&irredundant=irredundant-literals&sort=iia",
            "q=A%26B&sort=gates",
            "limit=200",
        )
    ),
    *(
        f"/networks/{{network}}/explanations?{query}"
        for query in (
            *(
                f"sort={sort}&order={order}"
                for sort in ("kind", "edges", "neurons", "margin", "interpretations", "iia", "coverage", "accuracy")
                for order in ("asc", "desc")
            ),
            "kind=circuit",
            "kind=interpretation",
            "kind=algorithm&kind=alignment",
            "edges_max=18",
            "neurons_min=8&edges_min=15&keep=n2.1",
            "keep=n1.0&keep=n2.3&drop=A-n1.0&drop=B-n1.3&sort=margin&order=desc",
            "fragile=yes",
            "standing=valid&strategy=where-then-what",
            "edges_max=3",
            "coverage_min=0.1&accuracy_min=0.9",
            "algorithm={algorithm}",
            "view=grid",
            "view=grid&limit=200",
            "limit=200&sort=interpretations&order=desc",
            "limit=200&kind=alignment",
        )
    ),
)
_TWINS: Final = (
    "/api/v1/networks/{network}",
    "/api/v1/networks/{network}/criteria",
    "/api/v1/networks/{network}/funnel",
    "/api/v1/networks/{network}/common-ground",
    "/api/v1/networks/{network}/common-ground/standing?e=i-{mask}.0",
    "/api/v1/networks/{network}/circuits?limit=200",
    "/api/v1/networks/{network}/circuits/{mask}",
    "/api/v1/networks/{network}/circuits/{mask}/interpretations",
    "/api/v1/networks/{network}/circuits/{mask}/interpretations?{gate}",
    "/api/v1/networks/{network}/circuits/{mask}/interpretations/1",
    "/api/v1/networks/{network}/algorithms?limit=200",
    "/api/v1/networks/{network}/algorithms/{algorithm}",
    "/api/v1/networks/{network}/algorithms/{algorithm}/alignments/{alignment}",
    "/api/v1/networks/{network}/algorithms/{algorithm}/directions",
    "/api/v1/networks/{network}/directions",
    "/api/v1/networks/{network}/ladder",
    "/api/v1/networks/{network}/stories",
    "/api/v1/networks/{network}/rivals",
    "/api/v1/networks/{network}/methods",
    "/api/v1/networks/{network}/lenses",
    "/api/v1/networks/{network}/lenses/lime",
    "/api/v1/networks/{network}/claims?mask={mask}",
    "/api/v1/networks/{network}/explanations",
    "/api/v1/networks/{network}/explanations?limit=200&sort=interpretations&order=desc",
    "/api/v1/networks/{network}/explanations?criteria=mean-ablation&criteria=necessity&sort=margin&order=desc",
    "/api/v1/networks/{network}/sandbox?{mixed}&now=11_1.0s00",
    "/api/v1/networks/{network}/verdicts?{six}",
    "/api/v1/networks/{network}/delete",
    "/api/v1/networks/{network}/rename?slug=larger",
    "/api/v1/compare?network={network}&{six}",
    "/api/v1/compare?network={network}&{mixed}",
    "/api/v1/gallery",
    "/api/v1/networks",
    "/api/v1/studies",
    "/api/v1/studies/{study}",
    "/api/v1/studies/{study}/progress",
    "/api/v1/studies/{study}/design",
    "/api/v1/studies/{study}/outcomes?limit=200",
    "/api/v1/studies/{study}/side-by-side?{pair}",
    "/api/v1/studies/{study}/figures/irredundant-literals-alignments",
    "/api/v1/studies/{study}/delete",
    "/api/v1/studies/{study}/rename?slug=larger",
    "/api/v1/search?q={mask}&limit=4",
    "/api/v1/search?q=%28A%20or%20B%29%20and%20not%20%28A%20and%20B%29&limit=4",
)
_TAKEN: Final = (
    "/networks/{network}/circuits.csv",
    "/networks/{network}/circuits.json",
    "/networks/{network}/circuits.csv?edges_max=18&keep=n2.1",
    "/networks/{network}/circuits/{mask}/interpretations.csv",
    "/networks/{network}/algorithms.csv",
    "/networks/{network}/algorithms/{algorithm}/alignments.csv",
    "/networks/{network}/algorithms/{algorithm}/alignments/{alignment}/interchanges.csv",
    "/networks/{network}/directions.csv",
    "/networks/{network}/ladder.csv",
    "/networks/{network}/stories.csv",
    "/networks/{network}/rivals.csv",
    "/networks/{network}/methods.csv",
    "/networks/{network}/lenses.csv",
    "/networks/{network}/lenses/lime/numbers.csv",
    "/networks/{network}/figures.csv",
    "/networks/{network}/funnel.csv",
    "/networks.csv",
    "/api/v1/studies/{study}/data.csv",
    "/api/v1/studies/{study}/data.json",
    "/api/v1/studies/{study}/data.jsonl.gz",
    "/api/v1/networks/{network}/result",
    "/api/v1/networks/{network}/result?masks=false",
    "/compare.csv?network={network}&{mixed}",
    "/compare/agreement.csv?network={network}&{mixed}",
    "/api/v1/networks/{network}/explanations.csv",
    "/api/v1/networks/{network}/explanations.csv?criteria=mean-ablation&sort=margin&order=desc",
    "/api/v1/networks/{network}/common-ground.csv",
)
_PICTURES: Final = (
    "/networks/{network}/drawing.svg",
    "/networks/{network}/drawing.png",
    "/networks/{network}/drawing.pdf",
    "/networks/{network}/card.svg",
    "/networks/{network}/card.png",
    "/networks/{network}/figures/edges-1.svg",
    "/networks/{network}/funnel/figures/circuits.svg",
    "/networks/{network}/circuits/{mask}/drawing.svg",
    "/networks/{network}/circuits/{mask}/drawing.png",
    "/networks/{network}/circuits/{mask}/drawing.pdf",
    "/networks/{network}/circuits/{mask}/card.svg",
    "/networks/{network}/circuits/{mask}/card.png",
    "/networks/{network}/circuits/{mask}/figures/drawing.svg",
    "/networks/{network}/circuits/{mask}/interpretations/1/drawing.svg",
    "/networks/{network}/circuits/{mask}/interpretations/1/drawing.png",
    "/networks/{network}/circuits/{mask}/interpretations/1/drawing.pdf",
    "/networks/{network}/circuits/{mask}/interpretations/1/card.svg",
    "/networks/{network}/circuits/{mask}/interpretations/1/card.png",
    "/networks/{network}/circuits/{mask}/interpretations/1/figures/drawing.svg",
    "/networks/{network}/algorithms/{algorithm}/drawing.svg",
    "/networks/{network}/algorithms/{algorithm}/drawing.png",
    "/networks/{network}/algorithms/{algorithm}/drawing.pdf",
    "/networks/{network}/algorithms/{algorithm}/card.svg",
    "/networks/{network}/algorithms/{algorithm}/card.png",
    "/networks/{network}/algorithms/{algorithm}/figures/drawing.svg",
    "/networks/{network}/algorithms/{algorithm}/alignments/{alignment}/drawing.svg",
    "/networks/{network}/algorithms/{algorithm}/alignments/{alignment}/drawing.png",
    "/networks/{network}/algorithms/{algorithm}/alignments/{alignment}/drawing.pdf",
    "/networks/{network}/algorithms/{algorithm}/alignments/{alignment}/card.svg",
    "/networks/{network}/algorithms/{algorithm}/alignments/{alignment}/card.png",
    "/networks/{network}/algorithms/{algorithm}/alignments/{alignment}/figures/drawing.svg",
    "/networks/{network}/sandbox/drawing.svg",
    "/networks/{network}/sandbox/drawing.png",
    "/networks/{network}/sandbox/drawing.pdf",
    "/networks/{network}/sandbox/card.svg",
    "/networks/{network}/sandbox/card.png",
    "/compare/card.svg?network={network}&{six}",
    "/compare/card.png?network={network}&{six}",
    "/compare/figures/agreement.svg?network={network}&{six}",
    "/embed/networks/{network}",
    "/embed/networks/{network}/circuits/{mask}",
    "/embed/networks/{network}/circuits/{mask}/interpretations/1",
    "/embed/networks/{network}/algorithms/{algorithm}",
    "/embed/networks/{network}/algorithms/{algorithm}/alignments/{alignment}",
    "/embed/networks/{network}/sandbox",
    "/embed/compare?network={network}&{six}",
    "/oembed?url={page}",
    "/studies/{study}/drawing.svg",
    "/studies/{study}/drawing.png",
    "/studies/{study}/drawing.pdf",
    "/studies/{study}/card.svg",
    "/studies/{study}/card.png",
    "/embed/studies/{study}",
    "/studies/{study}/figures/irredundant-literals-alignments.svg",
    "/studies/{study}/figures/irredundant-literals-alignments.png",
)
_VERIFIED: Final = (
    "/networks/{network}/verify",
    "/networks/{network}/circuits/{mask}/verify",
    "/networks/{network}/circuits/{mask}/interpretations/1/verify",
    "/networks/{network}/algorithms/{algorithm}/verify",
    "/networks/{network}/algorithms/{algorithm}/alignments/{alignment}/verify",
    "/compare/verify?network={network}&{six}",
    *(
        f"/api/v1/{path}"
        for path in (
            "networks/{network}/verify",
            "networks/{network}/circuits/{mask}/verify",
            "networks/{network}/circuits/{mask}/interpretations/1/verify",
            "networks/{network}/algorithms/{algorithm}/verify",
            "networks/{network}/algorithms/{algorithm}/alignments/{alignment}/verify",
            "compare/verify?network={network}&{six}",
        )
    ),
)
_SERVICES: Final = (
    "/health",
    "/health/live",
    "/health/ready",
    "/api/v1/health",
    "/metrics",
    "/admin",
    "/api/v1/admin",
    "/jobs",
    "/jobs.csv",
    "/api/v1/jobs",
    "/jobs/{job}",
    "/api/v1/jobs/{job}",
    "/train?like={network}",
    "/api/v1/train?like={network}",
)
_TEMPLATES: Final[dict[str, tuple[str, ...]]] = {
    "page": _PAGES,
    "list": _LISTS,
    "twin": _TWINS,
    "taken": _TAKEN,
    "picture": _PICTURES,
    "verified": _VERIFIED,
    "service": _SERVICES,
}

NOT_OF_SIZE: Final[dict[str, str]] = {
    "/studies/new": "a form; nothing stored is read",
    "/api/v1/studies/new": "a form",
    "/api/v1/studies/schema": "a constant",
    "/models*": "models of other kinds, of which at most 100,000 circuits are listed",
    "/api/v1/models*": "models of other kinds",
    "/networks/new*": "a form and its help; nothing stored is read",
    "/api/v1/networks/new*": "a form and its help",
    "/api/v1/networks/{network}/file": "the network alone, without what is stored of it",
    "/networks/{network}/training*": "a network's own course of training, which this one has none of",
    "/networks/{network}/ladder/figures*": "five bars, drawn from the page's own model; this store has no ladder",
    "/networks/{network}/algorithms/{algorithm}/directions/{alignment}*": "found anew by its address, on one network",
    "/api/v1/networks/{network}/algorithms/{algorithm}/directions/{alignment}*": "found anew by its address",
    "/embed/networks/{network}/algorithms/{algorithm}/directions*": "found anew by its address",
    "/networks/{network}/explanations/{ref}*": "computed by its address, on one network",
    "/api/v1/networks/{network}/explanations/{ref}*": "computed by its address",
    "/embed/networks/{network}/explanations/{ref}*": "computed by its address",
    "/networks/{network}/claims/{claim}*": "leads to the address that holds what was claimed",
    "/api/v1/networks/{network}/claims/{claim}*": "leads to the address that holds what was claimed",
    "/embed/networks/{network}/claims/{claim}*": "leads to the address that holds what was claimed",
    "/networks/{network}/methods/{method}/steps*": "as the page of the method",
    "/api/v1/networks/{network}/methods/{method}": "as the page of the method",
    "/compare/drawing*": "refused: there is one of each explanation, and a card of all",
    "/s/{key}": "one row by its key",
    "/api/v1/s/{key}": "one row by its key",
    "/api/v1/schemas*": "a constant",
    "/api": "made once from the routes",
    "/api/v1": "leads to /api",
    "/collection": "as its items",
    "/api/v1/collection": "as its items",
    "/lessons": "as the sandbox",
    "/api/v1/lessons": "as the sandbox",
    "/deleted": "a short list",
    "/api/v1/deleted": "a short list",
    "/findings*": "documents",
    "/api/v1/findings*": "documents",
    "/glossary": "a document",
    "/api/v1/glossary": "a document",
    "/scope": "a document",
    "/api/v1/scope": "a document",
    "/login": "a form",
    "/api/v1/login": "a form",
    "/jobs/{job}/events": "a stream that stays open",
    "/api/v1/jobs/{job}/events": "a stream that stays open",
}
"""Routes that are not asked for, and why; with an asterisk those as well whose paths go on."""
