"""A large library of music -> one row a file: found in order, classified in parallel, resumed where interrupted."""
