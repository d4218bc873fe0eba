"""The top floor, which needs a desk: corpora, training, evaluation and the command line."""
