"""Which track trains, validates and tests."""
