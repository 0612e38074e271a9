"""What a document cannot leave out, or say twice: each refusal in libvirt's words."""

from __future__ import annotations

import pytest
from guests import guest, lines

from virtloom.errors import ErrorCode, ErrorDomain, VirtError

DISK = "<disk type='file'><source file='/a'/><target dev='vda'/>{}</disk>"
NETWORK = "<disk type='network'><source protocol='nbd' name='x'>{}</source><target dev='vda'/></disk>"
XML, UNSUPPORTED, INTERNAL = ErrorCode.XML_ERROR, ErrorCode.CONFIG_UNSUPPORTED, ErrorCode.INTERNAL_ERROR
DOMAIN, STORAGE, NONE = ErrorDomain.DOMAIN, ErrorDomain.STORAGE, ErrorDomain.NONE

DEVICES: list[tuple[str, ErrorCode, ErrorDomain, str]] = [
    (DISK.format("<backingStore type='file'><source file='/b'/></backingStore>"), XML, DOMAIN,
     "missing disk backing store format"),
    (DISK.format("<backingStore type='file'><format type='raw'/></backingStore>"), XML, DOMAIN,
     "missing disk backing store source"),
    (NETWORK.format("<host port='1'/>"), XML, DOMAIN, "missing name for host"),
    (NETWORK.format("<host name='h' port='x'/>"), ErrorCode.INVALID_ARG, NONE, "failed to parse port number 'x'"),
    (NETWORK.format("<host transport='unix'/>"), XML, DOMAIN, "missing socket for unix transport"),
    (NETWORK.format("<host name='h'/><auth username='u'/>"), XML, STORAGE, "Missing <secret> element in auth"),
    (DISK.format("<encryption format='luks'><secret type='passphrase' uuid='x'/></encryption>"), XML, NONE,
     "invalid secret uuid 'x'"),
    ("<disk type='block' device='lun'><source dev='/d'><reservations managed='no'/></source><target dev='sda'/></disk>",
     XML, STORAGE, "missing connection type for <reservations/>"),
    ("<disk type='vhostuser'><source path='/s'/><target dev='vda'/></disk>", XML, DOMAIN,
     "missing 'type' attribute for vhostuser disk source"),
    ("<serial type='null'><log file='/a'/><log file='/b'/></serial>", XML, DOMAIN,
     "only one log element is allowed for character device"),
    ("<channel type='null'><target type='guestfwd' port='1'/></channel>", XML, DOMAIN,
     "guestfwd channel does not define a target address"),
    ("<smartcard mode='host-certificates'><certificate>a</certificate></smartcard>", XML, DOMAIN,
     "host-certificates mode needs exactly three certificates"),
    ("<rng model='virtio'/>", XML, DOMAIN, "only one RNG backend is supported"),
    ("<input type='evdev'><source/></input>", XML, DOMAIN, "Missing evdev path for input device"),
    ("<input type='tablet' bus='usb'><address type='pci'/></input>", XML, DOMAIN, "Invalid address for a USB device"),
    ("<graphics type='vnc' passwd='x' passwdValidTo='soon'/>", INTERNAL, DOMAIN,
     "cannot parse password validity time 'soon', expect YYYY-MM-DDTHH:MM:SS"),
    ("<graphics type='vnc' listen='1.1.1.1'><listen type='address' address='2.2.2.2'/></graphics>", UNSUPPORTED, DOMAIN,
     "graphics 'listen' attribute '1.1.1.1' must match 'address' attribute of first listen element (found '2.2.2.2')"),
    ("<audio id='1' type='none'><input><settings frequency='1'/></input></audio>", UNSUPPORTED, DOMAIN,
     "audio settings specified without fixed settings flag"),
    ("<tpm/>", XML, DOMAIN, "missing TPM device backend"),
    ("<shmem/>", XML, DOMAIN, "shmem element must contain 'name' attribute"),
    ("<memory model='dimm'/>", XML, DOMAIN, "missing <target> element for <memory> device"),
    ("<controller type='pci'><target/><target/></controller>", XML, DOMAIN,
     "Multiple <target> elements in controller definition not allowed"),
    ("<hostdev type='pci'><source startupPolicy='optional'/></hostdev>", UNSUPPORTED, DOMAIN,
     "Setting startupPolicy is only allowed for USB devices"),
    ("<lease><lockspace>s</lockspace><key>k</key></lease>", XML, DOMAIN, "Missing 'target' element for lease"),
    ("<video><model type='virtio'><acceleration/></model></video>", XML, DOMAIN, "missing values for acceleration"),
]  # fmt: skip

