"""Server-drawn diagrams: pure functions from data to SVG, by the drawing rules of the design.

Same data, same bytes: coordinates are rounded to 0.1, nothing is random, no ids are made up. Every drawing has
``role="img"``, a title, and a sentence made from its data.
"""
