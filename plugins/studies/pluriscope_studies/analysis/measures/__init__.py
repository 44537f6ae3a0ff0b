"""What studies read off analysed networks."""
