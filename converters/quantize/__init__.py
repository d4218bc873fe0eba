"""Whole-number weights and ranges: calibration, grids, rounding, equalisation."""
