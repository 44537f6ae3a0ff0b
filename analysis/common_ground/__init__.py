"""Coverage and accuracy of every explanation of one analysis over all interchange interventions (spec §6)."""
