"""Workers and a server killed with SIGKILL at random moments: the store ends as that of an undisturbed run.

``python -m benchmarks.faults --kills 100`` runs an installation as users do (``pluriscope serve``, ``pluriscope
work``), feeds it networks over HTTP, kills the server, whole workers and single computing processes at seeded random
moments, starts them again, and then gives the same networks to an undisturbed installation. Both stores are compared
row by row, row numbers and times apart, and so is what either serves.
"""
