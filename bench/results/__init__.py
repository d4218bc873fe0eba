"""Typed results and pure statistics: what was measured, what it means, and what to be warned of."""
