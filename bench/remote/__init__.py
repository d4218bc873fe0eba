"""The same bench on another machine.

`measuring` has it done there, over the connection of `ssh`: `wheel` is what is installed, `job` what is measured,
`on_device` the program that serves there. ``python -m genrekit.bench`` does a job.
"""

from .session import Device, open_device

__all__ = ["Device", "open_device"]
