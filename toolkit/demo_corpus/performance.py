"""Playing a plan: patterns become strokes and notes in time, one array a layer."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from .plan import Chord, Plan, Voice, choose, shuffled
from .synthesis import SAMPLE_RATE, Timbre, render_chord, render_drum

BEATS = 4  # in a bar
SECTION_BARS = 4
PRESENCE = {"drums": 0.97, "bass": 0.97, "chords": 0.97, "lead": 0.65}  # how often a layer plays in a section
TIMING_S = 0.005
LENGTH_GRID = 512  # note lengths are rounded to this many samples, so that a rendered note serves again
POWER_CHORD_DRIVE = 2.0  # above it, thirds turn to mud: play root, fifth and octave
FILLS = (
    {"snare": "........x.xxX.XX"},
    {"tom": "........XxxXxxXx"},
    {"snare": "....x.x.....XxXx", "tom": "........XxXx...."},
    {"crash": "............X..."},
)
LEAD_RANGE = 10  # scale steps


class Performance:
    """The layers of one track while they are being played."""

    def __init__(self, plan: Plan, samples: int, rng: np.random.Generator) -> None:
        self.plan = plan
        self.rng = rng
        self.layers = {name: np.zeros(samples, np.float32) for name in PRESENCE}
        self._strokes = {name: render_drum(drum, rng) for name, drum in plan.kit.items()}
        self._rendered: dict[tuple[Timbre, tuple[float, ...], int], np.ndarray] = {}
        self._motifs = [self._new_motif() for _ in range(3)]
        self.start_s = rng.uniform(0, BEATS * SECTION_BARS) * plan.beat_s  # an excerpt starts anywhere

    def play(self) -> dict[str, np.ndarray]:
        """Play to the end; float32 [samples] for each of drums, bass, chords and lead."""
        bar_s = BEATS * self.plan.beat_s
        end_s = self.start_s + len(self.layers["drums"]) / SAMPLE_RATE
        bars = range(int(self.start_s / bar_s), int(end_s / bar_s) + 1)
        for section in range(bars[-1] // SECTION_BARS + 1):
            playing = {name for name, fraction in PRESENCE.items() if self.rng.random() < fraction}
            voices = [self._for_section(voice) for voice in self.plan.harmony]
            for bar in range(section * SECTION_BARS, (section + 1) * SECTION_BARS):
                if bar in bars:
                    self._play_bar(bar, playing, voices)
        return self.layers

    def _for_section(self, voice: Voice) -> Voice:
        """Mostly with its first pattern."""
        kept = self.rng.random() < 0.7
        return voice if kept else dataclasses.replace(voice, patterns=shuffled(voice.patterns, self.rng))

    def _play_bar(self, bar: int, playing: set[str], voices: list[Voice]) -> None:
        chord, following = (self.plan.chords[(bar + ahead) % len(self.plan.chords)] for ahead in (0, 1))
        if "drums" in playing:
            self._play_drums(bar)
        if "bass" in playing:
            self._play_bass(bar, chord, following)
        if "chords" in playing or playing <= {"drums", "lead"}:
            for voice in voices:
                self._play_chords(bar, chord, voice)
        if "lead" in playing:
            self._play_lead(bar, chord)

    def _play_drums(self, bar: int) -> None:
        groove = self.plan.groove
        if groove and bar % SECTION_BARS == SECTION_BARS - 1 and self.rng.random() < 0.5:
            groove = {**groove, **choose(FILLS, self.rng)}
        for stroke, pattern in groove.items():
            for start, _, symbol in parse_pattern(pattern):
                self._add("drums", bar, start, self._strokes[stroke], 1.0 if symbol == "X" else 0.6)

    def _play_bass(self, bar: int, chord: Chord, following: Chord) -> None:
        voice = self.plan.bass
        root = lowest_at(chord.root, voice.register - 8)
        for start, length, symbol in parse_pattern(voice.patterns[0]):
            if symbol == "a":
                pitch = lowest_at(following.root, voice.register - 8) - 1
            else:
                pitch = root + bass_interval(symbol, chord)
            self._add("bass", bar, start, self._sound(voice.timbre, (pitch,), length))

    def _play_chords(self, bar: int, chord: Chord, voice: Voice) -> None:
        pitches = voicing(chord, voice)
        for start, length, symbol in parse_pattern(voice.patterns[0]):
            if symbol.isdigit():
                octave, position = divmod(int(symbol), len(pitches))
                notes: tuple[int, ...] = (pitches[position] + 12 * octave,)
            else:
                notes = pitches
            self._add("chords", bar, start, self._sound(voice.timbre, notes, length), 1.0 if symbol == "X" else 0.75)

    def _play_lead(self, bar: int, chord: Chord) -> None:
        """A, A, B, A over every four bars; on the beat the melody finds the nearest note of the chord."""
        pattern, steps = self._motifs[(0, 0, 1, 2)[bar % 4]]
        for (start, length, _), step in zip(parse_pattern(pattern), steps, strict=True):
            octave, degree = divmod(int(step), len(self.plan.scale))
            pitch = self.plan.lead.register - 9 + 12 * octave + self.plan.scale[degree]
            if (start * BEATS).is_integer():
                pitch = nearest_tone(pitch, chord)
            self._add("lead", bar, start, self._sound(self.plan.lead.timbre, (pitch,), length))

    def _new_motif(self) -> tuple[str, np.ndarray]:
        """A rhythm and the walk of its notes through the scale, folded back at the ends of the range."""
        pattern = choose(self.plan.lead.patterns, self.rng)
        moves = self.rng.choice([-2, -1, -1, 0, 1, 1, 2, 3], len(parse_pattern(pattern)))
        walk = np.cumsum(moves) + self.rng.integers(LEAD_RANGE)
        return pattern, LEAD_RANGE - np.abs(walk % (2 * LEAD_RANGE) - LEAD_RANGE)

    def _sound(self, timbre: Timbre, pitches: tuple[int, ...], bars: float) -> np.ndarray:
        """The notes `pitches` for about so many bars; the same ones are rendered once."""
        samples = max(1, round(bars * BEATS * self.plan.beat_s * SAMPLE_RATE / LENGTH_GRID)) * LENGTH_GRID
        key = timbre, tuple(pitch + self.plan.transposition for pitch in pitches), samples
        if key not in self._rendered:
            self._rendered[key] = render_chord(*key, self.rng)
        return self._rendered[key]

    def _add(self, layer: str, bar: int, start: float, sound: np.ndarray, gain: float = 0.8) -> None:
        """Add `sound` at `start` (fraction of the bar), with a player's small errors of time and loudness."""
        slip, touch = self.rng.standard_normal(2)
        beat = bar * BEATS + swung(start * BEATS, self.plan.swing, self.plan.swing_unit)
        position = int((beat * self.plan.beat_s - self.start_s + TIMING_S * slip) * SAMPLE_RATE)
        target = self.layers[layer][max(0, position) : max(0, position + len(sound))]
        skipped = max(0, -position)
        target += np.float32(gain * np.exp(0.12 * touch)) * sound[skipped : skipped + len(target)]


