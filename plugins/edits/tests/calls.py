"""What tests of all kinds, analyses and addresses are given of edits."""

from pluriscope_edits.changes import find_changes
from pluriscope_edits.deception import report as deception
from pluriscope_edits.deception.ranking import RANKINGS
from pluriscope_edits.making import edited
from pluriscope_edits.pages.edit import Editing
from pluriscope_edits.planting.disguises import read_disguise

CALLS = {"edits": lambda one: edited("noise", one.result.question, {"size": 0.1})}
COMMON = {"changes": lambda one: find_changes(one.result.question, one.result.question.subject).findings()}
SENT = [("/networks/there/edit", {"data": {"rule": "noise", "size": "0.1"}})]
READ = [(Editing, "edited")]
READ_DISGUISE = read_disguise


def hasten(patch):
    """Deceive one method within one limit, for of all it takes minutes."""
    patch.setattr(deception, "RANKINGS", {"eap": RANKINGS["eap"]})
    patch.setattr(deception, "LIMITS", {"silent": deception.LIMITS["silent"]})


HASTENED = hasten
