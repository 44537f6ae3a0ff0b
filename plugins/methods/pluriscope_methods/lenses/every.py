"""Every lens from here, in the order in which pages list them: one line each."""

from __future__ import annotations

from typing import Final

from pluriscope_methods.lenses.attention_maps import ATTENTION_MAPS
from pluriscope_methods.lenses.attribution_patching import ATTRIBUTION_PATCHING
from pluriscope_methods.lenses.blame import BLAME
from pluriscope_methods.lenses.das import DAS
from pluriscope_methods.lenses.dictionaries import DICTIONARIES
from pluriscope_methods.lenses.direct_attribution import DIRECT_ATTRIBUTION
from pluriscope_methods.lenses.facts import FACTS
from pluriscope_methods.lenses.feature_pictures import FEATURE_PICTURES
from pluriscope_methods.lenses.feature_structure import FEATURE_STRUCTURE
from pluriscope_methods.lenses.frameworks import FRAMEWORKS
from pluriscope_methods.lenses.gradient_corners import GRADIENT_CORNERS
from pluriscope_methods.lenses.head_matrices import HEAD_MATRICES
from pluriscope_methods.lenses.integrated_gradients import INTEGRATED_GRADIENTS
from pluriscope_methods.lenses.labels import LABELS
from pluriscope_methods.lenses.layer_similarity import LAYER_SIMILARITY
from pluriscope_methods.lenses.lime import LIME
from pluriscope_methods.lenses.logit_lens import LOGIT_LENS, TUNED_LENS
from pluriscope_methods.lenses.lottery_ticket import LOTTERY_TICKET
from pluriscope_methods.lenses.magnitude_codes import MAGNITUDE_CODES
from pluriscope_methods.lenses.patching import PATCHING_TABLE, PATH_PATCHING
from pluriscope_methods.lenses.preferred_inputs import PREFERRED_INPUTS
from pluriscope_methods.lenses.probes import PROBES
from pluriscope_methods.lenses.response_fields import RESPONSE_FIELDS
from pluriscope_methods.lenses.roles import ROLES_LENS
from pluriscope_methods.lenses.sae import SAE
from pluriscope_methods.lenses.shapley import SHAPLEY
from pluriscope_methods.lenses.sparse_probes import SPARSE_PROBES
from pluriscope_methods.lenses.sparsity import SPARSITY
from pluriscope_methods.lenses.superposition import SUPERPOSITION
from pluriscope_methods.lenses.turned_circle import TURNED_CIRCLE

EVERY: Final = (
    SHAPLEY,
    INTEGRATED_GRADIENTS,
    GRADIENT_CORNERS,
    LIME,
    PROBES,
    SPARSE_PROBES,
    LAYER_SIMILARITY,
    PATCHING_TABLE,
    PATH_PATCHING,
    ATTRIBUTION_PATCHING,
    RESPONSE_FIELDS,
    FEATURE_PICTURES,
    PREFERRED_INPUTS,
    LABELS,
    SAE,
    DICTIONARIES,
    DAS,
    DIRECT_ATTRIBUTION,
    LOGIT_LENS,
    TUNED_LENS,
    ATTENTION_MAPS,
    ROLES_LENS,
    HEAD_MATRICES,
    FACTS,
    FEATURE_STRUCTURE,
    TURNED_CIRCLE,
    MAGNITUDE_CODES,
    SUPERPOSITION,
    SPARSITY,
    BLAME,
    LOTTERY_TICKET,
    FRAMEWORKS,
)