@functools.cache
def parse_pattern(pattern: str) -> tuple[tuple[float, float, str], ...]:
    """(start, length, symbol) of each stroke; start and length as fractions of a bar."""
    strokes = [(step, symbol) for step, symbol in enumerate(pattern) if symbol not in "-."]
    lengths = [len(pattern[step + 1 :]) - len(pattern[step + 1 :].lstrip("-")) + 1 for step, _ in strokes]
    return tuple(
        (step / len(pattern), length / len(pattern), symbol)
        for (step, symbol), length in zip(strokes, lengths, strict=True)
    )


def swung(beat: float, swing: float, unit: float) -> float:
    """Where `beat` falls when the middle of each `unit` beats is late by `swing` of it."""
    whole, part = divmod(beat / unit, 1)
    late = part * (1 + 2 * swing) if part < 0.5 else 0.5 + swing + (part - 0.5) * (1 - 2 * swing)
    return unit * (whole + late)


def lowest_at(pitch_class: int, floor: int) -> int:
    """The lowest MIDI number of a pitch class that is not below `floor`."""
    return floor + (pitch_class - floor) % 12


def bass_interval(symbol: str, chord: Chord) -> int:
    """Semitones above the root of a symbol in a bass pattern."""
    third = chord.intervals[1] if chord.intervals[1] < 5 else 12
    seventh = chord.intervals[3] if len(chord.intervals) > 3 else 10
    return {"R": 0, "3": third, "5": 7, "6": 9, "7": seventh, "8": 12}[symbol]


def voicing(chord: Chord, voice: Voice) -> tuple[int, ...]:
    """The chord's MIDI numbers close around the voice's register."""
    floor = voice.register - 6
    if voice.timbre.drive > POWER_CHORD_DRIVE:
        root = lowest_at(chord.root, floor)
        return root, root + 7, root + 12
    return tuple(sorted({lowest_at((chord.root + interval) % 12, floor) for interval in chord.intervals}))


def nearest_tone(pitch: int, chord: Chord) -> int:
    """The MIDI number nearest to `pitch` that belongs to the chord."""
    tones = [lowest_at((chord.root + interval) % 12, pitch - 5) for interval in chord.intervals]
    return min(tones, key=lambda tone: abs(tone - pitch))
