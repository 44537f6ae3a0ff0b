"""Studies: many networks, each analysed, each an outcome whatever became of it.

design → cells      what is asked, over which grid: frozen and hashed; one combination of levels each
reading             a design from JSON, or every reason why it is none
sources, makers     where the networks of a cell come from
running → rows      some networks of a cell, measured: one row for each network, protocol and output
comparisons         tests between groups of networks; :mod:`pluriscope_studies.summary` has their numbers
"""
