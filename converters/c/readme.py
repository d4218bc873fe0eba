"""The folder's README.md: what it is, what it takes, and how to use it elsewhere."""

from __future__ import annotations

import dataclasses
import textwrap
from pathlib import Path
from string import Template

from ...runtime.mfcc import MfccConfig
from ...runtime.modelfile.description import ModelDescription
from ...runtime.util.foreign_text import markdown_text
from .model_source import c_name
from .text import LINE

README = "README.md"
TEMPLATE = Path(__file__).with_name("program") / README
STRIDE_S = 0.5
UNKNOWN = "not measured: no compiler"


@dataclasses.dataclass(frozen=True)
class Sizes:
    """What a model takes, in bytes.

    Attributes:
        flash: code and constants, as compiled here.
        state: memory of a classifier with a decision every half second, as compiled here.
        board_state: the same in plain C, at most so much on a board.
        board_state_without_top_db: the same if the front end had no top_db.
    """

    flash: int
    state: int
    board_state: int
    board_state_without_top_db: int


def readme(description: ModelDescription, sizes: Sizes | None) -> bytes:
    """README.md of `description`, whose parity is the folder's; `sizes`: None where it was not compiled."""
    config, parity = description.front_end, description.parity
    fields = {
        "title": markdown_text(f"{description.model}, {description.precision}"),
        "name": c_name(description),
        "rate": config.sample_rate,
        "count": len(description.labels),
        "version": description.toolkit_version,
        "hop": config.hop_length,
        "stride": config.stride_frames(STRIDE_S),
        "proof": "it was not compiled, and so not proven."
        if sizes is None
        else f"the same label for {parity.top1_agreement:.1%} of {parity.windows} windows, scores within "
        f"{parity.max_abs_error:.2g}.",
        "window": textwrap.fill(f"A window is {config.window_s:g} s. {_kept(config)}", LINE),
        **{name: UNKNOWN for name in ("flash", "state", "without_top_db")},
        "board_state": "BYTES",
    }
    if sizes:
        fields |= {
            "flash": sizes.flash,
            "state": sizes.state,
            "board_state": sizes.board_state,
            "without_top_db": sizes.board_state_without_top_db,
        }
    return Template(TEMPLATE.read_text()).substitute(fields).encode()


def _kept(config: MfccConfig) -> str:
    """What a stream remembers of a window."""
    if config.top_db is None:
        return "Its MFCC are kept for as long as a window lasts."
    return (
        f"Features are clamped to {config.top_db:g} dB below a window's maximum, which is known only at its end: "
        f"{config.n_mels} log-mels a frame are kept for so long. A model trained with `--top-db none` keeps "
        f"{config.n_mfcc} MFCC."
    )
