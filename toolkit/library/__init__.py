"""A large library of music -> one row a file: found in order, classified in parallel, resumed where interrupted.

`files` finds them, `results` classifies one, `work` is what other processes do, `partial` keeps what is done so far,
`tables` are the formats of the output, `run` puts them together.
"""
