"""Backends of sound (`virDomainAudioDefParseXML`)."""

from __future__ import annotations

from virtloom.xmldef.domain.attributes.kinds import INT, below, flags, must, number, numbers, word, words

FORMATS = "u8 s8 u16 s16 u32 s32 f32"
TYPES = "none alsa coreaudio jack oss pulseaudio sdl spice file dbus"

TABLE = {
    "audio": (
        *must(word("type", TYPES), number("id", zero=False)),
        number("timerPeriod", zero=False),
    ),
    "audio[type=oss]": (*flags("tryMMap exclusive"), number("dspPolicy", INT)),
    "audio[type=sdl]": words("driver", "esd alsa arts pulseaudio"),
} | below(
    ("audio/input", "audio/output"),
    {
        "": (*flags("mixingEngine fixedSettings"), *numbers("voices bufferLength", zero=False)),
        "settings": (*numbers("frequency channels", zero=False), word("format", FORMATS)),
    },
)
for _side in ("input", "output"):
    TABLE |= {
        f"audio[type=coreaudio]/{_side}": numbers("bufferCount"),
        f"audio[type=jack]/{_side}": flags("exactName"),
        f"audio[type=oss]/{_side}": (*flags("tryPoll"), number("bufferCount")),
        f"audio[type=pulseaudio]/{_side}": numbers("latency"),
        f"audio[type=sdl]/{_side}": numbers("bufferCount"),
    }
