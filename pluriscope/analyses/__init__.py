"""What else is asked about a network: an entry of the registry for each question, and a file that shows its answer."""
