"""What is tuned of a guest's threads, memory and caches (`<cputune>`, `<numatune>`)."""

from __future__ import annotations

from virtloom.xmldef.domain.attributes.kinds import INT, Rule, below, must, number, numbers, told, word

NUMA_MODES = "strict preferred interleave restrictive"
MONITOR = {"monitor": must(number("level"))}

TABLE: dict[str, tuple[Rule, ...]] = {
    "cputune/vcpupin": (
        *must(number("vcpu")),
        told(Rule("cpuset", lambda text: True), missing="missing cpuset for vcpupin"),
    ),
    "cputune/iothreadpin": (
        *must(number("iothread", zero=False)),
        told(Rule("cpuset", lambda text: True), missing="missing cpuset for iothreadpin"),
    ),
    "cputune/emulatorpin": (told(Rule("cpuset", lambda text: True), missing="missing cpuset for emulatorpin"),),
    **below(
        ("cputune/vcpusched", "cputune/iothreadsched", "cputune/emulatorsched"),
        {"": must(word("scheduler", "batch idle fifo rr"))},
    ),
    **{
        f"cputune/{tag}[scheduler={policy}]": must(number("priority", INT))
        for tag in ("vcpusched", "iothreadsched", "emulatorsched")
        for policy in ("fifo", "rr")
    },
    "cputune/cachetune/cache": must(*numbers("id level"), word("type", "both code data")),
    "cputune/memorytune/node": must(*numbers("id bandwidth")),
    **below(("cputune/cachetune",), MONITOR),
    "numatune/memory": (
        told(word("mode", NUMA_MODES), "Unsupported NUMA memory tuning mode '{}'"),
        told(word("placement", "default static auto"), "Unsupported NUMA memory placement mode '{}'"),
    ),
    "numatune/memnode": (*must(number("cellid")), word("mode", NUMA_MODES)),
}
