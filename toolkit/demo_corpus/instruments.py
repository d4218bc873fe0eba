"""The instruments by name: pitched ones as timbres, drum kits as strokes."""

from __future__ import annotations

from .synthesis import Drum, Timbre

TIMBRES: dict[str, Timbre] = {
    "piano": Timbre(1.5, damping=1.2, decay_s=0.7, detune=3),
    "electric piano": Timbre(2.3, damping=1.5, even=0.4, decay_s=0.8, detune=4),
    "organ": Timbre(1.4, damping=0, even=1.3, attack_s=0.01, sustain=0.9, detune=6),
    "acoustic guitar": Timbre(1.1, damping=1.3, decay_s=0.4, formant_hz=1500, strum_s=0.012, detune=3),
    "clean guitar": Timbre(1.4, damping=1.0, decay_s=0.4, formant_hz=1100, strum_s=0.008),
    "scratch guitar": Timbre(0.8, damping=0.6, decay_s=0.08, formant_hz=2200, strum_s=0.004),
    "overdriven guitar": Timbre(1.1, damping=0.5, decay_s=1.0, sustain=0.4, drive=3, strum_s=0.006, detune=4),
    "distorted guitar": Timbre(0.8, damping=0.3, decay_s=1.5, sustain=0.6, drive=9, detune=8),
    "muted guitar": Timbre(1.0, damping=1.0, decay_s=0.07, drive=6, detune=6),
    "blues guitar": Timbre(1.1, damping=0.6, decay_s=0.6, sustain=0.3, drive=2, vibrato=18, formant_hz=1300),
    "lead guitar": Timbre(0.9, damping=0.3, decay_s=1.2, sustain=0.6, drive=5, vibrato=14, formant_hz=1500),
    "banjo": Timbre(0.7, damping=1.0, decay_s=0.14, formant_hz=2000),
    "steel guitar": Timbre(1.4, damping=0.5, decay_s=1.2, sustain=0.3, vibrato=22, formant_hz=1400),
    "harp": Timbre(1.6, damping=1.2, decay_s=0.5, strum_s=0.03),
    "strings": Timbre(1.1, damping=0.2, attack_s=0.12, decay_s=2, sustain=0.8, detune=14, vibrato=6),
    "violin": Timbre(1.0, damping=0.2, attack_s=0.06, decay_s=2, sustain=0.8, vibrato=16, formant_hz=1900),
    "fiddle": Timbre(0.8, damping=0.2, attack_s=0.03, decay_s=1, sustain=0.6, vibrato=8, formant_hz=2400),
    "cello": Timbre(1.3, damping=0.3, attack_s=0.08, decay_s=2, sustain=0.8, vibrato=10, formant_hz=600),
    "flute": Timbre(2.6, damping=0.2, attack_s=0.06, decay_s=2, sustain=0.8, vibrato=12, breath=0.05),
    "oboe": Timbre(1.0, damping=0.1, attack_s=0.04, decay_s=2, sustain=0.8, vibrato=9, formant_hz=1200),
    "saxophone": Timbre(1.1, 0.3, attack_s=0.03, decay_s=1, sustain=0.7, vibrato=12, formant_hz=800, breath=0.04),
    "trumpet": Timbre(0.9, damping=0.6, attack_s=0.03, decay_s=0.8, sustain=0.6, vibrato=6, formant_hz=1500),
    "brass": Timbre(0.8, damping=0.8, attack_s=0.02, decay_s=0.5, sustain=0.4, detune=10, formant_hz=1300),
    "harmonica": Timbre(0.9, damping=0.2, attack_s=0.03, decay_s=1, sustain=0.7, vibrato=14, detune=7, breath=0.03),
    "voice": Timbre(1.2, damping=0.2, attack_s=0.04, decay_s=1, sustain=0.8, vibrato=20, formant_hz=900, breath=0.03),
    "synth pad": Timbre(1.3, damping=0.3, attack_s=0.1, decay_s=2, sustain=0.8, detune=18),
    "synth pluck": Timbre(1.0, damping=1.4, decay_s=0.2, detune=10),
    "synth lead": Timbre(1.0, damping=0.2, decay_s=0.6, sustain=0.6, detune=12, even=0.5),
    "bell": Timbre(2.0, damping=0.5, even=0.1, decay_s=0.6),
    "upright bass": Timbre(1.8, damping=1.2, decay_s=0.3, formant_hz=250),
    "electric bass": Timbre(1.5, damping=1.0, decay_s=0.5, sustain=0.2),
    "picked bass": Timbre(1.0, damping=0.8, decay_s=0.5, sustain=0.2, drive=2),
    "synth bass": Timbre(1.0, damping=1.2, decay_s=0.25, detune=6, sustain=0.2),
    "sub bass": Timbre(3.0, damping=0.5, attack_s=0.01, decay_s=0.9, sustain=0.5),
}

