"""How well the cost of each stage is predicted: ``python -m benchmarks.stage_costs [--json FILE] [--case NAME …]``.

Every case (:mod:`.cases`) is analysed in a process of its own (:mod:`.measuring`), stage by stage, in seconds of the
processor, which a busy machine does not lengthen much; beside it stands what
:func:`analysis.stage_costs.plan_chain` predicted.
"""
