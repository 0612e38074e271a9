"""Sound cards, and the backends on the host that their sound goes to (`qemuBuildAudioCommandLine`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.common import Props, address
from virtloom_qemu.command.devices.graphics import audio_of
from virtloom_qemu.command.line import CommandLine, given
from virtloom_qemu.command.values import alias, positive, switch
from virtloom_qemu.definition.guest import Guest, number

DRIVERS = {"pulseaudio": "pa", "file": "wav"}
CARDS = {
    "es1370": "ES1370", "ac97": "AC97", "ich6": "intel-hda", "usb": "usb-audio", "ich9": "ich9-intel-hda",
    "sb16": "sb16",
}  # fmt: skip
WITH_CODECS = ("ich6", "ich9")
CODECS = {"duplex": "hda-duplex", "micro": "hda-micro", "output": "hda-output"}
# By backend, what a direction says besides what all say: the property, the attribute, and its kind.
DIRECTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "alsa": (("dev", "dev", "text"),),
    "coreaudio": (("buffer-count", "bufferCount", "number"),),
    "jack": (
        ("server-name", "serverName", "text"),
        ("client-name", "clientName", "text"),
        ("connect-ports", "connectPorts", "text"),
        ("exact-name", "exactName", "switch"),
    ),
    "oss": (("dev", "dev", "text"), ("buffer-count", "bufferCount", "number"), ("try-poll", "tryPoll", "switch")),
    "pulseaudio": (("name", "name", "text"), ("stream-name", "streamName", "text"), ("latency", "latency", "number")),
    "sdl": (("buffer-count", "bufferCount", "number"),),
}
COMMON = (
    ("mixing-engine", "mixingEngine", "switch"),
    ("fixed-settings", "fixedSettings", "switch"),
    ("voices", "voices", "number"),
    ("buffer-length", "bufferLength", "number"),
)


def add_audio(guest: Guest, context: Context, line: CommandLine) -> None:
    """Every backend."""
    for audio in guest.all("audio"):
        kind = audio.get("type") or "none"
        line.json("audiodev", audio_properties(audio, kind))
        if kind == "sdl" and audio.get("driver") is not None:
            line.env["SDL_AUDIODRIVER"] = audio.attrs["driver"]


def audio_properties(audio: Node, kind: str) -> Props:
    """A backend."""
    props: Props = {
        "id": f"audio{audio.get('id')}",
        "driver": DRIVERS.get(kind, kind),
        "timer-period": positive(audio, "timerPeriod"),
    }
    if kind == "oss":
        props |= {"try-mmap": switch(audio.get("tryMMap")), "exclusive": switch(audio.get("exclusive"))}
        policy = audio.get("dspPolicy")
        props["dsp-policy"] = None if policy is None else int(policy)
    elif kind == "pulseaudio":
        props["server"] = audio.get("serverName")
    elif kind == "file":
        props["path"] = audio.get("path")
    for direction, element in (("in", "input"), ("out", "output")):
        props[direction] = _direction(audio.find(element), kind) or None
    return given(props)


def _direction(node: Node | None, kind: str) -> Props:
    if node is None:
        return {}
    props = {name: _value(node, attribute, form) for name, attribute, form in (*COMMON, *DIRECTIONS.get(kind, ()))}
    settings = node.find("settings")
    if node.get("fixedSettings") == "yes" and settings is not None:
        props["frequency"] = positive(settings, "frequency")
        props["channels"] = positive(settings, "channels")
        props["format"] = settings.get("format")
    return given(props)


def _value(node: Node, attribute: str, form: str) -> str | int | bool | None:
    if form == "switch":
        return switch(node.get(attribute))
    return positive(node, attribute) if form == "number" else node.get(attribute)


def add_sounds(guest: Guest, context: Context, line: CommandLine) -> None:
    """Every sound card, with its codecs."""
    for sound in guest.all("sound"):
        model = sound.get("model") or ""
        if model == "pcspk":
            line.option("soundhw", "pcspk")
            continue
        has_codecs = model in WITH_CODECS
        backend = None if has_codecs else audio_of(guest, sound)
        props = {"driver": CARDS.get(model, model), "id": alias(sound), "audiodev": backend}
        line.device({**props, **address(guest, sound)})
        if has_codecs:
            _codecs(guest, sound, line)


def _codecs(guest: Guest, sound: Node, line: CommandLine) -> None:
    codecs = list(sound.all("codec")) or [Node("codec", {"type": "duplex"})]
    for place, codec in enumerate(codecs):
        line.device(
            {
                "driver": CODECS[codec.get("type") or "duplex"],
                "id": f"{alias(sound)}-codec{place}",
                "bus": f"{alias(sound)}.0",
                "cad": number(codec, "cad", place),
                "audiodev": audio_of(guest, sound),
            }
        )
