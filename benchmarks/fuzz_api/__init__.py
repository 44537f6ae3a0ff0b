"""Made-up requests to every operation of the API, round after round, and what their answers are held against."""
