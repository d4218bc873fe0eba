"""Keras model -> ONNX."""
