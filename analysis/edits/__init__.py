"""Edits: rules by which a network's weights are changed, one file each, and what came of one.

:mod:`pluriscope.analysis.edits.edit` has the record of a rule and of its result,
:mod:`pluriscope.analysis.edits.registry` names the rules.
"""
