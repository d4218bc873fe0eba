"""The same bench on another machine.

`session` has it done there, over the connection of `ssh`: `wheel` is what is installed, `job` what is measured and the
program that does it, `agent` the program that serves there before genrekit does.
"""
