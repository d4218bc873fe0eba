"""Typed results and pure statistics: what was measured, what it means, what to doubt."""
