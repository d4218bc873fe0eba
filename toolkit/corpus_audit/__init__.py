"""What is wrong with a corpus: tracks that cannot serve, duplicates, silence, odd formats."""
