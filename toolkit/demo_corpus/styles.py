"""The ten styles as data: feel, harmony, drums, parts and sound of each genre.

A pattern is one bar of 4/4 in as many equal steps as it has characters. `.` is silence, `-` holds what sounds;
capitals are accents. Drums: `x` strikes. Bass: `R`oot, `3`, `5`, `6`, `7`, `8` of the chord, `a`pproach to the next
root. Chords: `x` strikes all notes, `0` to `4` one of them, counted upwards. Leads: `x` plays the melody's next note.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Part:
    """One voice: the instruments and patterns it chooses from, and the MIDI number that it plays around."""

    instruments: tuple[str, ...]
    patterns: tuple[str, ...]
    register: int


@dataclasses.dataclass(frozen=True)
class Mix:
    """The sound of the recording.

    Attributes:
        drums, bass, chords, lead: levels in dB.
        tilt: dB an octave around 1 kHz; positive is brighter.
        low_cut_hz, high_cut_hz: edges of the recorded band.
        presence_hz, presence: centre and height in dB of a bell two octaves wide.
        reverb, reverb_s: fraction and time constant of the room.
        echo: level of the repeats, one every three quarters of a beat.
        noise: level of the hiss in dB beside the music.
        crackle: clicks a second, as of a worn record.
    """

    drums: float
    bass: float
    chords: float
    lead: float
    tilt: float
    low_cut_hz: float
    high_cut_hz: float
    presence_hz: float
    presence: float
    reverb: float
    reverb_s: float
    echo: float
    noise: float
    crackle: float


@dataclasses.dataclass(frozen=True)
class Style:
    """A genre.

    Attributes:
        kin: neighbouring genres, from which a track may borrow.
        tempo: range in beats a minute.
        swing: range of the delay of off-beats, as a fraction of the swung unit; 1/6 makes triplets.
        swing_unit: beats in which the off-beat is delayed: 1 swings eighths, 0.5 sixteenths.
        scale: semitones of the melody above the key.
        progressions: chords, one a bar, as in the key of C.
        kits: names in KITS.
        grooves: drum patterns by stroke; none where the genre has no drums.
        bass, chords, lead: the parts to choose from.
        mix: the middle of the genre's sound.
    """

    kin: tuple[str, ...]
    tempo: tuple[float, float]
    swing: tuple[float, float]
    swing_unit: float
    scale: tuple[int, ...]
    progressions: tuple[str, ...]
    kits: tuple[str, ...]
    grooves: tuple[dict[str, str], ...]
    bass: tuple[Part, ...]
    chords: tuple[Part, ...]
    lead: tuple[Part, ...]
    mix: Mix


MAJOR = (0, 2, 4, 5, 7, 9, 11)
PHRYGIAN = (0, 1, 3, 5, 7, 8, 10)
MAJOR_PENTATONIC = (0, 2, 4, 7, 9)
MINOR_PENTATONIC = (0, 3, 5, 7, 10)
BLUES = (0, 3, 5, 6, 7, 10)

STYLES: dict[str, Style] = {
    "blues": Style(
        kin=("jazz", "rock", "country"),
        tempo=(68, 124),
        swing=(0.13, 0.17),
        swing_unit=1,
        scale=BLUES,
        progressions=("C7 C7 C7 C7 F7 F7 C7 C7 G7 F7 C7 G7", "C7 F7 C7 C7 F7 F7 C7 C7 G7 F7 C7 C7"),
        kits=("acoustic",),
        grooves=(
            {"kick": "X...x...", "snare": "..X...X.", "hat": "XxXxXxXx"},
            {"kick": "X...X..x", "snare": "..X...Xx", "ride": "X.XxX.Xx"},
            {"kick": "X...x...", "rim": "..X...X.", "hat": "X.xxX.xx"},
        ),
        bass=(Part(("electric bass", "upright bass"), ("R.R.5.6.", "R.3.5.6.", "RR33556a", "R---5--a"), 36),),
        chords=(
            Part(("clean guitar", "overdriven guitar"), ("x.xxx.xx", "x..x-..x", "..x-..x-"), 55),
            Part(("piano", "organ"), ("x--x----", "x-x-x-x-", "..xx..xx"), 60),
        ),
        lead=(Part(("blues guitar", "harmonica"), ("x-xx--..", "xxx--x..", "..xxx--x", "x--.xxx-"), 69),),
        mix=Mix(-2, 0, 0, 2, -2.0, 80, 5500, 1500, 4, 0.2, 0.25, 0, -34, 2.0),
    ),
    "classical": Style(
        kin=("jazz",),
        tempo=(58, 112),
        swing=(0, 0),
        swing_unit=1,
        scale=MAJOR,
        progressions=("C G Am Em F C F G", "C F C G", "Am Dm G C F Dm E Am", "C Am Dm G7"),
        kits=(),
        grooves=(),
        bass=(Part(("cello",), ("R-------", "R---5---", "R---3-5-"), 43),),
        chords=(
            Part(("piano", "harp"), ("0212021202120212", "0123210301232103", "01210121", "0-1-2-1-"), 60),
            Part(("strings",), ("x-------", "x---x---", "x-xxx-xx"), 60),
        ),
        lead=(Part(("violin", "flute", "oboe", "piano"), ("x---x-x-", "x-xxx---", "xxxxx-x-", "x-----x-"), 74),),
        mix=Mix(-6, -4, 0, 1, -0.5, 45, 8000, 700, 3, 0.8, 0.7, 0, -50, 0.1),
    ),
    "country": Style(
        kin=("rock", "blues", "pop"),
        tempo=(88, 138),
        swing=(0, 0.05),
        swing_unit=1,
        scale=MAJOR_PENTATONIC,
        progressions=("C C F C C C G G", "C F C G", "C C G G F C G C", "C G F C"),
        kits=("dry",),
        grooves=(
            {"kick": "X...X...", "snare": "..X...X.", "shaker": "xxxxxxxx"},
            {"kick": "X.......X.......", "brush": "xxXxxxXxxxXxxxXx"},
            {"kick": "X...X..x", "rim": "..X...X.", "hat": "x.x.x.x."},
        ),
        bass=(Part(("upright bass", "electric bass"), ("R...5...", "R---5---", "R.R.5.5a"), 38),),
        chords=(
            Part(("acoustic guitar",), ("..X...X.", "..X...Xx", "x.Xxx.Xx"), 57),
            Part(("banjo", "clean guitar"), ("0213021302130213", "2031203120312031", "02130213"), 62),
        ),
        lead=(Part(("fiddle", "steel guitar", "voice"), ("x-x-x---", "xxx-x-x-", "x---xxx-"), 72),),
        mix=Mix(-4, -2, 1, 1, 1.2, 90, 9500, 2500, 4, 0.15, 0.15, 0, -46, 0.2),
    ),
    "disco": Style(
        kin=("pop", "hiphop"),
        tempo=(108, 130),
        swing=(0, 0),
        swing_unit=1,
        scale=MINOR_PENTATONIC,
        progressions=("Cm7 F7 Cm7 F7", "Cm G# A# Gm", "Fm7 A#7 Gm7 Cm7", "Cm Cm G# A#"),
        kits=("disco",),
        grooves=(
            {"kick": "X.X.X.X.", "clap": "..X...X.", "open hat": ".X.X.X.X"},
            {"kick": "X.X.X.X.", "snare": "..X...X.", "hat": "xxXxxxXxxxXxxxXx"},
            {"kick": "X.X.X.X.", "snare": "..X...X.", "open hat": ".x.x.x.x", "conga": "..x..x.x..x..xx."},
        ),
        bass=(Part(("electric bass", "synth bass"), ("R8R8R8R8", "R.8.R.8.R.8.5.8.", "R..RR.8.R..R5.8."), 36),),
        chords=(
            Part(("scratch guitar",), ("x.xxx.xxx.xxx.xx", "..X...X...X..xX."), 64),
            Part(("strings", "brass", "electric piano"), ("x-------", "x--x--x-", "...x--x-"), 64),
        ),
        lead=(Part(("strings", "voice", "trumpet"), ("x--x--x-", "x-x-x---", "..xxx---"), 74),),
        mix=Mix(2, 2, -2, -2, 0.8, 40, 10500, 4500, 3, 0.2, 0.25, 0, -52, 0.1),
    ),
    "hiphop": Style(
        kin=("reggae", "disco", "pop"),
        tempo=(76, 102),
        swing=(0.03, 0.12),
        swing_unit=0.5,
        scale=MINOR_PENTATONIC,
        progressions=("Cm Cm Cm Cm", "Cm7 Cm7 G#maj7 Gm7", "Cm Fm Cm G7", "Cm7 Fm7 G#maj7 G7"),
        kits=("electronic",),
        grooves=(
            {"kick": "X......x..X.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X.....x....x..x.", "clap": "........X.......", "hat": "x.x.x.xxx.x.xxxx"},
            {"kick": "X..x......X..x..", "snare": "....X..x.x..X...", "hat": "x.xxx.x.x.xxx.x."},
        ),
        bass=(Part(("sub bass", "synth bass"), ("R------.R-..R-..", "R-----..3---5---", "R---....R-..7-.."), 31),),
        chords=(
            Part(("electric piano", "synth pad"), ("x-------", "x-----x-", "...x--..x--....."), 57),
            Part(("piano", "synth pluck"), ("0..2..1.0..2..1.", "x...............", "0-2-1-2-"), 62),
        ),
        lead=(Part(("bell", "synth lead", "voice"), ("xx.x.xx.x.x.x...", "x..x..x.", "x.xx.x.xx.xx.x.."), 67),),
        mix=Mix(3, 4, -5, -4, -0.8, 30, 10000, 3500, -4, 0.08, 0.15, 0, -38, 6.0),
    ),
    "jazz": Style(
        kin=("blues", "classical"),
        tempo=(104, 196),
        swing=(0.11, 0.17),
        swing_unit=1,
        scale=MAJOR,
        progressions=("Dm7 G7 Cmaj7 Am7", "Cmaj7 A7 Dm7 G7", "Fm7 A#7 Cmaj7 A7 Dm7 G7 Cmaj7 G7", "Am7 D7 Dm7 G7"),
        kits=("jazz",),
        grooves=(
            {"ride": "X.XxX.Xx", "hat": "..X...X.", "kick": "x......."},
            {"ride": "X.XxX.Xx", "brush": "..x...x.", "snare": ".......x"},
            {"brush": "x.Xxx.Xx", "hat": "..x...x."},
        ),
        bass=(Part(("upright bass",), ("R35a", "R53a", "R.5.8.5a", "R3576-5a"), 36),),
        chords=(
            Part(("piano", "clean guitar", "electric piano"), ("x..x-...", ".x-...x-", "x--x....", "x.x.x.x."), 60),
        ),
        lead=(
            Part(("saxophone", "trumpet"), ("xxxxx-..", "x-xxxxxx", ".xxx-xx-", "xx-x--xx"), 69),
            Part(("piano", "clean guitar"), ("xxxxx-..", ".xx.xxx.", "x.xx.xxx"), 69),
        ),
        mix=Mix(-4, 1, -2, 3, -1.2, 55, 7000, 900, 4, 0.35, 0.35, 0, -42, 0.6),
    ),
    "metal": Style(
        kin=("rock",),
        tempo=(118, 184),
        swing=(0, 0),
        swing_unit=1,
        scale=PHRYGIAN,
        progressions=("C5 C5 D#5 C#5", "C5 C#5 C5 F#5", "C5 C5 G#5 A#5", "C5 D#5 F5 C#5"),
        kits=("heavy",),
        grooves=(
            {"kick": "XxXxXxXxXxXxXxXx", "snare": "....X.......X...", "crash": "X.......X......."},
            {"kick": "X.xxX.xxX.xxX.xx", "snare": "....X.......X...", "open hat": "x.x.x.x."},
            {"kick": "X.X.X.X.", "snare": ".X.X.X.X", "ride": "xxxxxxxx"},
        ),
        bass=(Part(("picked bass",), ("RRRRRRRR", "R.RRR.RRR.RRR.RR", "R---R-R-"), 33),),
        chords=(
            Part(("distorted guitar",), ("x---x-x-", "x-------", "x--x--x-x--x--x-"), 46),
            Part(("muted guitar", "distorted guitar"), ("X.xxX.xxX.xxX.xx", "XxxXxxXxXxxXxxXx", "xxxxxxxx"), 45),
        ),
        lead=(Part(("lead guitar", "voice"), ("xxxxxxxxxxxxxxxx", "x---x---", "x-xxx-xxx-xxx-xx"), 71),),
        mix=Mix(0, -3, 5, 0, 1.8, 70, 10000, 600, -7, 0.1, 0.2, 0, -44, 0),
    ),
    "pop": Style(
        kin=("disco", "rock", "hiphop", "country"),
        tempo=(92, 128),
        swing=(0, 0.03),
        swing_unit=0.5,
        scale=MAJOR_PENTATONIC,
        progressions=("C G Am F", "Am F C G", "F G Am C", "C Am F G"),
        kits=("studio", "electronic"),
        grooves=(
            {"kick": "X...X..x", "snare": "..X...X.", "hat": "xxxxxxxx"},
            {"kick": "X.....x.X.......", "clap": "....X.......X...", "shaker": "x.xxx.xxx.xxx.xx"},
            {"kick": "X.X.X.X.", "clap": "..X...X.", "hat": ".x.x.x.x"},
        ),
        bass=(Part(("synth bass", "electric bass"), ("RRRRRRRR", "R--R--R-", "R---R-5-"), 36),),
        chords=(
            Part(("synth pad", "strings"), ("x-------", "x---x---"), 62),
            Part(("piano", "synth pluck", "acoustic guitar"), ("x.x.x.x.", "x..x..x.", "0121012101210121"), 64),
        ),
        lead=(Part(("voice", "synth lead"), ("x-xxx-x-", "xxx---x-", "x-x-xx--"), 70),),
        mix=Mix(1, -1, -2, 3, 1.6, 40, 10800, 1200, -2, 0.25, 0.35, 0, -58, 0),
    ),
    "reggae": Style(
        kin=("hiphop", "pop"),
        tempo=(64, 92),
        swing=(0, 0.10),
        swing_unit=0.5,
        scale=MINOR_PENTATONIC,
        progressions=("Cm A# Cm A#", "Cm Fm Cm Gm", "Cm G# D# A#", "Cm Fm A# Cm"),
        kits=("island",),
        grooves=(
            {"kick": "....X...", "rim": "....X...", "hat": "xxxxxxxx"},
            {"kick": "X.......X.......", "rim": "........X.......", "hat": "x.xxx.xxx.xxx.xx"},
            {"kick": "x.x.X.x.", "snare": "....X...", "open hat": ".x.x.x.x"},
        ),
        bass=(Part(("electric bass", "sub bass"), ("R-.R-.3-5-....5-", "..R-3-5-..R-....", "R--.R-.5-..3-..."), 33),),
        chords=(
            Part(("clean guitar", "piano"), ("..X...X...X...X.", ".X.X.X.X"), 64),
            Part(("organ",), (".x.x.x.x", ".xx..xx..xx..xx."), 58),
        ),
        lead=(Part(("voice", "brass", "harmonica"), ("x-x---x-", "..xxx-x-", "x--x----"), 69),),
        mix=Mix(-1, 5, -1, -3, -2.0, 32, 8000, 350, 3, 0.2, 0.25, 0.45, -44, 0.5),
    ),
    "rock": Style(
        kin=("metal", "blues", "country", "pop"),
        tempo=(100, 150),
        swing=(0, 0.04),
        swing_unit=1,
        scale=MINOR_PENTATONIC,
        progressions=("C A# F C", "C F C G", "Cm A# G# A#", "C D# F C"),
        kits=("acoustic", "heavy"),
        grooves=(
            {"kick": "X...Xx..", "snare": "..X...X.", "hat": "XxXxXxXx"},
            {"kick": "X..xX...", "snare": "..X...X.", "open hat": "x.x.x.x."},
            {"kick": "X...X..x", "snare": "..X...Xx", "ride": "xxxxxxxx"},
        ),
        bass=(Part(("picked bass", "electric bass"), ("RRRRRRRR", "R-RRR-5a", "R--RR---"), 36),),
        chords=(
            Part(("overdriven guitar", "distorted guitar"), ("x--x--x-", "x-xxx-xx", "x---x---"), 52),
            Part(("clean guitar", "organ", "overdriven guitar"), ("xxxxxxxx", "x-------", "01210121"), 58),
        ),
        lead=(Part(("lead guitar", "voice", "blues guitar"), ("x-xxx---", "x-x-xxx-", "xxxx--x-"), 69),),
        mix=Mix(1, -1, 3, 0, 0.2, 60, 8500, 1800, 3, 0.16, 0.25, 0, -40, 0.2),
    ),
}
