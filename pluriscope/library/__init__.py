"""What ``import pluriscope`` offers: networks in, results and explanations out."""
