"""How a guest is booted, its memory, clock and power (`virDomainDefParseXML`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode
from virtloom.xmldef.domain.attributes.kinds import (
    INT,
    LONG,
    POSITIVE_INT,
    ULONG,
    Rule,
    flags,
    loose,
    must,
    number,
    numbers,
    switches,
    told,
    word,
)
from virtloom.xmldef.domain.tunables.perf import PERF_EVENTS

POOL = numbers("thread_pool_min thread_pool_max", POSITIVE_INT)
TIMERS = "platform pit rtc hpet tsc kvmclock hypervclock armvtimer"


def _backing(name: str, path: str, choice: str) -> tuple[Rule, ...]:
    return loose(told(word(name, choice), f"unknown memoryBacking/{path} '{{}}'"))


def _adjustment() -> Rule:
    by = number("adjustment", LONG)
    return Rule("adjustment", lambda text: text == "reset" or by.fits(text))


TABLE: dict[str, tuple[Rule, ...]] = {
    "": (number("id", POSITIVE_INT),),
    "maxMemory": loose(told(number("slots"), "Failed to parse memory slot count", ErrorCode.XML_ERROR)),
    "memory": switches("dumpCore"),
    "memoryBacking/source": _backing("type", "source/type", "file anonymous memfd"),
    "memoryBacking/access": _backing("mode", "access/mode", "shared private"),
    "memoryBacking/allocation": (
        *_backing("mode", "allocation/mode", "immediate ondemand"),
        *loose(told(number("threads"), "Failed to parse memory allocation threads", ErrorCode.XML_ERROR)),
    ),
    "vcpu": (number("current"), word("placement", "static auto")),
    "vcpus/vcpu": (*must(number("id"), *flags("enabled")), *flags("hotpluggable"), number("order")),
    "iothreadids/iothread": (*must(number("id", zero=False)), *POOL),
    "defaultiothread": POOL,
    "os": loose(told(word("firmware", "bios efi"), "unknown firmware value {}")),
    "os/firmware/feature": must(word("name", "enrolled-keys secure-boot"), *flags("enabled")),
    "os/loader": (*flags("readonly"), word("type", "rom pflash"), *flags("secure stateless")),
    "os/nvram": (word("type", "none file block dir network volume nvme vhostuser"),),
    "os/boot": must(word("dev", "fd cdrom hd network")),
    "os/bootmenu": (*flags("enable"), number("timeout")),
    "os/bios": (*flags("useserial"), number("rebootTimeout", INT)),
    "os/smbios": loose(told(word("mode", "none emulate host sysinfo"), "unknown smbios mode '{}'")),
    "sysinfo": must(word("type", "smbios fwcfg")),
    "clock": (
        *loose(
            told(word("offset", "utc localtime variable timezone absolute"), "unknown clock offset '{}'"),
        ),
    ),
    "clock[offset=|utc|localtime]": loose(
        told(_adjustment(), "unknown clock adjustment '{}'", ErrorCode.XML_ERROR)
    ),
    "clock[offset=variable]": loose(told(word("basis", "utc localtime"), "unknown clock basis '{}'")),
    "clock/timer": (
        *must(word("name", TIMERS)),
        *flags("present"),
        word("tickpolicy", "delay catchup merge discard"),
        word("track", "boot guest wall realtime"),
        number("frequency", ULONG),
        word("mode", "auto native emulate paravirt smpsafe"),
    ),
    "clock/timer/catchup": numbers("threshold slew limit", ULONG),
    "pm/suspend-to-mem": flags("enabled"),
    "pm/suspend-to-disk": flags("enabled"),
    "perf/event": must(word("name", PERF_EVENTS), *flags("enabled")),
    "keywrap/cipher": must(word("name", "aes dea"), *switches("state")),
    "seclabel": (word("type", "none dynamic static"), *flags("relabel")),
    "launchSecurity[type=sev]": flags("kernelHashes"),
}  # fmt: skip
