"""The same bench on another machine.

`session` has it done there, over the connection of `ssh`: `wheel` is what is installed, `job` what is measured, `agent`
the program that serves there. ``python -m genrekit.bench.remote`` does a job.
"""
