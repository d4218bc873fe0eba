"""Activations that are needed at one time lie apart, and the arena is no larger than they ask for."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from genrekit.converters.c.arena import ALIGNMENT, Buffer, plan

STEPS = 12
buffers = st.lists(
    st.builds(
        lambda size, first, length: Buffer(size, first, first + length),
        st.integers(1, 5000),
        st.integers(0, STEPS),
        st.integers(0, 4),
    ),
    max_size=12,
)


def padded(size):
    return -(-size // ALIGNMENT) * ALIGNMENT


@given(buffers)
def test_buffers_of_one_time_lie_apart(found):
    offsets, total = plan(found)
    assert all(offset % ALIGNMENT == 0 for offset in offsets)
    for index, one in enumerate(found):
        assert offsets[index] + one.bytes <= total
        for other in range(index):
            if one.first <= found[other].last and found[other].first <= one.last:
                assert (
                    offsets[index] + one.bytes <= offsets[other]
                    or offsets[other] + found[other].bytes <= offsets[index]
                )


@given(buffers)
def test_a_chain_needs_no_more_than_its_two_largest_neighbours(found):
    chain = [Buffer(one.bytes, index, index + 1) for index, one in enumerate(found)]
    sizes = [padded(one.bytes) for one in chain]
    neighbours = [sum(pair) for pair in itertools.pairwise(sizes)] or sizes or [0]
    assert plan(chain)[1] <= max(neighbours) + max(sizes, default=0)
    assert plan(chain)[1] >= max(neighbours)
