"""Keras model -> TFLite, and C sources for microcontrollers."""
