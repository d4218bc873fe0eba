"""A .tflite that passed its gate -> a folder of plain C."""