_ACOUSTIC: dict[str, Drum] = {
    "kick": Drum(58, 120, 0.10, 900, 4000, 0.010, 0.5),
    "snare": Drum(185, 90, 0.06, 900, 7000, 0.09, 2.2, 0.8),
    "rim": Drum(1650, 300, 0.012, 1500, 6000, 0.010, 1.0, 0.6),
    "clap": Drum(0, 0, 0, 900, 4500, 0.07, 2.6, 0.7),
    "hat": Drum(0, 0, 0, 6500, 10500, 0.025, 1.4, 0.5),
    "open hat": Drum(0, 0, 0, 5500, 10500, 0.16, 1.4, 0.4),
    "ride": Drum(3400, 0, 0.10, 4500, 9500, 0.22, 1.5, 0.3),
    "crash": Drum(0, 0, 0, 2500, 10000, 0.50, 1.6, 0.6),
    "tom": Drum(105, 70, 0.14, 300, 2500, 0.03, 0.5, 0.8),
    "shaker": Drum(0, 0, 0, 4500, 9000, 0.04, 1.2, 0.35),
    "brush": Drum(200, 40, 0.03, 1200, 6500, 0.12, 1.6, 0.4),
    "conga": Drum(230, 60, 0.09, 500, 2500, 0.01, 0.5, 0.5),
}

KITS: dict[str, dict[str, Drum]] = {
    "acoustic": _ACOUSTIC,
    "jazz": {
        **_ACOUSTIC,
        "kick": Drum(72, 60, 0.08, 500, 2500, 0.010, 0.3, 0.6),
        "snare": Drum(220, 60, 0.05, 1300, 8000, 0.07, 1.8, 0.45),
    },
    "dry": {
        **_ACOUSTIC,
        "kick": Drum(62, 140, 0.07, 1200, 4500, 0.012, 0.9),
        "snare": Drum(200, 80, 0.04, 900, 6000, 0.06, 2.0, 0.8),
    },
    "electronic": {
        **_ACOUSTIC,
        "kick": Drum(46, 180, 0.22, 1500, 6000, 0.006, 0.5, 1.1),
        "snare": Drum(170, 60, 0.05, 1500, 8500, 0.11, 2.2, 0.8),
        "hat": Drum(0, 0, 0, 7500, 10800, 0.015, 1.5, 0.5),
    },
    "disco": {
        **_ACOUSTIC,
        "kick": Drum(64, 160, 0.07, 1500, 5000, 0.012, 1.0),
        "snare": Drum(210, 80, 0.04, 1200, 6500, 0.07, 2.4, 0.8),
        "open hat": Drum(0, 0, 0, 5000, 10500, 0.20, 1.6, 0.6),
    },
    "studio": {
        **_ACOUSTIC,
        "kick": Drum(52, 160, 0.13, 2000, 6000, 0.008, 0.8),
        "snare": Drum(195, 100, 0.08, 1500, 9000, 0.16, 2.8, 0.9),
        "clap": Drum(0, 0, 0, 1100, 6000, 0.12, 3.0, 0.8),
        "hat": Drum(0, 0, 0, 7000, 10800, 0.035, 1.4, 0.5),
    },
    "island": {
        **_ACOUSTIC,
        "kick": Drum(55, 60, 0.12, 600, 2000, 0.010, 0.4),
        "rim": Drum(1150, 200, 0.02, 1200, 5000, 0.012, 0.8, 0.9),
        "snare": Drum(290, 120, 0.05, 1200, 6000, 0.05, 1.6, 0.8),
        "hat": Drum(0, 0, 0, 5000, 9000, 0.015, 1.2, 0.45),
    },
    "heavy": {
        **_ACOUSTIC,
        "kick": Drum(60, 200, 0.08, 2500, 7500, 0.012, 1.6),
        "snare": Drum(190, 120, 0.07, 1200, 8000, 0.13, 3.0, 1.0),
    },
}
