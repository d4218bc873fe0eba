"""Keras models become files for devices: converted, calibrated, described and proven to agree."""
