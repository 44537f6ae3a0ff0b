"""One intervention by hand: what the network does under it, and what each explanation says that it will do.

The common ground (:mod:`pluriscope.analysis.interventions.experiments`) patches sets of hidden neurons, all from one
source. Here neurons and edges are changed one by one: set to zero, to their mean, to what they are on another input, or
to any value.
"""
