"""Attribution patching of sites of a transformer: what a patch would change, to first order."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.numerics.fixed_order import total_of
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.transformer.runs import Site
from pluriscope.analysis.subjects.transformer.weights import Transformer
from pluriscope_methods.lenses.attribution_patching import ATTRIBUTION_PATCHING
from pluriscope_methods.lenses.lens import Grids
from pluriscope_methods.lenses.on_sites import METRIC, PAIRS, alike, grid_of, largest_of
from pluriscope_methods.lenses.site_lens import SiteLens, run_cost
from pluriscope_methods.lenses.site_patching import DIRECTION, effects_of, sites_by_kind

_SHOWN: Final = 0.005  # less makes no difference in two digits


_FORMS: Final = ("first-order", "integrated")


_FORM: Final = Setting("form", _FORMS[0], "of the derivative: in the run, or along the way", choices=_FORMS)


def _look_at_sites(model: Transformer, settings: Settings, work: Work) -> Grids:
    effects, notes = effects_of(model, settings)
    names = [name for some in sites_by_kind(model).values() for name in some]
    changes = effects.first_order() if settings["form"] == "first-order" else effects.integrated(names, work)

    def estimate(site: Site) -> float:
        where = slice(None) if site.at is None else slice(site.at, site.at + 1)
        return effects.share(total_of(changes[site.name][:, where].ravel()))

    grids = [grid_of(model, title, names, estimate, 1.0) for title, names in sites_by_kind(model).items()]
    cells = [(site, value) for grid in grids for _, _, value, site in grid.cells() if not site.startswith("x")]
    site, value = max(cells, key=lambda cell: abs(cell[1]))
    name, _, at = site.partition("~")
    exact = effects.of(Site(name, int(at) - 1 if at else None))
    sentence = largest_of(grids[1:])
    if abs(exact - value) > _SHOWN:
        sentence += f" The patch itself has {exact:.2f} there."
    return Grids(tuple(grids), sentence.replace(" -", " −"), notes)


ATTRIBUTION_PATCHING_ON_SITES: Final = SiteLens(
    key=ATTRIBUTION_PATCHING.key,
    label=ATTRIBUTION_PATCHING.label,
    definition="What activation patching would find at each site, as the metric’s derivative there predicts.",
    source=ATTRIBUTION_PATCHING.source,
    can_know=ATTRIBUTION_PATCHING.can_know,
    look=_look_at_sites,
    own=(METRIC, DIRECTION, _FORM, PAIRS),
    multiplications=lambda model, settings: 30.0 * run_cost(model, int(settings["pairs"])),
    refuses=alike,
    effects=True,
)
