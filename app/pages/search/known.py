"""What the search knows without asking the store: what can be done here, the pages of a network, and terms."""

from __future__ import annotations

from collections.abc import Sequence

from app.addressing import Addresses
from app.pages.search.views import Hit
from app.pages.sections import Section, sections_of
from app.pages.terms import every_word


def actions(addresses: Addresses) -> list[tuple[Hit, str]]:
    """Everything that can be done or opened here, each with further words that it goes by."""
    a = addresses
    return [
        (_action("Import a network", "From a file: JSON, safetensors or ONNX", a.bring_in()), "upload add pytorch"),
        (_action("Train a network", "In the browser, from a task and a seed", a.train()), "training new"),
        (_action("New study", "Many networks over a declared grid", a.new_study()), "start design seeds"),
        (_action("Compare explanations", "Two to six side by side", a.compare()), "comparison difference"),
        (_action("Networks", "All stored networks", a.gallery()), "gallery home list"),
        (_action("Studies", "All studies", a.studies()), "list"),
        (_action("Jobs", "Background work", a.jobs()), "queue running progress"),
        (_action("Tour", "One network in a minute", a.tour()), "help introduction start"),
        (_action("Guided pages", "One network, page by page", a.guide()), "help introduction tour steps"),
        (_action("Findings", "What the bundled studies found", a.findings()), "results answers"),
        (_action("Alice and Bob", "Two explanations that contradict each other", a.alice_and_bob()), "carol story"),
        (_action("Glossary", "All terms", a.glossary()), "help words meaning"),
        (_action("Scope and limitations", "What a verdict means and does not", a.scope()), "help criteria settings"),
        (_action("How to export your model", "From PyTorch or scikit-learn", a.bring_in_help()), "help pytorch import"),
        (_action("Validate a network file", "Without storing it", a.check_network_file()), "check schema"),
        (_action("Other models", "Attention-only transformers", a.models()), "transformer import"),
        (_action("API", "Every address and option", f"{a.prefix}/api"), "openapi json machine interface"),
        (_action("Keyboard shortcuts", "All keys", f"{a.search()}#shortcuts", "shortcuts"), "help keys"),
        (_action("Switch to the dark theme", "", a.gallery(theme="dark"), "dark"), "toggle colours mode night"),
        (_action("Switch to the light theme", "", a.gallery(theme="light"), "light"), "toggle colours mode day"),
        (_action("Administration", "How the installation runs", a.admin()), "status load"),
    ]


def _action(label: str, detail: str, url: str, does: str = "") -> Hit:
    return Hit(kind="action", label=label, detail=detail, url=url, does=does)


def actions_named(addresses: Addresses, words: Sequence[str]) -> list[Hit]:
    """Actions of which every one of some words begins a word; without a word all."""
    return [
        hit
        for hit, also in actions(addresses)
        if all(f" {word}" in f" {hit.label} {hit.detail} {also}".lower() for word in words)
    ]


def section_named(addresses: Addresses, slug: str, words: Sequence[str]) -> tuple[Section | None, list[str]]:
    """The page of a network that one of some words names, such as sandbox, and the other words.

    Args:
        slug: of the network.
        words: of the query, in lower case.
    """
    for section in sections_of(addresses, addresses.network(slug), ""):
        for word in words:
            if len(word) > 3 and section.label.lower().replace(" ", "-").startswith(word):
                return section, [other for other in words if other != word]
    return None, list(words)


def terms_named(addresses: Addresses, words: Sequence[str]) -> list[Hit]:
    """Terms that begin with a text, then those with its words in their name, then in their meaning."""
    text, ranked = " ".join(words), []
    for position, word in enumerate(every_word()):
        name = word.term.lower()
        places = [name.startswith(text), all(f" {one}" in f" {name}" for one in words)]
        places.append(all(f" {one}" in f" {name} {word.meaning.lower()}" for one in words))
        if any(places):
            hit = Hit(kind="term", label=word.term, detail=word.meaning, url=addresses.glossary(word.anchor))
            ranked.append((places.index(True), position, hit))
    return [hit for _, _, hit in sorted(ranked, key=lambda entry: entry[:2])]
