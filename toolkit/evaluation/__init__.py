"""How good a model is: on the windows of a corpus, and in a long recording."""
