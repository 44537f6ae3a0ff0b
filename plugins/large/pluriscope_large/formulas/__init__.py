"""Valid circuits as models of a formula: counted, searched and proved by solvers, where none can be listed."""
