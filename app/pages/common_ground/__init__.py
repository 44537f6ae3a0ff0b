"""Coverage and accuracy of every explanation of one analysis over all interventions, in one cloud and one list."""
