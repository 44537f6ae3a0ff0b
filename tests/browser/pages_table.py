"""The pages that every visit checks: adding one is adding a line."""

from __future__ import annotations

from typing import Any

from plugins.studies.tests.study_factories import rows
from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.app.bundled import bundled_networks
from pluriscope_bench.suite_files import read_suite

PAGES = {
    "circuit": "/networks/xor-pretrained/explanations/c-{mask}",
    "circuit, its criteria": "/networks/xor-pretrained/explanations/c-{mask}?part=criteria",
    "circuit, verified": "/networks/xor-pretrained/explanations/c-{mask}?part=verify",
    "circuit, not valid": "/networks/xor-pretrained/explanations/c-3fffe",
    "interpretation": "/networks/xor-pretrained/explanations/i-{mask}.1",
    "interpretation, its thresholds": "/networks/xor-pretrained/explanations/i-{mask}.1?part=cut",
    "algorithm": "/networks/xor-pretrained/explanations/g-{algorithm}",
    "alignment": "/networks/xor-pretrained/explanations/a-{algorithm}.{alignment}",
    "alignment, its interchanges": "{wide_alignment}?part=interchanges",
    "direction": "{direction}",
    "front page": "/",
    "networks": "/networks",
    "networks, filtered": "/networks?q=xor&state=done&sort=circuits_valid&order=desc&protocol=paper",
    "network": "/networks/xor-pretrained",
    "network, noisy rows": "{noisy}&protocol=paper",
    "network of three outputs": "/networks/xor-or-imp-3-3?output=2",
    "network of three inputs": "/networks/majority-3-3",
    "ladder": "/networks/alice-and-bob/analyses/ladder",
    "funnel": "/networks/xor-pretrained/analyses/funnel",
    "funnel, none survives": "/networks/xor-pretrained/analyses/funnel/chosen?criteria=minimal-subset",
    "funnel, not computed": "/networks/xor-pretrained/analyses/funnel/chosen?criteria=input-noise(seed=123)",
    "play": "/networks/xor-pretrained/play",
    "play, three asked": "{asked}&row=3&source=0&change=h1[0]&change=1.2-2.1_zero&change=2.1-y0_v-0.5",
    "common ground": "/networks/alice-and-bob/analyses/common-ground",
    "edit": "/networks/xor-pretrained/edit",
    "edit by hand": "/networks/xor-pretrained/edit?rule=manual",
    "edited network": "/networks/xor-noisy",
    "edits of a network": "/networks/xor-pretrained?part=edits",
    "play, its weights": "/networks/xor-pretrained/play?part=weights",
    "two networks": "/networks/xor-pretrained/compare/xor-noisy",
    "two networks, on every criterion": "/networks/xor-pretrained/compare/xor-noisy?part=criteria",
    "circuit on two networks": "/networks/xor-pretrained/compare/xor-noisy?e=c-{mask}",
    "settings": "/networks/xor-pretrained/settings",
    "circuits": "/networks/xor-pretrained/explanations?kind=circuit&view=list",
    "explanations of three inputs": "/networks/majority-3-3/explanations?protocol=paper&output=0&view=list",
    "the two that share least": "/compare?network=xor-pretrained&e=c-18b9f&e=c-2f0ef",
    "where an algorithm can stand, one part of it": "/networks/xor-pretrained/analyses/ladder",
    "methods": "/networks/xor-pretrained/analyses/methods",
    "planted network": "/networks/xor-planted-disguised/analyses/planted",
    "lenses": "/networks/xor-pretrained/analyses/lenses",
    "lens": "/networks/xor-pretrained/analyses/lenses/shapley",
    "lens with a table": "/networks/xor-pretrained/analyses/lenses/patching-table",
    "lens with fields": "/networks/xor-pretrained/analyses/lenses/feature-pictures",
    "lens, degenerate": "/networks/xor-pretrained/analyses/lenses/sae",
    "claim, to be pasted": "/networks/xor-pretrained/own",
    "claim": "/networks/xor-pretrained/own?c=3f1cf",
    "explanations": "/networks/xor-pretrained/explanations?view=list",
    "sheet": "/networks/alice-and-bob/explanations",
    "sheet of too many": "/networks/xor-pretrained/explanations?view=sheet",
    "sheet of a transformer": "/networks/induction-attention/explanations",
    "tree of circuits": "/networks/xor-pretrained/explanations?view=tree&circuit=c-{mask}",
    "explanations, many filters": "/networks/xor-pretrained/explanations?kind=circuit&kind=alignment&edges_min=3"
    "&fragile=no&passes=minimal-subset&fails=necessity&uses=n1.0&limit=100&sort=margin&order=desc",
    "explanations, none match": "/networks/xor-pretrained/explanations?edges_max=12&fragile=yes",
    "network verified": "/verified?url=/networks/xor-pretrained",
    "transformer": "/networks/majority-5-attention",
    "transformer of two layers": "/networks/induction-attention",
    "inside a transformer": "/networks/induction-attention?part=inside",
    "circuits of a transformer": "/networks/majority-5-attention/explanations?protocol=split",
    "circuit of a transformer": "/networks/majority-5-attention/explanations/c-0c4",
    "circuit of a transformer, its criteria": "/networks/majority-5-attention/explanations/c-0c4?part=criteria",
    "circuits of a model compared": "/compare?network=majority-5-attention&e=120&e=0c4&e=1ff",
    "methods of a transformer": "/networks/majority-5-attention/analyses/methods",
    "lenses of a transformer": "/networks/majority-5-attention/analyses/lenses",
    "lens of a transformer": "/networks/majority-5-attention/analyses/lenses/patching-table",
    "planted in a transformer": "/networks/tracr-histogram/analyses/planted",
    "roles of heads": "/networks/majority-5-attention/analyses/lenses/roles",
    "play on a transformer": "/networks/majority-5-attention/play?change=1.0",
    "claim on a model": "/networks/majority-5-attention/own?text=x%3E1.0.v+1.0%3Elogits",
    "most different circuits of a transformer": "/compare?network=induction-attention",
    "compare": "/compare?network=xor-pretrained&{refs}",
    "compare, two": "/compare?network=xor-pretrained&e=i-{mask}.0&e=i-{mask}.1",
    "compare, on directions": "/alice-and-bob",
    "criteria of a comparison": "/compare?network=xor-pretrained&{refs}&part=criteria",
    "imports a network": "/networks/new",
    "study": "/studies/xor-width",
    "networks of a study": "/studies/xor-width/outcomes",
    "network of a study, not stored": f"/studies/xor-width/outcomes?network={rows()[0]['network']}",
    "study, its numbers": "/studies/xor-width?part=numbers",
    "study, another figure": "/studies/xor-width?figure=one-minimal-alignment&by=hidden",
    "study, a file": "/studies/new?study=xor-width",
    "new study": "/studies/new",
    "login": "/login?next=/networks/new",
    "training form": "/networks/new?way=train",
    "jobs": "/jobs",
    "job": "/jobs/{job}",
    "administration": "/admin",
    "learn": "/learn",
    "lesson": "/learn/two-circuits?off=n2.1&off=n2.2",
    "lesson, answered": "/learn/two-readings?mark=0.55&kept=0110&kept=0111&answer=a",
    "lesson, guessed": "/learn/the-experiment?neuron=n2.0&x=01&source=00&guess=Q&answer=winner",
    "lesson of a formula": "/learn/algorithm-first?place=0:1.1&place=1:2.1",
    "hand-outs": "/learn/hand-outs",
    "findings": "/findings",
    "findings, a chapter": "/findings/learned-or-drawn",
    "methods on the answer key": "/bench",
    "methods, by another score": "/bench?condition=mean-threshold-strict&sort=cmd&track=runs",
    "methods, under every condition": "/bench?part=conditions",
    "method on the answer key": "/bench/eap",
    "two methods": "/bench/eap/against/eap-ig",
    "network of the answer key": "/bench/networks/{of_suite}",
    "transformer of the answer key": "/bench/networks/{transformer_of_suite}",
    "the paper": "/paper",
    "glossary": "/glossary",
    "search": "/search?q=xor",
    "search, nothing found": "/search?q=nothing-like-it",
    "interface": "/api/docs",
    "scope": "/scope",
    "story, two explanations": "/story/3",
    "story, a guess": "/story/4",
    "story, all": "/story/6",
    "not found": "/networks/nowhere",
}
FURTHER = {
    *("network, noisy rows", "network of three outputs", "edited network", "edit by hand", "networks, filtered"),
    *("funnel, not computed", "play, three asked", "two networks, on every criterion", "explanations of three inputs"),
    *("the two that share least", "where an algorithm can stand, one part of it"),
    *("lens with a table", "lens with fields", "lens, degenerate", "claim, to be pasted"),
    *("sheet of a transformer", "explanations, many filters", "explanations, none match", "transformer of two layers"),
    *("circuits of a transformer", "circuit of a transformer, its criteria", "methods of a transformer"),
    *("lenses of a transformer", "lens of a transformer", "planted in a transformer", "compare, on directions"),
    *("most different circuits of a transformer", "criteria of a comparison", "network of a study, not stored"),
    *("study, another figure", "lesson, guessed", "lesson of a formula", "methods, by another score"),
    *("transformer of the answer key", "search, nothing found", "story, all"),
}
"""Pages made of the same blocks as another of these, on other data: looked at before a release."""
STATUS = {"not found": 404}
"""Of the pages that do not answer 200."""


