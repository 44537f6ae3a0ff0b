"""Questions about a network: tasks, rows of data, protocols, and when an output counts as decided."""
