"""The command `pluriscope loudest`."""

from pluriscope.app.cli.terminal import Shown
from pluriscope_loudest.lens import loudest_of


def loudest(file: str, *, most: int = 3) -> Shown:
    """Say which neurons of a network have the largest activations.

    Example: pluriscope loudest xor.json

    Args:
        file: A network file.
        most: So many neurons.
    """
    import pluriscope

    rows = loudest_of(pluriscope.explain(file).question)[:most]
    return Shown(rows, [f"{row['layer']}.{row['neuron']}: {row['largest']:.3g}" for row in rows])
