"""What the card of a page says."""

from __future__ import annotations

from app.figures.cards import Card, Picture
from app.pages.compare.views import ComparePage
from app.pages.sharing.drawings import drawing_of, thumbs_of
from app.pages.sharing.facts import facts_of
from app.pages.sharing.targets import SharedPage
from app.pages.studies.views import StudyPage


def card_of(page: SharedPage) -> Card:
    """The card of a network, an explanation or a comparison."""
    facts = facts_of(page)
    if isinstance(page, ComparePage):
        pictures = tuple(Picture(str(thumb), letter, name) for letter, name, thumb in thumbs_of(page))
    else:
        pictures = (Picture(str(drawing_of(page))),)
    if isinstance(page, StudyPage):
        digest = page.digest[:12]
    else:
        digest = "" if page.network is None else page.network.digest[:12]
    return Card(facts.kicker, facts.title, facts.lines, pictures, f"{digest} · protocol {facts.protocol.split(' ')[0]}")
