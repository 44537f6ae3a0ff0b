"""Studies: many networks trained over a declared grid, each analysed, each an outcome whatever became of it.

design      what is asked, over which grid, with which measures and comparisons: frozen and hashed
cells       the grid as a list of cells, each with its networks' training specs; what it will cost
sources     where a cell's networks come from: trained on Boolean tasks, or a source of its own
measures    what is read off each analysed network, one registered record each
outcome     one record for each network: converged or why not, its weights, its measures
statistics  medians, quartiles, shares with intervals, tests with effect sizes; failed networks counted beside
"""
