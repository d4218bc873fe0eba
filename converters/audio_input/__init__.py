"""The front end as a graph: samples -> MFCC inside a .tflite or .onnx, in front of the model's own graph."""
