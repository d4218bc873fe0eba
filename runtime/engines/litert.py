"""LiteRT (ai-edge-litert): today's name of TFLite's interpreter."""

from ai_edge_litert.interpreter import Interpreter

from .interpreter import InterpreterEngine


class LiteRTEngine(InterpreterEngine):
    """A .tflite in LiteRT."""

    name = "litert"
    interpreter_class = Interpreter


engine = LiteRTEngine
