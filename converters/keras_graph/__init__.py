"""Keras models restated: simplified, scaled at the input, counted; models that genrekit did not train."""
