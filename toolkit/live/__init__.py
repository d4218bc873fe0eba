"""The live page: one that runs a model in a browser by itself, and one that shows a device's stream.

Light but for what an export does: a device serves from here.
"""
