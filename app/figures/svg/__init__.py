"""Server-drawn diagrams: pure functions from data to SVG, by the drawing rules of the design.

Same data, same bytes: coordinates are rounded to 0.1, nothing is random, no ids are made up. Every drawing has
``role="img"``, a title, and a sentence made from its data.
"""

from app.figures.svg.aligned import aligned_diagram
from app.figures.svg.backbone import backbone_diagram
from app.figures.svg.directions import direction_diagram, weight_text
from app.figures.svg.flow import ByHand, FlowLink, flow_diagram
from app.figures.svg.graphs import graph_diagram, graph_thumb
from app.figures.svg.heat import interchange_heat
from app.figures.svg.inside import attention_heat
from app.figures.svg.layout import node_name, shape_text
from app.figures.svg.learning import LossCurve, loss_figure
from app.figures.svg.lenses import field_squares, score_bars, share_bars
from app.figures.svg.marks import logo, verdict_mark
from app.figures.svg.networks import network_diagram
from app.figures.svg.number_line import Threshold, number_line
from app.figures.svg.plane import plane_figure
from app.figures.svg.positions import NodeColumn, PlaceMark, positions_diagram
from app.figures.svg.thumbs import Direction, circuit_thumb
from app.figures.svg.tiles import (
    PLAIN_HUES,
    Hues,
    Tile,
    alignment_tiles,
    bits_of,
    gate_tiles,
    hues_by_frequency,
    table_name,
    table_text,
    variable,
)
from app.figures.svg.trees import formula_tree

__all__ = [
    "PLAIN_HUES",
    "ByHand",
    "Direction",
    "FlowLink",
    "Hues",
    "LossCurve",
    "NodeColumn",
    "PlaceMark",
    "Threshold",
    "Tile",
    "aligned_diagram",
    "alignment_tiles",
    "attention_heat",
    "backbone_diagram",
    "bits_of",
    "circuit_thumb",
    "direction_diagram",
    "field_squares",
    "flow_diagram",
    "formula_tree",
    "gate_tiles",
    "graph_diagram",
    "graph_thumb",
    "hues_by_frequency",
    "interchange_heat",
    "logo",
    "loss_figure",
    "network_diagram",
    "node_name",
    "number_line",
    "plane_figure",
    "positions_diagram",
    "score_bars",
    "shape_text",
    "share_bars",
    "table_name",
    "table_text",
    "variable",
    "verdict_mark",
    "weight_text",
]
