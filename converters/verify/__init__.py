"""The gate: what a converted file predicts beside what its Keras model predicts."""
