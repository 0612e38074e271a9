"""One emulator: its version, machines, processors and devices, as it told them itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from virtloom.errors import ErrorCode, VirtError

OWN = ("host-passthrough", "maximum")  # the modes of a processor that has all that the host's has
OLDEST = (6, 2, 0)  # devices as JSON on the command line


@dataclass(frozen=True)
class Machine:
    """A type of machine.

    :ivar name: `pc-i440fx-7.2`; :ivar alias: `pc`, or None.
    :ivar cpus_max: the most processors that it can have.
    :ivar default_cpu: the name of the processor that it has if nobody chooses one.
    :ivar ram_id: what the backend of its memory has to be called, or None.
    """

    name: str
    alias: str | None
    cpus_max: int
    default_cpu: str | None
    ram_id: str | None
    is_default: bool
    hotpluggable_cpus: bool
    numa_mem: bool
    deprecated: bool


@dataclass(frozen=True)
class Emulator:
    """What one binary can do.

    :ivar path: the binary.
    :ivar arch: the architecture that it emulates, as libvirt calls it.
    :ivar version: major, minor, micro; :ivar package: the distribution's own version.
    :ivar kvm: whether the host has KVM; :ivar kvm_fault: what it said when KVM did not give
        a guest the host's own processor, which is what clients choose.
    :ivar machines: by their own names.
    :ivar devices: every type of object that it knows (`qom-list-types`).
    :ivar commands: of its monitor.
    :ivar sev: whether the host's processor can keep a guest's memory from the host.
    :ivar cpu_most: by accelerator, the properties of the most that a guest's processor can be; {} if unknown.
    :ivar cpu_models: by accelerator (`kvm`, `tcg`): a model's name and the features that it lacks here.
    """

    path: str
    arch: str
    version: tuple[int, int, int]
    package: str
    kvm: bool
    machines: Mapping[str, Machine]
    devices: frozenset[str]
    commands: frozenset[str]
    options: Mapping[str, frozenset[str]]
    cpu_models: Mapping[str, Mapping[str, tuple[str, ...]]]
    sev: bool = False
    kvm_fault: str | None = None
    cpu_most: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def from_report(cls, path: str, report: Mapping[str, Any]) -> Emulator:
        """An emulator of what it answered to the probe's questions; see `probe.QUESTIONS`."""
        version = report["query-version"]["qemu"]
        names = {model["typename"]: model["name"] for model in report["query-cpu-definitions"] if "typename" in model}
        machines = (_machine(one, names) for one in report["query-machines"] if one["name"] != "none")
        arch = report["query-target"]["arch"]
        return cls(
            path=path,
            arch={"i386": "i686"}.get(arch, arch),
            version=(version["major"], version["minor"], version["micro"]),
            package=report["query-version"]["package"],
            kvm=bool(report["query-kvm"]["enabled"]),
            machines={machine.name: machine for machine in machines},
            devices=frozenset(one["name"] for one in report["qom-list-types"]),
            commands=frozenset(one["name"] for one in report["query-commands"]),
            options={
                one["option"]: frozenset(parameter["name"] for parameter in one["parameters"])
                for one in report["query-command-line-options"]
            },
            cpu_models={
                accelerator: {model["name"]: tuple(model.get("unavailable-features", ())) for model in models}
                for accelerator, models in report["cpu-models"].items()
            },
            cpu_most=report.get("cpu-most", {}),
            sev="query-sev-capabilities" in report,
            kvm_fault=report.get("kvm-fault"),
        )

    @property
    def arches(self) -> tuple[str, ...]:
        """The architectures of its guests."""
        return ("x86_64", "i686") if self.arch == "x86_64" else (self.arch,)

    @cached_property
    def default_machine(self) -> Machine | None:
        """The machine of a guest that chooses none."""
        return next((machine for machine in self.machines.values() if machine.is_default), None)

    def machine(self, name: str) -> Machine | None:
        """A machine by its name or its alias."""
        found = self.machines.get(name)
        return found or next((machine for machine in self.machines.values() if machine.alias == name), None)

    def has(self, *devices: str) -> bool:
        """Whether it knows all these types of device."""
        return self.devices.issuperset(devices)

    def has_option(self, option: str, parameter: str | None = None) -> bool:
        """Whether it knows an option of its command line, and a parameter of it."""
        known = self.options.get(option)
        return known is not None and (parameter is None or parameter in known)

    def require(self, domain_type: str, mode: str | None) -> None:
        """Refuse to start a guest with the host's own processor where KVM is known not to give it one.

        :param mode: of its processor; None if it names none.
        :raises VirtError: CONFIG_UNSUPPORTED, with what QEMU said.
        """
        if domain_type == "kvm" and mode in OWN and self.kvm_fault is not None:
            detail = f"KVM gives guests no processor like this host's; choose a model, or type 'qemu': {self.kvm_fault}"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)

    def most(self, domain_type: str) -> Mapping[str, Any]:
        """The properties of the most that the processor of a guest of a type can be; {} if unknown."""
        return self.cpu_most.get("kvm" if domain_type == "kvm" else "tcg", {})

    def models(self, domain_type: str) -> Mapping[str, tuple[str, ...]]:
        """The processors for a domain's type, each with the features that it lacks on this host."""
        return self.cpu_models.get("kvm" if domain_type == "kvm" else "tcg", {})


def _machine(one: Mapping[str, Any], cpu_names: Mapping[str, str]) -> Machine:
    return Machine(
        name=one["name"],
        alias=one.get("alias"),
        cpus_max=one["cpu-max"],
        default_cpu=cpu_names.get(one.get("default-cpu-type", "")),
        ram_id=one.get("default-ram-id"),
        is_default=one.get("is-default", False),
        hotpluggable_cpus=one["hotpluggable-cpus"],
        numa_mem=one.get("numa-mem-supported", True),
        deprecated=one.get("deprecated", False),
    )