NUMA = "<cpu><numa><cell id='0' cpus='0' memory='1024'>{}</cell></numa></cpu>"
GUESTS: list[tuple[str, ErrorCode, ErrorDomain, str]] = [
    ("<perf><event name='cmt' enabled='yes'/><event name='cmt' enabled='no'/></perf>", XML, DOMAIN,
     "perf event 'cmt' was already specified"),
    ("<vcpu>2</vcpu><cputune><vcpupin vcpu='1' cpuset='0'/><vcpupin vcpu='1' cpuset='1'/></cputune>", INTERNAL, DOMAIN,
     "duplicate vcpupin for vcpu '1'"),
    ("<cpu><model>qemu64</model><feature name='a'/><feature name='a'/></cpu>", XML, ErrorDomain.CPU,
     "CPU feature 'a' specified more than once"),
    ("<cpu mode='yes'/>", UNSUPPORTED, ErrorDomain.CPU, "Invalid mode attribute 'yes'"),
    (NUMA.format("<cache level='0'/>"), XML, DOMAIN, "Invalid 'level' attribute in cache element for NUMA node 0"),
    (NUMA.format("<cache level='1' associativity='some'/>"), XML, DOMAIN, "Invalid cache associativity 'some'"),
]  # fmt: skip


@pytest.mark.parametrize(("device", "code", "domain", "detail"), DEVICES, ids=[row[3] for row in DEVICES])
def test_a_device_is_refused(device: str, code: ErrorCode, domain: ErrorDomain, detail: str) -> None:
    with pytest.raises(VirtError) as refused:
        guest(device)
    assert (refused.value.code, refused.value.domain, refused.value.detail) == (code, domain, detail)


@pytest.mark.parametrize(("more", "code", "domain", "detail"), GUESTS, ids=[row[3] for row in GUESTS])
def test_a_guest_is_refused(more: str, code: ErrorCode, domain: ErrorDomain, detail: str) -> None:
    with pytest.raises(VirtError) as refused:
        guest(more=more)
    assert (refused.value.code, refused.value.domain, refused.value.detail) == (code, domain, detail)


def test_pins_of_processors_that_there_are_not_may_be_there_twice() -> None:
    pin = "<vcpupin vcpu='7' cpuset='0'/>"
    assert guest(more=f"<vcpu>1</vcpu><cputune>{pin * 2}</cputune>")


@pytest.mark.parametrize(
    ("device", "tag", "unread"),
    [
        ("<rng model='virtio'><backend model='random'/><address type='virtio-mmio' bus='1'/></rng>", "rng", "bus="),
        ("<rng model='virtio'><rate period='9'/><backend model='random'/></rng>", "rng", "rate"),
        ("<interface type='user'><mac address='52:54:00:00:00:01'/><acpi/><rom/></interface>", "interface", "<rom"),
        (DISK.format("<iotune><total_bytes_sec>0</total_bytes_sec><read_iops_sec>5</read_iops_sec></iotune>"), "disk",
         "total_bytes_sec"),
        (DISK.format("<backingStore><source file='/b'/></backingStore>"), "disk", "/b"),
        ("<disk type='file' device='cdrom'><source file=''/><target dev='hdc'/></disk>", "disk", "source"),
    ],
)  # fmt: skip
def test_what_says_nothing_is_not_written(device: str, tag: str, unread: str) -> None:
    assert unread not in "\n".join(lines(guest(device), tag))


def test_servers_of_images_say_their_ports() -> None:
    written = lines(guest(NETWORK.format("<host name='h' transport='tcp'/>")), "disk")
    assert "<host name='h' port='10809'/>" in written
