"""The guest's processor, features and tuning."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.refusal import malformed
from virtloom.xmldef.domain.cleaning.containers import capabilities
from virtloom.xmldef.domain.cleaning.sizes import in_units
from virtloom.xmldef.values import Misfit, cpus

# Features that say `state='on'` where nothing was said; the others are there or not (`virDomainFeaturesDefParse`).
SWITCHES = ("vmcoreinfo", "hap", "pmu", "pvspinlock", "vmport", "htm", "nested-hv", "ccf-assist", "smm")
PLAIN = ("acpi", "pae", "viridian", "privnet")
SHARED = ("cachetune", "memorytune")
# Elements of `<os>` that stand for a system of another kind (`virDomainDefParseBootOptions`).
FOREIGN = {"hvm": ("init", "initarg", "initenv", "initdir", "inituser", "initgroup")}


def processor(root: Node) -> None:
    """A model is matched exactly and may be replaced by a lesser one, unless told otherwise (`virCPUDefParseXML`)."""
    cpu = root.find("cpu")
    if cpu is None:
        return
    mode = cpu.get("mode") or "custom"
    model = cpu.find("model")
    named = model is not None and bool(model.text)
    if model is not None:
        _model(cpu, model, mode)
    if mode == "custom" and not named:
        cpu.attrs = {}
    else:
        match: dict[str, str] = {"match": cpu.get("match") or "exact"} if mode == "custom" else {}
        others: dict[str, str] = {name: cpu.attrs[name] for name in ("check", "migratable") if name in cpu.attrs}
        cpu.attrs = {"mode": mode, **match, **others}
    for topology in cpu.all("topology"):
        topology.attrs.setdefault("dies", "1")
    for feature in cpu.all("feature"):
        feature.attrs.setdefault("policy", "require")


def _model(cpu: Node, model: Node, mode: str) -> None:
    if mode in ("custom", "host-model") and model.text:
        model.attrs.setdefault("fallback", "allow")
    elif mode in ("custom", "host-model") and model.get("vendor_id") is not None:
        model.attrs.pop("fallback", None)
    else:
        cpu.children.remove(model)


def features(root: Node) -> None:
    """Features are on where nothing else was said."""
    node = root.find("features")
    if node is None:
        return
    for feature in node.children:
        if feature.tag in SWITCHES:
            feature.attrs.setdefault("state", "on")
        elif feature.tag in PLAIN:
            feature.attrs = {}
        elif feature.tag == "capabilities":
            capabilities(feature)
        elif feature.tag == "hyperv":
            feature.attrs.setdefault("mode", "custom")
    for tseg in (size for smm in node.all("smm") for size in smm.all("tseg")):
        tseg.attrs.setdefault("unit", "MiB")
    for page in (size for hpt in node.all("hpt") for size in hpt.all("maxpagesize")):
        in_units(page, "KiB", 1024)


# The attribute that names the thread which an element is about.
THREADS = {"vcpupin": "vcpu", "iothreadpin": "iothread", "vcpusched": "vcpus", "iothreadsched": "iothreads"}


def thread_tuning(root: Node) -> None:
    """Schedulers are said for one thread each; pins are sorted."""
    tune = root.find("cputune")
    if tune is None:
        return
    made: list[Node] = []
    for child in tune.children:
        key = {"vcpusched": "vcpus", "iothreadsched": "iothreads"}.get(child.tag)
        made += [child] if key is None else _one_for_each(child, key)
    made.sort(key=_thread)
    tune.children = made


def cache_tuning(root: Node) -> None:
    """Caches and memory are shared out among the processors that there are."""
    tune, vcpu = root.find("cputune"), root.find("vcpu")
    text = "1" if vcpu is None else vcpu.text.strip()
    if tune is None or not (text.isascii() and text.isdigit()):
        return
    kept = [child for child in tune.children if child.tag not in SHARED or _has_processors(child, int(text))]
    tune.children = kept


def _has_processors(share: Node, count: int) -> bool:
    try:
        members = frozenset(cpu for cpu in cpus.parse(share.get("vcpus") or "") if cpu < count)
    except Misfit:
        return True
    share.attrs["vcpus"] = cpus.format(members)
    return bool(members)


def _thread(pin: Node) -> int:
    text = pin.get(THREADS.get(pin.tag, "")) or ""
    return int(text) if text.isascii() and text.isdigit() else 0


def _one_for_each(node: Node, key: str) -> list[Node]:
    try:
        members = sorted(cpus.parse(node.get(key) or ""))
    except Misfit:
        return [node]
    return [Node(node.tag, {**node.attrs, key: str(member)}) for member in members]


def boot_parts(root: Node) -> None:
    """What is not for this kind of system is left out; a loader with a path is a ROM, unless told otherwise."""
    os = root.find("os")
    kind = None if os is None else os.find("type")
    if os is None or kind is None:
        return
    foreign = FOREIGN.get(kind.text.strip(), ())
    os.children = [child for child in os.children if child.tag not in foreign]
    for loader in os.all("loader"):
        if loader.text:
            loader.attrs.setdefault("type", "rom")


def init_parts(root: Node) -> None:
    """Arguments and variables of a container's init say something (`virDomainDefParseBootInitOptions`).

    :raises VirtError: XML_ERROR.
    """
    os = root.find("os")
    kind = None if os is None else os.find("type")
    if os is None or kind is None or kind.text.strip() != "exe":
        return
    if any(not argument.text for argument in os.all("initarg")):
        raise malformed("No data supplied for <initarg> element")
    for variable in os.all("initenv"):
        name = variable.get("name")
        if not name:
            raise malformed("No name supplied for <initenv> element")
        if not variable.text:
            raise malformed(f"No value supplied for <initenv name='{name}'> element")


SEV_ORDER = ("cbitpos", "reducedPhysBits", "policy", "dhCert", "session")


def launch_security(root: Node) -> None:
    """What protects the guest's memory from the host, in libvirt's order (`virDomainSecDefFormat`)."""
    node = root.find("launchSecurity")
    if node is not None and node.get("type") == "sev":
        node.children = [child for tag in SEV_ORDER for child in node.all(tag)]


def most_memory(root: Node) -> None:
    """The most memory that may be plugged in is in KiB."""
    if (most := root.find("maxMemory")) is not None:
        in_units(most, "KiB", 1024)


def vcpu_count(root: Node) -> None:
    """The number of processors is one.

    :raises VirtError: XML_ERROR.
    """
    vcpu = root.find("vcpu")
    if vcpu is not None and vcpu.text.strip() and not vcpu.text.strip().isdigit():
        detail = "maximum vcpus count must be an integer"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)


ACTIONS = ("destroy", "restart", "rename-restart", "preserve")
LIFECYCLE = {
    "on_poweroff": ACTIONS,
    "on_reboot": ACTIONS,
    "on_crash": (*ACTIONS, "coredump-destroy", "coredump-restart"),
    "on_lockfailure": ("poweroff", "restart", "pause", "ignore"),
}


def actions(root: Node) -> None:
    """What happens at the guest's end is one of a few words.

    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    for tag, words in LIFECYCLE.items():
        node = root.find(tag)
        if node is not None and node.text and node.text not in words:
            detail = f"unknown {tag} action: {node.text}"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)


# Devices of which there is at most one: what they are called when there are more, and the error's code.
SINGLE = {
    "watchdog": ("watchdog", ErrorCode.INTERNAL_ERROR),
    "memballoon": ("memory balloon", ErrorCode.INTERNAL_ERROR),
    "nvram": ("nvram", ErrorCode.INTERNAL_ERROR),
    "iommu": ("IOMMU", ErrorCode.XML_ERROR),
    "vsock": ("vsock", ErrorCode.XML_ERROR),
}


def single_devices(root: Node) -> None:
    """Some devices are there once at most.

    :raises VirtError: INTERNAL_ERROR or XML_ERROR if there are more.
    """
    devices = root.find("devices")
    if devices is None:
        return
    for tag, (name, code) in SINGLE.items():
        if len(list(devices.all(tag))) > 1:
            raise VirtError(code, f"only a single {name} device is supported", ErrorDomain.DOMAIN)
