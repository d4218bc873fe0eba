"""On the PYTHONPATH of commands that tests start: heavy libraries speak up when they are imported, on any machine."""

import ctypes
import logging
import os
import sys
import warnings

LIBRARIES = {"tensorflow", "keras", "onnxruntime", "ai_edge_litert", "matplotlib", "joblib"}
ABSL = "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR"
ONE_DNN = "I0000 00:00:1.2 3 port.cc:153] oneDNN custom operations are on."
WARNED = "a library warns of what it will change"
LOGGED = "a library logs what it does"


class Greeter:
    def find_spec(self, name, path=None, target=None):
        if name in LIBRARIES:
            LIBRARIES.remove(name)
            for output in (1, 2):
                os.write(output, f"{ABSL}\n".encode())
            ctypes.CDLL(None).write(2, f"{ONE_DNN}\n".encode(), len(ONE_DNN) + 1)
            warnings.warn(WARNED, stacklevel=1)
            logging.warning(LOGGED)


if __name__ == "sitecustomize":  # not where tests look its words up
    sys.meta_path.insert(0, Greeter())
    if "GENREKIT_TEST_NETWORK" not in os.environ:
        sys.path.append(os.path.join(os.path.dirname(__file__), os.pardir))
        import no_network

        no_network.watch()
        sys.path.pop()