def addresses(site: Any) -> dict[str, str]:
    """The pages' addresses, with the identities that the stored analyses found."""
    noisy = next(file.data for file in bundled_networks() if file.slug == "xor-pretrained")
    circuits = site.listed("xor-pretrained", kind="circuit", sort="interpretations", order="desc")["items"]
    alignment = site.listed("xor-pretrained", kind="alignment")["items"][0]["ref"]
    algorithm, _, placed = alignment.removeprefix("a-").partition(".")
    chosen = [circuits[0]["ref"], *(f"i-{one['mask']}.0" for one in circuits[:2]), alignment]
    suite = read_suite().networks
    names = {
        # a circuit with many interpretations, so that there is something to leaf through
        "mask": circuits[0]["mask"],
        "algorithm": algorithm,
        "alignment": placed,
        "direction": _first_direction(site, "alice-and-bob", "integer"),
        "wide_alignment": site.listed("majority-3-3", kind="alignment", valid="any")["items"][0]["url"],
        "refs": "&".join(f"e={ref}" for ref in chosen),
        "asked": Addresses().play("xor-pretrained", [*chosen[1:3], alignment]),
        "noisy": Addresses().network("xor-pretrained", Scope(data=noisy.digest[:12])),
        "of_suite": suite[0].name,
        "transformer_of_suite": suite[-1].name,
        "job": site.twin("/jobs?state=done")["items"][0]["ref"],
    }
    return {name: address.format(**names) for name, address in PAGES.items()}


def _first_direction(site: Any, network: str, found_by: str) -> str:
    """The page of the first alignment that a class of directions found."""
    return str(site.listed(network, kind="direction", classes=found_by)["items"][0]["url"])
