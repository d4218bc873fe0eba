"""The command line: one module a command group, heavy imports inside the commands."""

MODULE = f"{__name__}.app"  # what `python -m` runs as the command
