"""Measuring: cases, fresh processes, raw rounds. The only room with a clock."""
