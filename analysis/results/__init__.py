"""What an analysis found, and the file that holds it."""
