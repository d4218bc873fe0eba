"""What several modules stand on: atomic files, held-back native output, intervals."""
