"""What is asked of a network: tasks, rows of data, protocols, and when an output counts as decided."""
