"""Quantisation: calibration, and steps that keep whole-number models close to Keras; what they are worth.

Agreement, mean and largest error with all steps and without each one, as means over the four models; the agreement is
that of all their windows, 724 of 90 tracks of GTZAN and 1,600 of the demo corpus. An empty field: the step takes no
part. Measured by tests/ratios/quantization_steps.py::

    recipe, corpus file           all steps             no GPTQ rounding      no narrow logits      no input scaling
    ----------------------------  -------------------   -------------------   -------------------   -------------------
    edge, GTZAN   tflite dynamic  99.9% 0.00043 0.007   99.4% 0.00061 0.010
    edge, GTZAN   tflite int8     98.8% 0.00182 0.018   98.2% 0.00197 0.022   98.8% 0.00183 0.018
    edge, GTZAN   onnx dynamic    99.4% 0.00085 0.012   97.9% 0.00156 0.033
    edge, GTZAN   onnx int8       99.4% 0.00106 0.015   97.8% 0.00172 0.033
    paper, GTZAN  tflite dynamic  98.8% 0.00192 0.062   99.0% 0.00267 0.148                         98.5% 0.00233 0.089
    paper, GTZAN  tflite int8     97.2% 0.00546 0.207   96.8% 0.00605 0.275   95.3% 0.00614 0.219   96.0% 0.00716 0.300
    paper, GTZAN  onnx dynamic    98.6% 0.00356 0.248   95.6% 0.00571 0.354                         97.9% 0.00426 0.150
    paper, GTZAN  onnx int8       97.4% 0.00461 0.330   95.3% 0.00642 0.340                         97.5% 0.00618 0.261
    edge, demo    tflite dynamic  99.8% 0.00029 0.012   99.9% 0.00045 0.018
    edge, demo    tflite int8     99.6% 0.00150 0.045   99.7% 0.00160 0.043   99.6% 0.00150 0.045
    edge, demo    onnx dynamic    99.8% 0.00057 0.020   99.8% 0.00107 0.083
    edge, demo    onnx int8       99.6% 0.00072 0.022   99.6% 0.00119 0.085
"""
