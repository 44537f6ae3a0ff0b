"""The pure engine: networks in, explanations out.

    a Question: model, output, task, protocol, data
        -> circuits        every sub-graph that still decides right       (where)
        -> interpretations a Boolean function for each active neuron      (then what)
        -> algorithms      every small formula that computes the task     (what)
        -> alignments      neuron sets that carry the formula's variables (then where)
        -> one OutputAnalysis, every number of which names its protocol

Nothing here reads a clock, a file, a database or a global random state; but for plugins, which are
found among what is installed (:mod:`pluriscope.analysis.plugins`).
"""

ENGINE_VERSION = "0.3.0"
