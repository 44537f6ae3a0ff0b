"""Interventions by hand: the network's answer under one, and what each explanation predicts.

The common ground (:mod:`pluriscope.analysis.interventions.experiments`) patches sets of hidden neurons, all from one
source. Here neurons and edges are changed one by one: set to zero, to their mean, to what they are on another input, or
to any value.
"""
