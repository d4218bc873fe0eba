"""tflite-runtime: the interpreter that older device images still carry."""

from tflite_runtime.interpreter import Interpreter

from .interpreter import InterpreterEngine


class TFLiteRuntimeEngine(InterpreterEngine):
    """A .tflite in tflite-runtime."""

    name = "tflite-runtime"
    interpreter_class = Interpreter


engine = TFLiteRuntimeEngine
